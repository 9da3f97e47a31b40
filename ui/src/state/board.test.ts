import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Api } from '../api/client';
import { providersApi, type Place } from '../api/providers';
import type { Group } from '../api/types';
import { fakeApi } from '../testing/api';
import { group, member } from '../testing/fixtures';
import { Board } from './board.svelte';

describe('the board', () => {
  /** What the daemon has. */
  let there: Group[];
  /** What the page was told last. */
  let line: { groups: Group[]; act: (what: (api: Api) => Promise<unknown>, failed: string) => Promise<boolean> };
  let refused: string[];
  let board: Board;
  const order = (name: string) => there.find((one) => one.name === name)?.members.map((one) => one.provider).join('');
  const members = (...names: string[]) => names.map((name, index) => member(name, { priority: index + 1 }));
  const shown = (name: string) => line.groups.find((one) => one.name === name)!;

  beforeEach(() => {
    there = [group('main', { members: members('a', 'b', 'c') }), group('spare', { members: members('d', 'e') }), group('last', { members: members('f') })];
    refused = [];
    const api = fakeApi({ groups: async () => there });
    line = {
      groups: there,
      act: async (what) => {
        const done = await what(api).then(() => true, (cause: Error) => (refused.push(cause.name), false));
        line.groups = there;
        return done;
      },
    };
    vi.spyOn(providersApi, 'changeGroup').mockImplementation(async (name, fields) => {
      there = there.map((one) => (one.name === name ? { ...one, members: (fields['members'] as Place[]).map((place) => member(place.provider, place)) } : one));
      return group(name);
    });
    vi.spyOn(providersApi, 'orderGroups').mockImplementation(async (names) => (there = names.map((name) => there.find((one) => one.name === name)!)));
    board = new Board(line);
  });

  it('moves_twice_in_a_row', async () => {
    await Promise.all([board.reorder(shown('main'), 2, 0), board.reorder(shown('main'), 2, 0)]);
    expect([order('main'), refused]).toEqual(['bca', []]);
    await board.carry('b', shown('main'), shown('spare'), 0);
    expect([order('main'), order('spare'), board.said]).toEqual(['ca', 'bde', expect.stringContaining('spare')]);
  });

  it.each([
    ['a provider came in', () => members('z', 'a', 'b', 'c')],
    ['another went', () => members('a', 'b')],
    ['the order is another', () => members('b', 'a', 'c')],
    ['a weight is another', () => [member('a', { weight: 5 }), ...members('b', 'c')]],
  ])('writes_nothing_over_a_group_in_which_%s', async (_, now) => {
    const old = shown('main');
    there = there.with(0, group('main', { members: now() }));
    const before = there;
    await board.reorder(old, 2, 0);
    expect([there, refused, board.said]).toEqual([before, ['Changed'], '']);
    expect(board.members(shown('main')).map((one) => one.provider)).toEqual(board.members(there[0]!).map((one) => one.provider));
  });

  it('moves_a_group_place_by_place_however_quickly', async () => {
    await Promise.all([board.orderGroups('last', -1), board.orderGroups('last', -1)]);
    expect(there.map((one) => one.name)).toEqual(['last', 'main', 'spare']);
  });

  it('leaves_an_order_of_groups_that_was_changed_elsewhere', async () => {
    there = there.toReversed();
    expect(await board.orderGroups('last', -1)).toBe(false);
    expect([there.map((one) => one.name), refused]).toEqual([['last', 'spare', 'main'], ['Changed']]);
  });
});
