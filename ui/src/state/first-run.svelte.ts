/** Whether the first steps are shown: from the first start until they are put away, which this browser remembers. */
import type { Group, Provider, RequestRow, Status } from '../api/types';
import { isKeyless, isPracticeOnly } from './summary';

const STORE = 'turnout.start';
const SKIPPED = 'turnout.start.skipped';

class FirstRun {
  #word = $state<string | null>(read(STORE));
  #skipped = $state.raw<ReadonlySet<string>>(new Set(read(SKIPPED)?.split(',').filter(Boolean)));

  /** Shown where nothing but practice is set up, and once begun until it is put away. */
  visible(groups: readonly Group[], providers: readonly Provider[]): boolean {
    return this.#word === 'open' || (this.#word === null && isPracticeOnly(groups, providers));
  }

  /** From now on it stays although real providers come. */
  begin(): void {
    if (this.#word === null) this.#keep('open');
  }

  /** Asked for again. */
  show(): void {
    this.#skipped = new Set();
    write(SKIPPED, '');
    this.#keep('open');
  }

  /** For ever. */
  putAway(): void {
    this.#keep('dismissed');
  }

  skipped(step: string): boolean {
    return this.#skipped.has(step);
  }

  skip(step: string): void {
    this.#skipped = new Set(this.#skipped).add(step);
    write(SKIPPED, [...this.#skipped].join(','));
  }

  #keep(word: string): void {
    this.#word = word;
    write(STORE, word);
  }
}

/** The last answered request of a program, not of this window's own tries; null when none has called yet. */
export function firstAnswer(recent: readonly RequestRow[]): RequestRow | null {
  return recent.find((row) => row.status === 'completed' && row.client !== 'playground') ?? null;
}

/** How far it is with a provider that is no practice: one serves or has answered, one is there but serves nothing yet, or there is none. */
export function realProvider(
  status: Pick<Status, 'active_provider'> | null,
  groups: readonly Group[],
  providers: readonly Provider[],
  recent: readonly RequestRow[],
): { served: boolean; idle: { provider: string; group: string } | null } {
  const real = new Set(providers.filter((provider) => !isKeyless(provider.dialect)).map((provider) => provider.name));
  const serves = real.has(status?.active_provider ?? '');
  if (serves || recent.some((row) => row.status === 'completed' && real.has(row.provider ?? ''))) return { served: true, idle: null };
  const waiting = groups.flatMap((group) => group.members.map((member) => ({ provider: member.provider, group: group.name, active: group.active })));
  const found = waiting.find((one) => real.has(one.provider));
  return { served: false, idle: found ? { provider: found.provider, group: found.active ? '' : found.group } : null };
}

function read(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // a browser that keeps nothing still remembers until it is closed
  }
}

export const firstRun = new FirstRun();
