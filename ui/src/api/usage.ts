/** Calls and shapes of the usage page: sums and prices. */
import { get, query } from './http';
import { pricesApi } from './prices';
import type { List, Tokens } from './types';

/** What usage can be apart by, beside time. */
export type Facet = 'model' | 'provider' | 'key' | 'group' | 'client' | 'token' | 'session';
export type By = 'hour' | 'day' | Facet;

export interface Percentiles {
  p50: number | null;
  p95: number | null;
}

export interface UsageRow extends Tokens {
  /** The value grouped by; times as RFC 3339; null where it is not known, and for the total. */
  key: string | null;
  requests: number;
  failures: number;
  cost_usd: string;
  /** Requests of which some cost is not known and not in the sum. */
  unpriced: number;
  ttft_ms: Percentiles;
  duration_ms: Percentiles;
}

export interface UsageReport extends List<UsageRow> {
  total: UsageRow;
}

export interface UsageFilter {
  by: By;
  since: Date;
  until: Date;
  /** Where days begin. */
  zone: string;
  limit?: number;
}

/** The first page, up to a thousand rows, the most expensive first; times in their order. */
export function usage({ by, since, until, zone, limit = 1000 }: UsageFilter): Promise<UsageReport> {
  return get<UsageReport>(`/usage${query(asked(by, since, until, zone, limit))}`);
}

/** Every row there is, with the sum of them all. */
export async function wholeUsage(filter: Omit<UsageFilter, 'limit'>): Promise<UsageReport> {
  const first = await usage(filter);
  const items = [...first.items];
  for (let cursor = first.next_cursor; cursor; ) {
    const { by, since, until, zone } = filter;
    const next = await get<UsageReport>(`/usage${query({ ...asked(by, since, until, zone, 1000), cursor })}`);
    items.push(...next.items);
    cursor = next.next_cursor;
  }
  return { ...first, items, next_cursor: null };
}

function asked(by: By, since: Date, until: Date, tz: string, limit: number) {
  return { by, since: since.toISOString(), until: until.toISOString(), tz, limit };
}

export const prices = (model: string) => pricesApi.list({ q: model }).then((page) => page.items);
