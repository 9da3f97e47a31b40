/** What the whole of it comes to, in one word: the same five states that the tray icon has. Pure. */
import type { Group, Member, ModelRest, Provider, Status } from '../api/types';

export type State = 'ok' | 'degraded' | 'suspended' | 'down' | 'paused';

export interface Summary {
  state: State;
  /** The provider that a request would go to now. */
  serving: string | null;
  /** The first choice of the active group, when another serves in its place. */
  preferred: Member | null;
  /** A member of the active group that is not well, to name one; the one that rests longest first. */
  troubled: Member | null;
  /** How many members of the active group cannot serve at the moment. */
  resting: number;
  /** Models that no provider within reach takes now, the first back first. Others are served. */
  stuck: ModelRest[];
  /** The group that serves, when it is not the active one. */
  elsewhere: string | null;
  /** Why the active group can serve nothing, and not for a while only: no member, no key, or all switched off. */
  barred: 'members' | 'key' | 'off' | null;
}

const NONE: ReadonlySet<string> = new Set();
const RESTING = new Set(['open', 'cooling']);
/** What speaks for a provider, or at least not against it. Switched off by hand is as it should be. */
const FINE = new Set(['healthy', 'unknown', 'disabled']);

export function summarise(status: Status, groups: readonly Group[], unkeyed: ReadonlySet<string> = NONE, providers: readonly Provider[] = []): Summary {
  const active = groups.find((group) => group.name === status.active_group) ?? groups.find((group) => group.active);
  const usable = active?.members.filter((member) => member.health !== 'disabled') ?? [];
  const resting = usable.filter((member) => RESTING.has(member.health));
  const troubled = resting[0] ?? usable.find((member) => !FINE.has(member.health)) ?? null;
  const serving = status.active_provider ?? null;
  const first = active ? firstChoice(active, usable) : null;
  const preferred = first && serving && first.provider !== serving ? first : null;
  const barred = active ? barrier(active.members, unkeyed) : null;
  const facts = { serving, preferred, troubled, resting: resting.length, elsewhere: left(status, active), barred, stuck: stuck(status, groups, active, providers) };
  if (status.suspended > 0) return { ...facts, state: 'suspended' };
  if (active?.paused) return { ...facts, state: 'paused' };
  if (!serving || (barred && !facts.elsewhere)) return { ...facts, state: 'down' };
  return { ...facts, state: facts.elsewhere || troubled ? 'degraded' : 'ok' };
}

/** What no provider takes that a request could go to now: each rests for it, or as a whole. */
function stuck(status: Status, groups: readonly Group[], active: Group | undefined, providers: readonly Provider[]): ModelRest[] {
  // A group of nothing but practice serves only where it is chosen.
  const reached = status.mode === 'manual' ? [active] : groups.filter((group) => group === active || !isPracticeOnly([group], providers));
  const names = new Set(reached.flatMap((group) => (group && !group.paused ? group.members.map((member) => member.provider) : [])));
  const partly = providers.filter(
    ({ name, health, resting }) => names.has(name) && health !== 'disabled' && (!RESTING.has(health) || resting?.length),
  );
  const [first, ...others] = partly.map(({ resting }) => resting ?? []);
  const common = (first ?? []).flatMap(({ model, until }): ModelRest[] => {
    const untils = others.map((rests) => rests.find((rest) => rest.model === model)?.until);
    if (untils.includes(undefined)) return [];
    return [{ model, until: [until, ...(untils as string[])].sort((a, b) => Date.parse(a) - Date.parse(b))[0] ?? until }];
  });
  return common.sort((a, b) => Date.parse(a.until) - Date.parse(b.until));
}

/** What keeps all of these members from serving until a person does something about it. */
export function barrier(members: readonly Member[], unkeyed: ReadonlySet<string>): Summary['barred'] {
  if (members.length === 0) return 'members';
  if (members.some((member) => member.health !== 'disabled')) return null;
  return members.some((member) => unkeyed.has(member.provider)) ? 'key' : 'off';
}

function left(status: Status, active: Group | undefined): string | null {
  if (!status.active_provider || !status.serving_group) return null;
  return status.serving_group === (active?.name ?? status.active_group) ? null : status.serving_group;
}

/** Providers that are out for want of a key. The daemon calls those `disabled`, like what was switched off by hand. */
export function withoutKey(providers: readonly Provider[]): Set<string> {
  return new Set(providers.filter(({ lacks }) => lacks).map(({ name }) => name));
}

/** Only the priority policy has a first choice; under the others any member may come first. */
function firstChoice(group: Group, usable: readonly Member[]): Member | null {
  return group.policy === 'priority' ? (inOrder(usable)[0] ?? null) : null;
}

/** Members as the priority policy goes through them. */
export function inOrder(members: readonly Member[]): Member[] {
  return [...members].sort((a, b) => a.priority - b.priority);
}

/** Nothing but practice providers: the person has not set up a real one yet. */
export function isPracticeOnly(groups: readonly Group[], providers: readonly Provider[]): boolean {
  const dialects = new Map(providers.map((provider) => [provider.name, provider.dialect]));
  const members = groups.flatMap((group) => group.members);
  return members.length > 0 && members.every((member) => dialects.get(member.provider) === 'practice');
}

/** A dialect whose providers need no key. */
export function isKeyless(dialect: string | undefined): boolean {
  return dialect === 'practice';
}

/** The active group, then the others as the config has them. */
export function activeFirst(groups: readonly Group[]): Group[] {
  return [...groups].sort((a, b) => Number(b.active) - Number(a.active));
}
