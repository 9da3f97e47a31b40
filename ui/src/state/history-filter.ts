/** What the history is narrowed by, as the address holds it. Pure; the time is an argument. */
import type { RequestFilter } from '../api/client';
import { NO_FILTER, type HistoryFilter } from './merge';
import type { Params } from './route.svelte';

/** Stretches of time up to now. */
export const PERIODS = ['hour', 'today', 'week'] as const;
export type Period = (typeof PERIODS)[number];

const HOUR_MS = 3_600_000;

/** The filter that an address names. A period wins over times beside it; what is no time is left out. */
export function readFilter(params: Params, now: number): HistoryFilter {
  const filter = { ...NO_FILTER };
  for (const name of Object.keys(NO_FILTER) as (keyof HistoryFilter)[]) filter[name] = params[name] ?? '';
  filter.since = time(filter.since);
  filter.until = time(filter.until);
  const period = periodOf(params);
  return period ? { ...filter, since: since(period, now), until: '' } : filter;
}

export function periodOf(params: Params): Period | '' {
  return PERIODS.find((name) => name === params.period) ?? '';
}

/** When a period began. Days are those of the person's clock. */
export function since(period: Period, now: number): string {
  if (period === 'hour') return new Date(now - HOUR_MS).toISOString();
  const day = new Date(now);
  day.setHours(0, 0, 0, 0);
  if (period === 'week') day.setDate(day.getDate() - 6);
  return day.toISOString();
}

function time(text: string): string {
  const at = Date.parse(text);
  return Number.isNaN(at) ? '' : new Date(at).toISOString();
}

/** A time as `<input type="datetime-local">` writes it, and back; both empty for none. */
export function toLocal(iso: string): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return '';
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function fromLocal(text: string): string {
  return time(text);
}

/** Everything but the search, the status and the time, which have fields of their own in sight. */
export const NARROWED = ['provider', 'failed_provider', 'model', 'group', 'client', 'token', 'session'] as const;
export type Narrowed = (typeof NARROWED)[number];

export function isFiltered(filter: HistoryFilter): boolean {
  return Object.values(filter).some((value) => value.trim() !== '');
}

/** Whether the daemon can tell by itself which requests these are. */
export function isKnown(filter: HistoryFilter): boolean {
  return filter.status !== 'retried' && filter.status !== 'running';
}

/** The question to the daemon, but for what it does not know. */
export function question(filter: HistoryFilter): RequestFilter {
  const { status, q, ...rest } = filter;
  return { ...rest, status: isKnown(filter) ? status : '', q: q.trim() };
}

/** Whether rows may come that do not match, so that the list has to look at more of them than it shows. */
export function isSparse(filter: HistoryFilter): boolean {
  return filter.status === 'retried';
}

/**
 * What sums the daemon has for exactly this filter: by one value beside the time, or of all. `null` when it has none;
 * a model may be asked for or used, a provider tried and left, so that sums by them are of other requests.
 */
export function summedBy(filter: HistoryFilter): { by: string; key: string | null } | null {
  const { since: _since, until: _until, ...rest } = filter;
  const given = Object.entries(rest).filter(([, value]) => value.trim() !== '');
  if (given.length === 0) return { by: 'client', key: null };
  const [name, key] = given[0] as [string, string];
  return given.length === 1 && ['client', 'token', 'session'].includes(name) ? { by: name, key } : null;
}
