/** Members of groups in another order or place. Pure: what is sent is what these give. */
import type { Place } from '../api/providers';
import type { Member } from '../api/types';
import { inOrder } from './summary';

/** As a group goes through them, whatever its policy: equals under one stand in the order of priority. */
export function placed(members: readonly Member[]): Member[] {
  return inOrder(members);
}

/** A list with one of its things moved so that it stands before what is now at `before`. */
export function moved<T>(list: readonly T[], from: number, before: number): T[] {
  const item = list[from];
  if (item === undefined) return [...list];
  const rest = list.toSpliced(from, 1);
  rest.splice(before > from ? before - 1 : before, 0, item);
  return rest;
}

/** Their places as the config has them: the order is the priority, counted from one. */
export function places(members: readonly Pick<Member, 'provider' | 'weight'>[]): Place[] {
  return members.map(({ provider, weight }, index) => ({ provider, priority: index + 1, weight }));
}

/** With another provider before what is at `before`; without a change when it is there already. */
export function joined(members: readonly Member[], provider: string, before = members.length, weight = 1): Place[] {
  const list: Pick<Member, 'provider' | 'weight'>[] = [...members];
  if (!members.some((member) => member.provider === provider)) list.splice(before, 0, { provider, weight });
  return places(list);
}

export function without(members: readonly Member[], provider: string): Place[] {
  return places(members.filter((member) => member.provider !== provider));
}

/** A name that nobody has: `relay`, `relay-2`, `relay-3`… */
export function freeName(wanted: string, taken: Iterable<string>): string {
  const names = new Set(taken);
  if (!names.has(wanted)) return wanted;
  let number = 2;
  while (names.has(`${wanted}-${number}`)) number += 1;
  return `${wanted}-${number}`;
}
