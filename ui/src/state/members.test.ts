import { describe, expect, it } from 'vitest';
import { member } from '../testing/fixtures';
import { freeName, joined, moved, places, without } from './members';

const three = [member('a', { weight: 5 }), member('b', { priority: 2 }), member('c', { priority: 3 })];
const names = (list: readonly { provider: string }[]) => list.map((one) => one.provider).join('');

describe('moved', () => {
  it.each([
    [0, 3, 'bca'],
    [0, 2, 'bac'],
    [2, 0, 'cab'],
    [1, 1, 'abc'],
    [1, 2, 'abc'],
    [9, 0, 'abc'],
  ])('%i before %i → %s', (from, before, wanted) => {
    expect(names(moved(three, from, before))).toBe(wanted);
  });
});

describe('places', () => {
  it('count_from_one_and_keep_weights', () => {
    expect(places(moved(three, 2, 0))).toEqual([
      { provider: 'c', priority: 1, weight: 1 },
      { provider: 'a', priority: 2, weight: 5 },
      { provider: 'b', priority: 3, weight: 1 },
    ]);
  });

  it('let_a_provider_join_once', () => {
    expect(names(joined(three, 'd', 1))).toBe('adbc');
    expect(names(joined(three, 'b', 0))).toBe('abc');
    expect(names(without(three, 'b'))).toBe('ac');
  });
});

describe('freeName', () => {
  it.each([
    ['relay', [], 'relay'],
    ['relay', ['relay'], 'relay-2'],
    ['relay', ['relay', 'relay-2', 'relay-4'], 'relay-3'],
  ])('%s beside %j → %s', (wanted, taken, free) => {
    expect(freeName(wanted, taken)).toBe(free);
  });
});
