/** Sums of what a list shows. Money is added as decimal strings. Pure. */
import type { RequestRow, Tokens } from '../api/types';
import { tokensIn } from './format';
import { decimal, units } from './decimal';

export interface Sums {
  requests: number;
  failures: number;
  input: number;
  output: number;
  cost: string;
  /** Requests at models without a price: the cost is of the others. */
  unpriced: number;
}

export function sumsOf(rows: readonly RequestRow[]): Sums {
  return told(add(begin(), rows, 0, rows.length), rows.length);
}

/** Rows that are summed at once without being felt. */
export const AT_ONCE = 2_000;

/** The same for many rows, a piece at a time with room for others between; the function it returns ends it early. */
export function sumSlowly(rows: readonly RequestRow[], done: (sums: Sums) => void): () => void {
  const sums = begin();
  let from = 0;
  const step = () => {
    add(sums, rows, from, Math.min(rows.length, from + AT_ONCE));
    from += AT_ONCE;
    if (from < rows.length) timer = setTimeout(step);
    else done(told(sums, rows.length));
  };
  let timer = setTimeout(step, SETTLED_MS);
  return () => clearTimeout(timer);
}

/** A list that still grows is not summed over and over. */
const SETTLED_MS = 300;

interface Begun {
  failures: number;
  input: number;
  output: number;
  unpriced: number;
  pico: bigint;
}

function begin(): Begun {
  return { failures: 0, input: 0, output: 0, unpriced: 0, pico: 0n };
}

function add(sums: Begun, rows: readonly RequestRow[], from: number, to: number): Begun {
  for (let index = from; index < to; index += 1) {
    const row = rows[index] as RequestRow;
    if (row.status === 'failed') sums.failures += 1;
    if (row.unpriced) sums.unpriced += 1;
    sums.input += tokensIn(row) ?? 0;
    sums.output += row.output_tokens ?? 0;
    sums.pico += units(row.cost_usd);
  }
  return sums;
}

function told({ pico, ...sums }: Begun, requests: number): Sums {
  return { requests, ...sums, cost: decimal(pico) };
}

export function sumsOfUsage(sum: Tokens & { requests: number; failures: number; cost_usd: string | null; unpriced?: number }): Sums {
  return {
    requests: sum.requests,
    failures: sum.failures,
    input: tokensIn(sum) ?? 0,
    output: sum.output_tokens ?? 0,
    cost: sum.cost_usd ?? '0',
    unpriced: sum.unpriced ?? 0,
  };
}
