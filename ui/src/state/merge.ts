/** How news from the stream changes what is shown. Pure: no fetch, no clock, no runes. */
import type { Group, Provider, RequestRow, RequestStatus, Status } from '../api/types';

export interface HistoryFilter {
  /** A request status, `running` for all that have not ended, `retried` for those of several attempts, or empty for all. */
  status: string;
  provider: string;
  /** Where an attempt failed, whoever answered in the end. */
  failed_provider: string;
  /** Asked for or sent upstream. */
  model: string;
  group: string;
  client: string;
  /** The name of a client token. */
  token: string;
  session: string;
  /** When they arrived: from this time on, and before that one, RFC 3339 or empty. */
  since: string;
  until: string;
  q: string;
}

export const NO_FILTER: HistoryFilter = {
  status: '',
  provider: '',
  failed_provider: '',
  model: '',
  group: '',
  client: '',
  token: '',
  session: '',
  since: '',
  until: '',
  q: '',
};
export const RUNNING: readonly RequestStatus[] = ['pending', 'forwarding', 'streaming'];

export function isRunning(row: Pick<RequestRow, 'status'>): boolean {
  return RUNNING.includes(row.status);
}

/** Calls that count tokens, in Anthropic's, OpenAI's and Google's words. */
const COUNTS = /(?:\/count_tokens|\/input_tokens|countTokens)(?:\?|$)/;

/** A provider answered it. Tokens are counted even while none can, by an estimate; an empty answer is none. */
export function isServed(row: Pick<RequestRow, 'status' | 'provider' | 'error' | 'path'>): boolean {
  return row.status === 'completed' && !!row.provider && !row.error && !COUNTS.test(row.path ?? '');
}

/** Puts a named thing in the place of its older self, or at the end; the order stays as the daemon gave it. */
export function replaceNamed<T extends { name: string }>(list: readonly T[], item: T): T[] {
  const index = list.findIndex((other) => other.name === item.name);
  return index < 0 ? [...list, item] : list.with(index, item);
}

/** Whether a status tells of other groups than we hold, of another order or other states: time to fetch again. */
export function groupsAreStale(groups: readonly Group[], status: Status): boolean {
  if (groups.length !== status.groups.length) return true;
  return status.groups.some(({ name, state }, index) => groups[index]?.name !== name || groups[index]?.state !== state);
}

/** Whether a group names a provider that we do not hold. */
export function providersAreStale(groups: readonly Group[], providers: readonly Provider[]): boolean {
  const known = new Set(providers.map((provider) => provider.name));
  return groups.some((group) => group.members.some((member) => !known.has(member.provider)));
}

/**
 * Newest first; the id decides between two of the same instant, so that the order never flickers. Times are compared
 * as times: the daemon leaves out trailing zeros, and as text `…14.7Z` would come after `…14.705Z`.
 */
export function byNewest(a: RequestRow, b: RequestRow): number {
  const later = Date.parse(b.started_at) - Date.parse(a.started_at);
  if (later !== 0) return later;
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0;
}

/** Whether the daemon alone knows which requests these are: a row does not tell of its attempts. */
export function isAsked(filter: HistoryFilter): boolean {
  return filter.q.trim() !== '' || filter.failed_provider !== '';
}

/**
 * Whether a row belongs into a list under this filter, as far as the row tells: the daemon searches the errors of
 * attempts too, which no row has.
 */
export function matches(row: RequestRow, filter: HistoryFilter): boolean {
  if (!hasStatus(row, filter.status)) return false;
  for (const name of ['provider', 'group', 'client', 'token', 'session'] as const) {
    if (filter[name] && row[name] !== filter[name]) return false;
  }
  if (filter.model && row.model_requested !== filter.model && row.model_used !== filter.model) return false;
  if (filter.since && Date.parse(row.started_at) < Date.parse(filter.since)) return false;
  if (filter.until && Date.parse(row.started_at) >= Date.parse(filter.until)) return false;
  const needle = filter.q.trim().toLowerCase();
  if (!needle || row.id.toLowerCase().startsWith(needle)) return true;
  return [row.model_requested, row.model_used, row.error].some((text) => text?.toLowerCase().includes(needle));
}

function hasStatus(row: RequestRow, status: string): boolean {
  if (status === 'running') return isRunning(row);
  if (status === 'retried') return row.attempts > 1;
  return !status || row.status === status;
}

/**
 * Takes a live row into a list: in the place of its older self, or sorted in; out of the list when it no longer
 * matches. A row older than everything loaded is left to paging, else there would be a gap that looks like none. Under a
 * search, or a filter by what attempts did, rows stay, and none is put in: which ones it finds, the daemon alone knows.
 */
export function upsert(
  rows: readonly RequestRow[],
  row: RequestRow,
  filter: HistoryFilter = NO_FILTER,
  more = false,
): RequestRow[] {
  const index = find(rows, row);
  if (!matches(row, { ...filter, q: '' })) return index < 0 ? (rows as RequestRow[]) : rows.toSpliced(index, 1);
  const old = rows[index];
  if (old) {
    if (isStep(old, row)) return rows.with(index, row);
    return rows as RequestRow[];
  }
  if (isAsked(filter)) return rows as RequestRow[];
  const place = rows.findIndex((other) => byNewest(row, other) < 0);
  if (place >= 0) return rows.toSpliced(place, 0, row);
  return more ? (rows as RequestRow[]) : [...rows, row];
}

/** Where a row is, or -1. The list is in order: only rows of the same instant can be it, and most news are of the top. */
function find(rows: readonly RequestRow[], row: RequestRow): number {
  const at = Date.parse(row.started_at);
  let from = 0;
  let to = rows.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (Date.parse(rows[middle]?.started_at ?? '') > at) from = middle + 1;
    else to = middle;
  }
  for (let index = from; index < rows.length; index += 1) {
    const other = rows[index] as RequestRow;
    if (other.id === row.id) return index;
    if (Date.parse(other.started_at) < at) return -1;
  }
  return -1;
}

/**
 * Joins a fetched page to what is there. Rows that ended meanwhile win over what the page still calls running. An older
 * page, which is what scrolling brings, is only put behind: a long list is not sorted again for each.
 */
export function mergePage(rows: readonly RequestRow[], page: readonly RequestRow[]): RequestRow[] {
  const last = rows.at(-1);
  if (last && page.every((row, index) => byNewest(page[index - 1] ?? last, row) < 0)) return rows.concat(page);
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const row of page) {
    const old = byId.get(row.id);
    if (!old || isStep(old, row)) byId.set(row.id, row);
  }
  return [...byId.values()].sort(byNewest);
}

const ORDER: Record<RequestStatus, number> = {
  pending: 0,
  forwarding: 1,
  streaming: 2,
  completed: 3,
  failed: 3,
  cancelled: 3,
};

/**
 * A request may fall back from streaming to forwarding (another attempt), but never from its end to life: such a
 * row was fetched before and arrived after.
 */
function isStep(old: RequestRow, row: RequestRow): boolean {
  return !(ORDER[old.status] === 3 && ORDER[row.status] < 3);
}
