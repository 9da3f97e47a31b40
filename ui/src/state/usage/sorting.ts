/** The columns of a breakdown and the order of its lines. Pure. */
import type { UsageRow } from '../../api/usage';
import { units } from '../decimal';
import { tokensIn } from '../format';
import { cacheShare } from './figures';

export const COLUMNS = ['name', 'requests', 'failures', 'in', 'cache', 'out', 'cost', 'ttft', 'duration'] as const;
export type Column = (typeof COLUMNS)[number];

const NUMBERS: Readonly<Record<Exclude<Column, 'name' | 'cost'>, (row: UsageRow) => number | null>> = {
  requests: (row) => row.requests,
  failures: (row) => row.failures,
  in: tokensIn,
  cache: cacheShare,
  out: (row) => row.output_tokens ?? 0,
  ttft: (row) => row.ttft_ms.p50,
  duration: (row) => row.duration_ms.p50,
};

/** Largest first, names from A; `turned` the other way round. What is not known comes last either way. */
export function sorted(rows: readonly UsageRow[], column: Column, turned: boolean): UsageRow[] {
  const way = turned ? -1 : 1;
  const tie = (a: UsageRow, b: UsageRow) => String(a.key).localeCompare(String(b.key));
  if (column === 'name') return [...rows].sort((a, b) => last(a.key, b.key) || way * tie(a, b));
  if (column === 'cost') {
    return [...rows].sort((a, b) => way * compare(units(b.cost_usd), units(a.cost_usd)) || way * (b.requests - a.requests) || tie(a, b));
  }
  const value = NUMBERS[column];
  return [...rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    return last(x, y) || way * ((y ?? 0) - (x ?? 0)) || tie(a, b);
  });
}

function last(a: unknown, b: unknown): number {
  return Number(a === null) - Number(b === null);
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : Number(a > b);
}
