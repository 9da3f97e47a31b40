/** Numbers, money, times and durations as text. Pure; the locale is an argument. Money never becomes a float. */
import type { Tokens } from '../api/types';

const cache = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

function numbers(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const id = `n${locale}${JSON.stringify(options)}`;
  let found = cache.get(id) as Intl.NumberFormat | undefined;
  if (!found) cache.set(id, (found = new Intl.NumberFormat(locale, options)));
  return found;
}

function dates(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const id = `d${locale}${JSON.stringify(options)}`;
  let found = cache.get(id) as Intl.DateTimeFormat | undefined;
  if (!found) cache.set(id, (found = new Intl.DateTimeFormat(locale, options)));
  return found;
}

export const NOTHING = '–';

export function count(value: number | null | undefined, locale: string): string {
  return value === null || value === undefined ? NOTHING : numbers(locale, {}).format(value);
}

/** 1 to 4 digits as they are, more in thousands and millions: `842`, `9,120`, `12.4k`, `1.3M`. */
export function compact(value: number | null | undefined, locale: string): string {
  if (value === null || value === undefined) return NOTHING;
  if (value < 10_000) return count(value, locale);
  if (value < 999_500) return `${numbers(locale, { ...tenths(value < 99_950) }).format(value / 1e3)}k`;
  return `${numbers(locale, { ...tenths(value < 99_950_000) }).format(value / 1e6)}M`;
}

function tenths(wanted: boolean): Intl.NumberFormatOptions {
  const digits = wanted ? 1 : 0;
  return { minimumFractionDigits: digits, maximumFractionDigits: digits };
}

/** All that went in, cached or not: what a person means by "tokens in". */
export function tokensIn(tokens: Tokens): number | null {
  const parts = [tokens.input_tokens, tokens.cache_read_tokens, cacheWrites(tokens)];
  if (parts.every((part) => part === null || part === undefined)) return null;
  return parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);
}

export function cacheWrites(tokens: Tokens): number | null {
  if (tokens.cache_write_tokens !== null && tokens.cache_write_tokens !== undefined) return tokens.cache_write_tokens;
  if (tokens.cache_write_5m_tokens == null && tokens.cache_write_1h_tokens == null) return null;
  return (tokens.cache_write_5m_tokens ?? 0) + (tokens.cache_write_1h_tokens ?? 0);
}

/**
 * A decimal USD string for reading: two places from one dollar on, four below, `<$0.0001` for what would vanish.
 * `exact` gives every digit there is. What is not a decimal number is shown as it came, never as a wrong amount.
 */
export function money(value: string | null | undefined, locale: string, exact = false): string {
  if (value === null || value === undefined || value === '') return NOTHING;
  const found = /^(-?)(\d+)(?:\.(\d+))?$/.exec(value.trim());
  if (!found) return value;
  const [, sign = '', whole = '0', fraction = ''] = found;
  if (exact) return `${sign}$${grouped(whole, fraction.replace(/0+$/, '').padEnd(2, '0'), locale)}`;
  const digits = BigInt(whole) > 0n || /^0*$/.test(fraction) ? 2 : 4;
  const rounded = round(whole, fraction, digits);
  if (rounded === 0n && /[1-9]/.test(whole + fraction)) return `<$${grouped('0', '0001', locale)}`;
  const text = rounded.toString().padStart(digits + 1, '0');
  return `${sign}$${grouped(text.slice(0, -digits), text.slice(-digits), locale)}`;
}

/** The amount in units of 10^-digits, half away from zero. */
function round(whole: string, fraction: string, digits: number): bigint {
  const kept = BigInt(whole + fraction.slice(0, digits).padEnd(digits, '0'));
  return (fraction[digits] ?? '0') >= '5' ? kept + 1n : kept;
}

function grouped(whole: string, fraction: string, locale: string): string {
  const point = numbers(locale, { minimumFractionDigits: 1 }).formatToParts(0.5).find((p) => p.type === 'decimal');
  return `${numbers(locale, {}).format(BigInt(whole))}${point?.value ?? '.'}${fraction}`;
}

/** `840 ms`, `1.24 s`, `12.4 s`, `3 min 05 s`. */
export function duration(ms: number | null | undefined, locale: string): string {
  if (ms === null || ms === undefined) return NOTHING;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const places = ms < 9_995 ? 2 : 1;
  if (ms < 59_950) {
    return `${numbers(locale, { minimumFractionDigits: places, maximumFractionDigits: places }).format(ms / 1000)} s`;
  }
  return clock(ms);
}

/** Whole seconds: `42 s`, `3 min 05 s`, `1 h 04 min`. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

const STEPS = [
  ['second', 1, 60],
  ['minute', 60, 60],
  ['hour', 3600, 24],
  ['day', 86_400, Infinity],
] as const;

/** How long ago, in the words of the language: `3 min. ago`, `昨天`. */
export function ago(at: string, now: number, locale: string): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(at)) / 1000));
  if (Number.isNaN(seconds)) return at;
  const [unit, size] = STEPS.find(([, size, most]) => seconds / size < most) ?? STEPS[3];
  return new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' }).format(-Math.floor(seconds / size), unit);
}

/** Milliseconds until a time, or null when it is past or absent. */
export function remaining(until: string | null | undefined, now: number): number | null {
  if (!until) return null;
  const left = Date.parse(until) - now;
  return left > 0 ? left : null;
}

/** The time of day; with the date when it is not today. */
export function when(at: string, now: number, locale: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  const time = { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false } as const;
  if (date.toDateString() === new Date(now).toDateString()) return dates(locale, time).format(date);
  return dates(locale, { month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false }).format(date);
}

/** Hours and minutes; with the weekday when it is not today: for what is to come within days. */
export function shortTime(at: string, now: number, locale: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  const time = { hour: '2-digit', minute: '2-digit', hour12: false } as const;
  if (date.toDateString() === new Date(now).toDateString()) return dates(locale, time).format(date);
  return dates(locale, { weekday: 'short', ...time }).format(date);
}

/** Date and time to the second, for a detail or a tooltip. */
export function moment(at: string, locale: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  return dates(locale, { dateStyle: 'medium', timeStyle: 'medium', hour12: false }).format(date);
}

export function percent(rate: number | null | undefined, locale: string): string {
  if (rate === null || rate === undefined) return NOTHING;
  // Never rounded up to a perfect score.
  const shown = rate < 1 ? Math.min(rate, 0.999) : 1;
  return numbers(locale, { style: 'percent', maximumFractionDigits: shown < 1 && shown >= 0.9 ? 1 : 0 }).format(shown);
}

/** How much more or less one number is than another, as a signed share: `+20%`; empty where that cannot be told. */
export function growth(before: number | null | undefined, after: number | null | undefined, locale: string): string {
  if (!before || after === null || after === undefined || before === after) return '';
  const share = after / before - 1;
  return numbers(locale, { style: 'percent', signDisplay: 'always', maximumFractionDigits: Math.abs(share) < 0.1 ? 1 : 0 }).format(share);
}

/** `512 B`, `64.0 MiB`, `1.5 GiB`. */
export function bytes(value: number, locale: string): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, value)) / 10)));
  return `${numbers(locale, step ? tenths(true) : {}).format(value / 1024 ** step)} ${units[step]}`;
}

/** The host of a base URL, which is what tells providers apart at a glance. */
export function host(url: string | null | undefined): string {
  if (!url) return '';
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}
