import { describe, expect, it, vi } from 'vitest';
import { api } from '../api/client';
import { providersApi } from '../api/providers';
import { settingsApi } from '../api/settings';
import { group, member } from '../testing/fixtures';
import { Changed } from './as-seen';
import { groupsOf, removeProvider } from './removal';

const TOML = `
[[providers]]
name = "a"
[[providers]]
name = "b"
[[groups]]
name = "main"
members = [{ provider = "b", priority = 2 }, { provider = "a", priority = 1 }]
[[groups]]
name = "spare"
members = [{ provider = "a" }]
`;

describe('a provider that is taken out', () => {
  const GROUPS = [
    group('main', { members: [member('c', { priority: 3 }), member('b', { priority: 2 }), member('a')] }),
    group('spare', { members: [member('a')] }),
    group('other', { members: [member('b')] }),
  ];

  function daemon(wrong: (toml: string) => string[] = () => []) {
    const calls: unknown[] = [];
    vi.spyOn(api, 'groups').mockResolvedValue(GROUPS);
    vi.spyOn(providersApi, 'config').mockResolvedValue({ toml: TOML });
    vi.spyOn(settingsApi, 'check').mockImplementation(async (toml) => {
      const errors = wrong(toml).map((message) => ({ line: 1, column: 1, message }));
      return { valid: errors.length === 0, errors };
    });
    vi.spyOn(providersApi, 'removeGroup').mockImplementation(async (name) => void calls.push(['remove group', name]));
    vi.spyOn(providersApi, 'changeGroup').mockImplementation(async (name, fields) => (calls.push([name, fields]), group(name)));
    vi.spyOn(providersApi, 'remove').mockImplementation(async (name) => void calls.push(['remove', name]));
    return calls;
  }

  it('leaves_its_groups_in_their_order_and_takes_along_the_one_it_was_alone_in', async () => {
    const calls = daemon();
    await removeProvider('a', groupsOf(GROUPS, 'a'));
    const members = [{ provider: 'b', priority: 1, weight: 1 }, { provider: 'c', priority: 2, weight: 1 }];
    expect(calls).toEqual([['main', { members }], ['remove group', 'spare'], ['remove', 'a']]);
  });

  it('stays_with_all_its_groups_when_the_daemon_would_not_let_it_go', async () => {
    const calls = daemon((toml) => (toml.includes('"a"') ? ['old trouble'] : ['old trouble', 'a rule uses a']));
    await expect(removeProvider('a', groupsOf(GROUPS, 'a'))).rejects.toThrow('a rule uses a');
    expect(calls).toEqual([]);
  });

  it('goes_although_something_else_is_wrong_already', async () => {
    const calls = daemon(() => ['old trouble']);
    await removeProvider('a', groupsOf(GROUPS, 'a'));
    expect(calls).toHaveLength(3);
  });

  it('stays_when_its_groups_are_no_longer_those_that_were_asked_about', async () => {
    const calls = daemon();
    await expect(removeProvider('a', groupsOf(GROUPS, 'a').slice(1))).rejects.toThrow(Changed);
    expect(calls).toEqual([]);
  });
});
