/** What models cost: the list that comes along, and one's own prices. US dollars for a million tokens, as decimal text. */
import { del, get, part, put, query } from './http';
import type { List } from './types';

export interface OwnPrice {
  input: string;
  output: string;
  cache_read?: string | null;
  cache_write_5m?: string | null;
  cache_write_1h?: string | null;
  /** The provider that it is for; all without it. */
  provider?: string | null;
}

export interface ModelPrice extends OwnPrice {
  model: string;
  /** Whose price it is; `config` for one's own. */
  seller: string;
  date?: string | null;
  source: string;
}

export const pricesApi = {
  list: (ask: { q?: string | undefined; cursor?: string | undefined }) => get<List<ModelPrice>>(`/prices${query({ ...ask, limit: 50 })}`),
  set: (model: string, price: OwnPrice) => put<ModelPrice>(`/prices/${part(model)}`, price),
  remove: (model: string, provider?: string | null) => del(`/prices/${part(model)}${query({ provider: provider ?? undefined })}`),
};
