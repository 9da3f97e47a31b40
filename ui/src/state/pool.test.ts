import { describe, expect, it, vi } from 'vitest';
import type { Key } from '../api/types';
import { Changed } from './as-seen';
import { mark, onKey } from './pool';

const key = (place: number, end: string): Key => ({ id: `relay/${place}`, provider: 'relay', masked: `…${end}`, source: 'keychain:relay', state: 'ready', uses: 0 });

describe('a key', () => {
  it('is_acted_on_while_it_is_in_its_place', async () => {
    const act = vi.fn(async () => 'done');
    expect(await onKey(key(1, 'bbbb'), act, async () => [key(0, 'aaaa'), { ...key(1, 'bbbb'), uses: 7 }])).toBe('done');
    expect(act).toHaveBeenCalledOnce();
  });

  it.each([
    ['another came into its place', [key(0, 'bbbb'), key(1, 'cccc')]],
    ['its place is gone', [key(0, 'bbbb')]],
    ['its place is that of another source', [key(0, 'aaaa'), { ...key(1, 'bbbb'), source: 'env:RELAY' }]],
  ])('is_left_alone_when_%s', async (_, there) => {
    const act = vi.fn(async () => {});
    await expect(onKey(key(1, 'bbbb'), act, async () => there)).rejects.toThrow(Changed);
    expect(act).not.toHaveBeenCalled();
  });

  it('has_a_row_of_its_own_wherever_it_stands', () => {
    expect(mark(key(1, 'bbbb'))).not.toBe(mark(key(1, 'cccc')));
  });
});
