/** What is measured of usage and how two times of it compare. Amounts are whole numbers, so that sums are exact. Pure. */
import type { By, UsageRow } from '../../api/usage';
import { decimal, share, units } from '../decimal';
import { compact, count, money, tokensIn } from '../format';

export const METRICS = ['cost', 'requests', 'tokens', 'failures'] as const;
export type Metric = (typeof METRICS)[number];

/** How much of a metric a row has: money in 10^-12 dollars, all else in pieces. */
export function amount(row: UsageRow, metric: Metric): bigint {
  if (metric === 'cost') return units(row.cost_usd);
  return BigInt(metric === 'tokens' ? tokens(row) : row[metric]);
}

/** All tokens, in and out. */
export function tokens(row: UsageRow): number {
  return (tokensIn(row) ?? 0) + (row.output_tokens ?? 0);
}

/** An amount as text; `exact` with every digit that a person may want. */
export function say(metric: Metric, value: bigint, locale: string, exact = false): string {
  if (metric === 'cost') return money(decimal(value), locale);
  return exact ? count(Number(value), locale) : compact(Number(value), locale);
}

/** What share of the prompt was read from a cache; null without any prompt. */
export function cacheShare(row: UsageRow): number | null {
  const all = tokensIn(row) ?? 0;
  return all === 0 ? null : (row.cache_read_tokens ?? 0) / all;
}

export function failureShare(row: UsageRow): number | null {
  return row.requests === 0 ? null : row.failures / row.requests;
}

/** What a request has one of for each try: apart by these, it counts at each that tried it, and fails at each that failed it. */
const TRIED: ReadonlySet<string> = new Set<By>(['model', 'provider', 'key', 'group']);

export function byTries(by: string): boolean {
  return TRIED.has(by);
}

export interface Apart {
  requests: number;
  failures: number;
}

/** What rows come to, where that is not what there is in all; else null. */
export function unlike(rows: readonly Apart[], total: Apart): Apart | null {
  const sum = { requests: 0, failures: 0 };
  for (const row of rows) {
    sum.requests += row.requests;
    sum.failures += row.failures;
  }
  return sum.requests === total.requests && sum.failures === total.failures ? null : sum;
}

export type Change = { way: 'same' } | { way: 'new' } | { way: 'more' | 'less'; by: number };

/** From one amount to the next; `by` is the difference as a share of the first. Less than half a percent is the same. */
export function change(before: bigint, now: bigint): Change {
  if (before === 0n) return { way: now === 0n ? 'same' : 'new' };
  const by = share(now - before, before);
  if (Math.abs(by) < 0.005) return { way: 'same' };
  return { way: by > 0 ? 'more' : 'less', by: Math.abs(by) };
}
