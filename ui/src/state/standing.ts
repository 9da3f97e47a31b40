/** How a provider stands, in one sentence for all who say it: its health, and where only some models rest, which. */
import type { Health, ModelRest } from '../api/types';
import { t } from '../i18n/index.svelte';
import { clock, remaining } from './format';
import { HEALTH_WORDS } from './words';

export interface Stands {
  health: Health;
  cooling_until?: string | null | undefined;
  resting?: readonly ModelRest[] | null | undefined;
}

/** Models that still rest at this moment, the first back first. */
export function rests(resting: readonly ModelRest[] | null | undefined, now: number): { model: string; left: number }[] {
  const left = (resting ?? []).map(({ model, until }) => ({ model, left: remaining(until, now) }));
  return left.filter((one): one is { model: string; left: number } => one.left !== null).sort((a, b) => a.left - b.left);
}

/** `Rests for claude-opus-4 · 41 s`, or `Resting, back in 41 s` where all of it rests. */
export function standing({ health, cooling_until, resting }: Stands, now: number, unkeyed = false): string {
  if (unkeyed) return t.healthNoKey;
  const [first, ...others] = health === 'disabled' ? [] : rests(resting, now);
  if (first) return t.healthRestsFor(some(first.model, others.length), clock(first.left).replaceAll(' ', '\u00a0'));
  const left = remaining(cooling_until, now);
  const word = t[HEALTH_WORDS[health]] ?? health;
  return left === null ? word : `${word}, ${t.backIn(clock(left))}`;
}

/** `claude-opus-4`, or `claude-opus-4 and 2 more`. */
export function some(first: string, more: number): string {
  return more > 0 ? t.andMore(first, more) : first;
}
