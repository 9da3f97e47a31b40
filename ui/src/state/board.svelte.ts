/** Groups side by side: moves of providers in and between them, shown at once and put right by what the daemon says. */
import { providersApi } from '../api/providers';
import type { Api } from '../api/client';
import type { Group, Member } from '../api/types';
import { t } from '../i18n/index.svelte';
import { asSeen, Turns } from './as-seen';
import { live, type Live } from './live.svelte';
import { joined, moved, placed, places } from './members';
import { rehearse, tables } from './written';

/** The list of those that are in no group; no group can have this name. */
export const STRAYS = '/';

export class Board {
  /** Members as they will be once the daemon has them so, by group. */
  #pending = $state.raw<ReadonlyMap<string, readonly Member[]>>(new Map());
  /** What happened last, for who cannot see it. */
  said = $state('');
  /** A move that would leave a group with nobody: asked about before it is done. */
  emptied = $state.raw<{ provider: string; group: string; to: string } | null>(null);

  #turns = new Turns();

  constructor(private readonly line: Pick<Live, 'act' | 'groups'> = live) {}

  members(group: Group): readonly Member[] {
    return this.#pending.get(group.name) ?? placed(group.members);
  }

  /** Moves a provider within its group. */
  async reorder(group: Group, from: number, before: number): Promise<void> {
    const order = moved(this.members(group), from, before);
    const provider = this.members(group)[from]?.provider ?? '';
    const done = await this.#with(new Map([[group.name, order]]), async () => {
      await providersApi.changeGroup(group.name, { members: places(order) });
    });
    if (done) this.said = t.providersMoved(provider, order.findIndex((one) => one.provider === provider) + 1, group.name);
  }

  /** Takes a provider from one group (or from none) into another (or into none). */
  async carry(provider: string, from: Group | null, to: Group | null, before?: number): Promise<void> {
    if (from && from.members.length === 1) {
      this.emptied = { provider, group: from.name, to: to?.name ?? '' };
      return;
    }
    await this.#carry(provider, from, to, before);
  }

  /** The same where the group that is left goes with it. */
  async carryAll(): Promise<boolean> {
    const plan = this.emptied;
    if (!plan) return false;
    const to = this.#group(plan.to);
    return this.#act([plan.group, plan.to], plan.provider, async () => {
      await rehearse((root) => ({ ...root, groups: tables(root['groups']).filter((group) => group['name'] !== plan.group) }));
      if (to) await providersApi.changeGroup(to.name, { members: joined(this.members(to), plan.provider) });
      await providersApi.removeGroup(plan.group);
    });
  }

  /** Moves a group by one place among the groups, as they are once the moves before it are done. */
  orderGroups(name: string, by: -1 | 1): Promise<boolean> {
    return this.#turns.take(() => {
      const names = (this.line.groups ?? []).map((group) => group.name);
      const at = names.indexOf(name);
      const order = moved(names, at, by < 0 ? at - 1 : at + 2);
      const look = (api: Api) => async () => (await api.groups()).map((group) => group.name);
      return this.line.act((api) => asSeen(names, look(api), () => providersApi.orderGroups(order)), t.providersMoveFailed(name));
    });
  }

  async weigh(group: Group, provider: string, weight: number): Promise<void> {
    const members = this.members(group).map((one) => (one.provider === provider ? { ...one, weight } : one));
    await this.#with(new Map([[group.name, members]]), async () => {
      await providersApi.changeGroup(group.name, { members: places(members) });
    });
  }

  async #carry(provider: string, from: Group | null, to: Group | null, before?: number): Promise<void> {
    const stays = from ? this.members(from).filter((one) => one.provider !== provider) : [];
    const coming = to ? joined(this.members(to), provider, before, from ? this.#weight(from, provider) : 1) : [];
    const next = new Map<string, readonly Member[]>();
    const left = places(stays);
    if (from) next.set(from.name, stays);
    if (to) next.set(to.name, this.#known(coming, [...(from ? this.members(from) : []), ...this.members(to)]));
    const done = await this.#with(next, async () => {
      // First in, then out: whatever happens between, it is not lost.
      if (to) await providersApi.changeGroup(to.name, { members: coming });
      if (from) await providersApi.changeGroup(from.name, { members: left });
    });
    if (done) this.said = to ? t.providersMoved(provider, coming.findIndex((one) => one.provider === provider) + 1, to.name) : t.providersTakenOut(provider);
  }

  #weight(group: Group, provider: string): number {
    return group.members.find((one) => one.provider === provider)?.weight ?? 1;
  }

  #group(name: string): Group | undefined {
    return this.line.groups?.find((group) => group.name === name);
  }

  /** Members with the health that is known of them. */
  #known(list: readonly { provider: string; priority: number; weight: number }[], known: readonly Member[]): Member[] {
    return list.map((place) => ({
      ...(known.find((one) => one.provider === place.provider) ?? { health: 'unknown' as const }),
      ...place,
    }));
  }

  async #with(next: ReadonlyMap<string, readonly Member[]>, act: () => Promise<unknown>): Promise<boolean> {
    const names = [...next.keys()];
    const acting = this.#act(names, names[0] ?? '', act);
    this.#pending = new Map([...this.#pending, ...next]);
    const done = await acting;
    const rest = new Map(this.#pending);
    for (const [group, members] of next) if (rest.get(group) === members) rest.delete(group);
    this.#pending = rest;
    return done;
  }

  /** Acts on groups once what was asked for before is done, if their members are then what is shown now. */
  #act(names: readonly string[], what: string, act: () => Promise<unknown>): Promise<boolean> {
    const shape = (groups: readonly Group[], members: (group: Group) => readonly Member[]) =>
      groups.filter((group) => names.includes(group.name)).map((group) => [group.name, places(members(group))]);
    const seen = shape(this.line.groups ?? [], (group) => this.members(group));
    const look = (api: Api) => async () => shape(await api.groups(), (group) => placed(group.members));
    return this.line.act((api) => this.#turns.take(() => asSeen(seen, look(api), act)), t.providersMoveFailed(what));
  }
}
