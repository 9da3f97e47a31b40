/** How news from the stream changes what is shown. Pure: no fetch, no clock, no runes. */
import type { Group, Provider, RequestRow, RequestStatus, Status } from '../api/types';

export interface HistoryFilter {
  /** A request status, `running` for all that have not ended, or empty for all. */
  status: string;
  provider: string;
  q: string;
}

export const NO_FILTER: HistoryFilter = { status: '', provider: '', q: '' };
export const RUNNING: readonly RequestStatus[] = ['pending', 'forwarding', 'streaming'];

export function isRunning(row: Pick<RequestRow, 'status'>): boolean {
  return RUNNING.includes(row.status);
}

/** Puts a named thing in the place of its older self, or at the end; the order stays as the daemon gave it. */
export function replaceNamed<T extends { name: string }>(list: readonly T[], item: T): T[] {
  const index = list.findIndex((other) => other.name === item.name);
  return index < 0 ? [...list, item] : list.with(index, item);
}

/** Whether a status tells of groups that we do not hold, or of another choice than ours: time to fetch again. */
export function groupsAreStale(groups: readonly Group[], status: Status): boolean {
  const known = new Map(groups.map((group) => [group.name, group.state]));
  if (known.size !== status.groups.length) return true;
  return status.groups.some(({ name, state }) => known.get(name) !== state);
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

/** Whether a row belongs into a list under this filter, as the daemon would decide. */
export function matches(row: RequestRow, filter: HistoryFilter): boolean {
  if (filter.status === 'running' ? !isRunning(row) : filter.status && row.status !== filter.status) return false;
  if (filter.provider && row.provider !== filter.provider) return false;
  const needle = filter.q.trim().toLowerCase();
  if (!needle) return true;
  const hay = [row.id, row.client, row.model_requested, row.model_used, row.provider, row.group, row.path, row.error];
  return hay.some((text) => text?.toLowerCase().includes(needle));
}

/**
 * Takes a live row into a list: in the place of its older self, or sorted in; out of the list when it no longer
 * matches. A row older than everything loaded is left to paging, else there would be a gap that looks like none.
 */
export function upsert(
  rows: readonly RequestRow[],
  row: RequestRow,
  filter: HistoryFilter = NO_FILTER,
  more = false,
): RequestRow[] {
  const index = rows.findIndex((other) => other.id === row.id);
  if (!matches(row, filter)) return index < 0 ? (rows as RequestRow[]) : rows.toSpliced(index, 1);
  const old = rows[index];
  if (old) {
    if (isStep(old, row)) return rows.with(index, row);
    return rows as RequestRow[];
  }
  const place = rows.findIndex((other) => byNewest(row, other) < 0);
  if (place >= 0) return rows.toSpliced(place, 0, row);
  return more ? (rows as RequestRow[]) : [...rows, row];
}

/** Joins a fetched page to what is there. Rows that ended meanwhile win over what the page still calls running. */
export function mergePage(rows: readonly RequestRow[], page: readonly RequestRow[]): RequestRow[] {
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
