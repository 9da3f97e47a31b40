/** A provider as a form has it, and as the config does. Pure: texts and lists in, fields for the daemon out. */
import type { Auth, Fields, Models, Preset } from '../api/providers';
import { differing } from './differing';
import { isAddress, isName, withScheme } from './names';
import type { Table } from './written';

export const DIALECTS = ['anthropic', 'openai-chat', 'openai-responses', 'gemini', 'ollama'] as const;
export const AUTHS = ['x-api-key', 'bearer', 'header', 'query', 'client', 'none'] as const;
export const KEY_POLICIES = ['round-robin', 'fill-first', 'least-used'] as const;
export const PHASES = ['connect', 'first_event', 'idle', 'total'] as const;
export const TIERS = ['big', 'middle', 'small'] as const;
export const LIMITS = ['rpm', 'tpm', 'concurrency'] as const;
/** What stands in a shown config for what is not shown. */
export const HIDDEN = '…';

/** Every field as a text, a list or a pair of texts; empty is "as the default has it". */
export interface Draft {
  name: string;
  dialect: string;
  base_url: string;
  /** One of `AUTHS`, or empty. */
  auth: string;
  /** The header or query parameter, where `auth` is one of those. */
  auth_name: string;
  models: Record<(typeof TIERS)[number], string[]>;
  model_map: [from: string, to: string][];
  headers: [name: string, value: string][];
  key_policy: string;
  timeouts: Record<(typeof PHASES)[number], string>;
  attempts: string;
  proxy: string;
  /** `true`, `false` or empty. */
  count_tokens: string;
  lossy: string;
  multiplier: string;
  limits: Record<(typeof LIMITS)[number], string>;
}

export function blank(): Draft {
  return {
    name: '',
    dialect: 'anthropic',
    base_url: '',
    auth: '',
    auth_name: '',
    models: { big: [], middle: [], small: [] },
    model_map: [],
    headers: [],
    key_policy: '',
    timeouts: { connect: '', first_event: '', idle: '', total: '' },
    attempts: '',
    proxy: '',
    count_tokens: '',
    lossy: '',
    multiplier: '',
    limits: { rpm: '', tpm: '', concurrency: '' },
  };
}

export function fromPreset(preset: Preset): Draft {
  const { name, dialect, base_url, auth, models } = preset;
  return { ...blank(), name, dialect, base_url, ...presented(auth), models: byTier(models ?? undefined) };
}

/** A `[[providers]]` table as a form has it. */
export function fromTable(table: Table): Draft {
  const timeouts = sub(table, 'timeouts');
  const limits = sub(table, 'limits');
  return {
    name: text(table['name']),
    dialect: text(table['dialect']),
    base_url: text(table['base_url']),
    ...presented(table['auth'] as Auth | undefined),
    models: byTier(table['models'] as Partial<Models> | undefined),
    model_map: pairs(sub(table, 'model_map')),
    headers: pairs(sub(table, 'headers')),
    key_policy: text(table['key_policy']),
    timeouts: {
      connect: text(timeouts['connect']),
      first_event: text(timeouts['first_event']),
      idle: text(timeouts['idle']),
      total: text(timeouts['total']),
    },
    attempts: text(sub(table, 'retry')['attempts']),
    proxy: text(table['proxy']),
    count_tokens: text(table['count_tokens']),
    lossy: text(table['lossy']),
    multiplier: text(sub(table, 'price')['multiplier']),
    limits: { rpm: text(limits['rpm']), tpm: text(limits['tpm']), concurrency: text(limits['concurrency']) },
  };
}

/** What a new provider is made of; what is empty is left out. */
export function newFields(draft: Draft): Fields {
  return Object.fromEntries(Object.entries(fields(draft, {})).filter(([, value]) => value !== null));
}

/** What differs from what is written: only that is sent, so that all else stays as it is. `null` takes a field away. */
export function changes(before: Table, after: Draft): Fields {
  return differing(fields(fromTable(before), before), fields(after, before));
}

/** Each field as the config has it. What of a table the form does not show (such as prices of models) stays in it. */
function fields(draft: Draft, before: Table): Record<string, unknown> {
  const { name, dialect, base_url } = draft;
  return {
    name: name.trim(),
    dialect,
    base_url: dialect === 'practice' ? null : withScheme(base_url),
    auth: auth(draft),
    models: filled(Object.fromEntries(TIERS.map((tier) => [tier, draft.models[tier].length ? draft.models[tier] : null]))),
    model_map: filled(Object.fromEntries(draft.model_map.map(([from, to]) => [from.trim(), to.trim()]))),
    headers: filled(Object.fromEntries(draft.headers.map(([key, value]) => [key.trim(), value]))),
    key_policy: draft.key_policy || null,
    timeouts: filled({ ...sub(before, 'timeouts'), ...nulled(draft.timeouts) }),
    retry: filled({ ...sub(before, 'retry'), attempts: number(draft.attempts) }),
    proxy: draft.proxy.trim() || null,
    count_tokens: draft.count_tokens ? draft.count_tokens === 'true' : null,
    lossy: draft.lossy || null,
    price: filled({ ...sub(before, 'price'), multiplier: number(draft.multiplier) }),
    limits: filled(Object.fromEntries(LIMITS.map((limit) => [limit, number(draft.limits[limit])]))),
  };
}

function auth({ auth, auth_name }: Draft): Auth | null {
  if (auth === 'header') return { header: auth_name.trim() };
  return auth === 'query' ? { query: auth_name.trim() } : auth || null;
}

function presented(auth: Auth | undefined): Pick<Draft, 'auth' | 'auth_name'> {
  if (auth === undefined || typeof auth === 'string') return { auth: auth ?? '', auth_name: '' };
  return 'header' in auth ? { auth: 'header', auth_name: auth.header } : { auth: 'query', auth_name: auth.query };
}

/** A tier may be written as one name or as a list of them. */
function byTier(models: Partial<Record<keyof Models, string | string[]>> | undefined): Draft['models'] {
  const list = (value: string | string[] | undefined) => (typeof value === 'string' ? [value] : [...(value ?? [])]);
  return { big: list(models?.big), middle: list(models?.middle), small: list(models?.small) };
}

/** The table without what is null or empty; null when nothing is left. */
function filled(table: Record<string, unknown>): Record<string, unknown> | null {
  const rest = Object.entries(table).filter(([name, value]) => name !== '' && value !== null && value !== '');
  return rest.length ? Object.fromEntries(rest) : null;
}

function nulled(texts: Record<string, string>): Record<string, string | null> {
  return Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, value.trim() || null]));
}

/** A number; what is none is sent as it is, for the daemon to say what is wrong with it. */
function number(value: string): number | string | null {
  const bare = value.trim();
  if (bare === '') return null;
  return Number.isFinite(Number(bare)) ? Number(bare) : bare;
}

function text(value: unknown): string {
  return value === undefined || value === null ? '' : String(value);
}

function sub(table: Table, name: string): Table {
  const value = table[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : {};
}

function pairs(table: Table): [string, string][] {
  return Object.entries(table).map(([name, value]) => [name, text(value)]);
}

/** How a key reaches the config: itself, for the keychain, or where its value is. */
export type KeyWay = 'paste' | 'env' | 'file';

/** A key as `POST /providers` takes it; null when none is given. */
export function keyEntry(way: KeyWay, value: string): string | null {
  const bare = value.trim();
  if (bare === '') return null;
  return way === 'paste' ? bare : `${way}:${bare.replace(new RegExp(`^${way}:`), '')}`;
}

/** The words of a preset's address that a person still has to replace. */
export function unfilled(draft: Pick<Draft, 'base_url'>, placeholders: readonly string[]): string[] {
  return placeholders.filter((word) => draft.base_url.includes(word));
}

/** What keeps a name from being one; null where nothing does. */
export function nameFault(name: string, taken: readonly string[]): 'taken' | 'letters' | null {
  const bare = name.trim();
  if (taken.includes(bare)) return 'taken';
  return isName(bare) ? null : 'letters';
}

/** Whether what is typed as its address cannot be one. The one that is written is the daemon's to judge. */
export function addressFault({ dialect, base_url }: Pick<Draft, 'dialect' | 'base_url'>, written = ''): boolean {
  return dialect !== 'practice' && withScheme(base_url) !== withScheme(written) && base_url.trim() !== '' && !isAddress(base_url);
}

/** Whether such a provider wants a key of its own. */
export function wantsKey(draft: Pick<Draft, 'dialect' | 'auth'>): boolean {
  return draft.dialect !== 'practice' && draft.auth !== 'none' && draft.auth !== 'client';
}
