/** The keys of a provider. The daemon tells them by their place alone, so a key is what stands there and looks the same. */
import { api } from '../api/client';
import type { Key } from '../api/types';
import { asSeen } from './as-seen';

/** What tells a key from another that has come into its place. */
export function mark(key: Pick<Key, 'id' | 'masked' | 'source'>): string {
  return `${key.id} ${key.masked} ${key.source ?? ''}`;
}

/** Acts on a key if it is still in its place; throws `Changed` if another is, or none. */
export function onKey<R>(key: Key, act: (key: Key) => Promise<R>, keys: () => Promise<Key[]> = api.keys): Promise<R> {
  const look = async () => (await keys()).filter((other) => other.id === key.id).map(mark);
  return asSeen([mark(key)], look, () => act(key));
}
