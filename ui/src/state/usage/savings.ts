/** What prompt caches saved, by list prices: reads cost less than fresh input, writes more. Pure. */
import type { ModelPrice } from '../../api/prices';
import type { UsageRow } from '../../api/usage';
import { units } from '../decimal';

export interface Savings {
  /** 10^-12 dollars; negative where writing cost more than reading saved. */
  saved: bigint;
  /** Tokens read from caches at models whose prices tell nothing. */
  untold: number;
}

/** Prices are of a million tokens, so an amount of tokens at a price is a product divided by that. */
const PER = 1_000_000n;

/** `prices` by model; a model that is not in it is counted as untold. */
export function savings(rows: readonly UsageRow[], prices: ReadonlyMap<string, ModelPrice>): Savings {
  let saved = 0n;
  let untold = 0;
  for (const row of rows) {
    const read = row.cache_read_tokens ?? 0;
    if (read === 0 && !row.cache_write_tokens) continue;
    const price = row.key === null ? undefined : prices.get(row.key);
    if (!price?.cache_read) {
      untold += read;
      continue;
    }
    const input = units(price.input);
    const less = (rate: string | null | undefined, tokens: number | null | undefined) =>
      rate ? ((input - units(rate)) * BigInt(tokens ?? 0)) / PER : 0n;
    saved += less(price.cache_read, read);
    saved += less(price.cache_write_5m, row.cache_write_5m_tokens) + less(price.cache_write_1h, row.cache_write_1h_tokens);
  }
  return { saved, untold };
}

/** The price of exactly this model: that of every provider before that of one, one's own before the list's. */
export function priceOf(model: string, found: readonly ModelPrice[]): ModelPrice | undefined {
  const its = found.filter((price) => price.model === model);
  return its.find((price) => !price.provider) ?? its[0];
}
