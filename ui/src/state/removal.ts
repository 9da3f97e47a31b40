/** Taking a provider out together with its places in groups, of which a group goes too where it was alone. */
import { api } from '../api/client';
import { providersApi } from '../api/providers';
import type { Group } from '../api/types';
import { asSeen } from './as-seen';
import { placed, places, without } from './members';
import { rehearse, tables, type Table } from './written';

export function groupsOf(groups: readonly Group[], provider: string): Group[] {
  return groups.filter((group) => group.members.some((member) => member.provider === provider));
}

/** Does all of it or, where the daemon would not let the provider go or its groups are no longer the ones seen, nothing. */
export function removeProvider(name: string, seen: readonly Group[]): Promise<void> {
  const shape = (groups: readonly Group[]) => groups.map((group) => [group.name, places(placed(group.members))]);
  return asSeen(
    shape(seen),
    async () => shape(groupsOf(await api.groups(), name)),
    async () => {
      await rehearse((root) => withoutProvider(root, name));
      for (const group of seen) {
        if (group.members.length === 1) await providersApi.removeGroup(group.name);
        else await providersApi.changeGroup(group.name, { members: without(placed(group.members), name) });
      }
      await providersApi.remove(name);
    },
  );
}

/** The config without a provider, its places in groups and the groups that nobody is in then. */
export function withoutProvider(root: Table, name: string): Table {
  const providers = tables(root['providers']).filter((provider) => provider['name'] !== name);
  const groups = tables(root['groups']).flatMap((group) => {
    const before = tables(group['members']);
    const members = before.filter((member) => member['provider'] !== name);
    return members.length === 0 && before.length > 0 ? [] : [{ ...group, members }];
  });
  return { ...root, providers, groups };
}
