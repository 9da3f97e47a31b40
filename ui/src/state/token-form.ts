/** A client token as a form's fields, and back. Pure. */
import type { ClientToken, TokenChange } from '../api/access';
import { differing } from './differing';

export interface TokenForm {
  name: string;
  scopes: string[];
  groups: string[];
  /** Names with commas between. */
  models: string;
  rpm: string;
  tpm: string;
  concurrency: string;
  usd: string;
  per: string;
  /** The last day on which it is good, as `2027-01-31`; empty for ever. */
  expires: string;
}

export function asForm(token: ClientToken | null): TokenForm {
  const { rpm = null, tpm = null, concurrency = null, usd = null, per = null } = token?.limits ?? {};
  return {
    name: token?.name ?? '',
    scopes: token?.scopes ?? ['inference'],
    groups: token?.groups ?? [],
    models: token?.models.join(', ') ?? '',
    rpm: text(rpm),
    tpm: text(tpm),
    concurrency: text(concurrency),
    usd: text(usd),
    per: per ?? 'day',
    expires: token?.expires_at ? lastDay(token.expires_at) : '',
  };
}

/** What the daemon takes for a name. */
const NAME = /^[\p{L}\p{N}._@+-]{1,64}$/u;
const COUNT_MAX = 2 ** 32 - 1;

/** What cannot be right, by field: the key of the text that says so. Of a token that was as `before`, what was not touched is right. */
export function mistakes(form: TokenForm, before: ClientToken | null, now: number) {
  const was = asForm(before);
  const wrong: Partial<Record<keyof TokenForm, 'settingsTokenWrongName' | 'settingsTokenWrongScopes' | 'settingsTokenWrongCount' | 'settingsTokenWrongUsd' | 'settingsTokenWrongDay'>> = {};
  const name = form.name.trim();
  if (name && name !== was.name && !NAME.test(name)) wrong.name = 'settingsTokenWrongName';
  if (form.scopes.length === 0) wrong.scopes = 'settingsTokenWrongScopes';
  for (const field of ['rpm', 'tpm', 'concurrency'] as const) {
    if (count(form[field]) === undefined) wrong[field] = 'settingsTokenWrongCount';
  }
  if (dollars(form.usd) === undefined) wrong.usd = 'settingsTokenWrongUsd';
  if (form.expires && form.expires !== was.expires && !(Date.parse(endOf(form.expires)) > now)) wrong.expires = 'settingsTokenWrongDay';
  return wrong;
}

/** What is sent of a token that was as `before`: what was changed here. Null while something in the form cannot be right. */
export function changeOf(before: ClientToken, form: TokenForm): TokenChange | null {
  const change = asChange(form);
  return change && differing(asChange(asForm(before)), change);
}

/** All that the form says; null while something in it cannot be right. */
export function asChange(form: TokenForm): TokenChange | null {
  const whole = [form.rpm, form.tpm, form.concurrency].map(count);
  const usd = dollars(form.usd);
  if (!form.name.trim() || form.scopes.length === 0 || [...whole, usd].includes(undefined)) return null;
  const [rpm, tpm, concurrency] = whole;
  const limits = { rpm, tpm, concurrency, usd, per: usd == null ? null : form.per };
  const given = Object.fromEntries(Object.entries(limits).filter(([, value]) => value != null));
  const models = form.models.split(',').map((name) => name.trim()).filter(Boolean);
  return {
    name: form.name.trim(),
    scopes: form.scopes,
    groups: form.groups.length ? form.groups : null,
    models: models.length ? models : null,
    limits: Object.keys(given).length ? given : null,
    expires_at: form.expires ? endOf(form.expires) : null,
  };
}

function text(value: number | null): string {
  return value === null ? '' : String(value);
}

/** null when empty, undefined when it is no number of pieces above zero. */
function count(field: string): number | null | undefined {
  const trimmed = field.trim();
  if (!trimmed) return null;
  return /^[1-9]\d*$/.test(trimmed) && Number(trimmed) <= COUNT_MAX ? Number(trimmed) : undefined;
}

/** null when empty, undefined when it is no amount above zero. */
function dollars(field: string): number | null | undefined {
  const trimmed = field.trim();
  if (!trimmed) return null;
  return /^\d+(\.\d+)?$/.test(trimmed) && Number(trimmed) > 0 ? Number(trimmed) : undefined;
}

/** The midnight at which a day ends, by the local clock. */
function endOf(day: string): string {
  const date = new Date(`${day}T00:00:00`);
  date.setDate(date.getDate() + 1);
  return date.toISOString().replace('.000', '');
}

function lastDay(until: string): string {
  const date = new Date(Date.parse(until) - 1);
  const two = (part: number) => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** What is sent to take a token's limit of spending off; its other limits stay. */
export function withoutSpending({ limits }: ClientToken): TokenChange {
  const kept = Object.entries(limits).filter(([name, value]) => value !== null && name !== 'usd' && name !== 'per');
  return { limits: kept.length ? Object.fromEntries(kept) : null };
}
