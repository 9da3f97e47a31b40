/**
 * What is about to be sent, and to whom. Whom and how is kept in the browser between visits; the words only until the
 * tab is closed, and those of a captured request not at all: it has an end of its own.
 */
import type { Ask, Turn } from '../../api/playground';

/** Where an answer is asked for. */
export interface Target {
  id: number;
  /** `provider:NAME`, `group:NAME`, or nothing: where such a request goes by itself. */
  to: string;
  model: string;
  /** The model was not chosen by the person: it follows whoever would answer. */
  given?: boolean;
}

export interface Draft {
  system: string;
  turns: Turn[];
  maxTokens: number;
  /** As typed; empty for the model's own. */
  temperature: string;
  targets: Target[];
  /** The words were taken from a captured request. */
  captured?: boolean;
}

export const MOST_TARGETS = 8;
export const MOST_TOKENS = 128_000;
const STORE = 'turnout.playground';

export const FRESH: Draft = {
  system: '',
  turns: [{ role: 'user', content: '' }],
  maxTokens: 1024,
  temperature: '',
  targets: [{ id: 1, to: '', model: '' }],
};

/** The request for one target. */
export function ask(draft: Draft, target: Target): Ask {
  const [kind, name] = split(target.to);
  const temperature = Number(draft.temperature.replace(',', '.'));
  return {
    ...(kind && { [kind]: name }),
    model: target.model.trim(),
    max_tokens: draft.maxTokens,
    ...(draft.temperature.trim() && Number.isFinite(temperature) && { temperature }),
    ...(draft.system.trim() && { system: draft.system }),
    messages: draft.turns.filter((turn) => turn.content.trim() !== ''),
  };
}

/** `provider:a` as its parts; neither for a request that goes by itself. */
export function split(to: string): ['provider' | 'group', string] | [null, ''] {
  const at = to.indexOf(':');
  const kind = to.slice(0, Math.max(at, 0));
  return kind === 'provider' || kind === 'group' ? [kind, to.slice(at + 1)] : [null, ''];
}

/** The model that a target begins with: one of those who would answer, else what is offered first. */
export function suggested(offered: readonly string[], owners: Readonly<Record<string, string>>, answering: readonly string[]): string | undefined {
  return offered.find((name) => answering.includes(owners[name] ?? '')) ?? offered[0];
}

/** Something to say, and somebody named to say it to. */
export function ready(draft: Draft): boolean {
  return (draft.turns.at(-1)?.content.trim() ?? '') !== '' && draft.targets.some((target) => target.model.trim() !== '');
}

/** What was kept, of which any part may be missing or not what it should be. */
export function restore(...texts: (string | null)[]): Draft {
  const kept = Object.assign({}, ...texts.map(parsed)) as Partial<Draft>;
  const turns = list(kept.turns)
    .filter((turn) => typeof turn?.content === 'string')
    .map(({ role, content }) => ({ role, content }));
  const targets = list(kept.targets)
    .slice(0, MOST_TARGETS)
    .map((target, index) => ({ id: index + 1, to: String(target.to), model: String(target.model), ...(target.given === true && { given: true }) }));
  return {
    ...structuredClone(FRESH),
    system: String(kept.system ?? ''),
    temperature: String(kept.temperature ?? ''),
    maxTokens: Number(kept.maxTokens) > 0 ? Number(kept.maxTokens) : FRESH.maxTokens,
    ...(turns.length > 0 && { turns }),
    ...(targets.length > 0 && { targets }),
  };
}

function parsed(text: string | null): object {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return value && typeof value === 'object' ? value : {};
  } catch {
    return {};
  }
}

function list<T>(value: readonly T[] | undefined): readonly T[] {
  return Array.isArray(value) ? value : [];
}

export function load(): Draft {
  try {
    // Words were once kept here without an end.
    const { targets, maxTokens, temperature } = restore(localStorage.getItem(STORE));
    const draft = restore(JSON.stringify({ targets, maxTokens, temperature }), sessionStorage.getItem(STORE));
    keep(draft);
    return draft;
  } catch {
    return structuredClone(FRESH);
  }
}

export function keep({ targets, maxTokens, temperature, system, turns, captured }: Draft): void {
  try {
    localStorage.setItem(STORE, JSON.stringify({ targets, maxTokens, temperature }));
    if (captured) sessionStorage.removeItem(STORE);
    else sessionStorage.setItem(STORE, JSON.stringify({ system, turns }));
  } catch {
    // a browser that keeps nothing still sends
  }
}
