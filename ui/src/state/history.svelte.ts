/** The history list under its filter: pages backwards, takes live rows in, loads anew after a break. */
import { api as realApi, type Api } from '../api/client';
import type { List, RequestRow } from '../api/types';
import { words } from './resource.svelte';
import { byNewest, isRunning, matches, mergePage, NO_FILTER, RUNNING, upsert, type HistoryFilter } from './merge';

const PAGE = 100;

export class History {
  rows = $state.raw<RequestRow[]>([]);
  filter = $state.raw<HistoryFilter>(NO_FILTER);
  /** The first page under this filter is on its way. */
  loading = $state(true);
  loadingMore = $state(false);
  error = $state<string | null>(null);
  cursor = $state<string | null>(null);

  /** Answers to an older question are dropped. */
  #question = 0;
  /** Live rows since the question was asked: newer than its answer. */
  #arrived: RequestRow[] = [];

  constructor(private readonly api: Api = realApi) {}

  /** Asks for the list under a filter. What is shown stays until the answer is there, where it still fits. */
  async load(filter: HistoryFilter): Promise<void> {
    const question = ++this.#question;
    const again = Object.entries(filter).every(([name, value]) => this.filter[name as keyof HistoryFilter] === value);
    this.filter = filter;
    this.#arrived = [];
    this.rows = this.rows.filter((row) => matches(row, filter));
    this.loading = true;
    this.loadingMore = false;
    try {
      const page = await this.#page(filter);
      if (question !== this.#question) return;
      const keep = again && joins(this.rows, page.items);
      const base = keep ? mergePage(this.rows, page.items) : page.items;
      this.cursor = keep ? this.cursor : page.next_cursor;
      this.rows = this.#arrived.reduce<RequestRow[]>((rows, row) => upsert(rows, row, filter, !!this.cursor), base);
      this.error = null;
    } catch (error) {
      if (question === this.#question) this.error = words(error);
    } finally {
      if (question === this.#question) this.loading = false;
    }
  }

  async more(): Promise<void> {
    if (!this.cursor || this.loadingMore || this.loading) return;
    const question = this.#question;
    this.loadingMore = true;
    try {
      const page = await this.#page(this.filter, this.cursor);
      if (question !== this.#question) return;
      this.rows = mergePage(this.rows, page.items);
      this.cursor = page.next_cursor;
      this.error = null;
    } catch (error) {
      if (question === this.#question) this.error = words(error);
    } finally {
      if (question === this.#question) this.loadingMore = false;
    }
  }

  take(row: RequestRow): void {
    if (this.loading) this.#arrived.push(row);
    this.rows = upsert(this.rows, row, this.filter, this.cursor !== null);
  }

  async #page(filter: HistoryFilter, cursor?: string): Promise<List<RequestRow>> {
    const question = { provider: filter.provider, q: filter.q.trim(), cursor, limit: PAGE };
    if (filter.status !== 'running') return this.api.requests({ ...question, status: filter.status });
    // The daemon filters by one status; what runs is few, so three short lists make one.
    const pages = await Promise.all(RUNNING.map((status) => this.api.requests({ ...question, status, limit: 1000 })));
    return { items: pages.flatMap((page) => page.items).sort(byNewest), next_cursor: null };
  }
}

/**
 * Whether what is loaded can stay when the first page came anew: they overlap, so nothing is missing between them,
 * and no row that still ran lies beyond the page, where it would be shown running for ever.
 */
function joins(rows: readonly RequestRow[], page: readonly RequestRow[]): boolean {
  const fresh = new Set(page.map((row) => row.id));
  return rows.some((row) => fresh.has(row.id)) && rows.every((row) => fresh.has(row.id) || !isRunning(row));
}

