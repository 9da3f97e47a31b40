/** The history list under its filter: pages backwards, takes live rows in, loads anew after a break. */
import { api as realApi, type Api } from '../api/client';
import type { List, RequestRow } from '../api/types';
import { Calm } from './calm';
import { isSparse, question } from './history-filter';
import { byNewest, isAsked, isRunning, matches, mergePage, NO_FILTER, RUNNING, upsert, type HistoryFilter } from './merge';
import { words } from './resource.svelte';

const PAGE = 100;
/** Pages grow while one scrolls on and on; larger ones would take long to read at once. */
const LARGEST_PAGE = 250;
/** Rows in a page that is looked through. */
const LOOKED_AT = 1000;
/** Pages looked at in one go where rows have to be picked out. */
const LOOKS = 5;
/** How long a search waits after its last answer to ask for what it finds of new requests. */
const SEARCHED_MS = 2000;
/** So many rows are held; who wants to see further goes on from an earlier time. */
export const MOST_ROWS = 200_000;

export class History {
  rows = $state.raw<RequestRow[]>([]);
  filter = $state.raw<HistoryFilter>(NO_FILTER);
  /** The first page under this filter is on its way. */
  loading = $state(true);
  loadingMore = $state(false);
  error = $state<string | null>(null);
  cursor = $state<string | null>(null);
  /** The time of the oldest request looked at, where the last look found none that matches. */
  searchedTo = $state<string | null>(null);

  /** Answers to an older question are dropped. */
  #question = 0;
  /** Live rows since the question was asked: newer than its answer. */
  #arrived: RequestRow[] = [];

  /** A search is asked again when something happened that it may find. */
  readonly #searched = new Calm(() => this.#newest(), () => SEARCHED_MS);

  constructor(private readonly api: Api = realApi) {}

  /** The list is as long as it gets; older rows are there. */
  get isFull(): boolean {
    return this.rows.length >= MOST_ROWS && this.cursor !== null;
  }

  /** Asks for the list under a filter. What is shown stays until the answer is there, where it still fits. */
  async load(filter: HistoryFilter): Promise<void> {
    const question = ++this.#question;
    const again = narrows(this.filter, filter);
    const moved = !again || this.filter.since !== filter.since;
    this.filter = filter;
    this.#arrived = [];
    this.rows = moved ? this.rows.filter((row) => matches(row, filter)) : this.rows;
    this.loading = true;
    this.loadingMore = false;
    try {
      const page = await this.#page(filter, PAGE);
      if (question !== this.#question) return;
      const keep = again && joins(this.rows, page.items);
      const base = keep ? mergePage(this.rows, page.items) : page.items;
      this.cursor = keep ? this.cursor : page.next_cursor;
      if (!keep) this.searchedTo = page.searchedTo;
      this.rows = this.#arrived.reduce<RequestRow[]>((rows, row) => upsert(rows, row, filter, !!this.cursor), base);
      this.error = null;
      if (isAsked(filter) && this.#arrived.length > 0) this.#searched.ask();
    } catch (error) {
      if (question === this.#question) this.error = words(error);
    } finally {
      if (question === this.#question) this.loading = false;
    }
  }

  async more(): Promise<void> {
    if (!this.cursor || this.loadingMore || this.loading || this.isFull) return;
    const question = this.#question;
    this.loadingMore = true;
    try {
      const limit = Math.min(LARGEST_PAGE, Math.max(PAGE, this.rows.length));
      const page = await this.#page(this.filter, limit, this.cursor);
      if (question !== this.#question) return;
      this.rows = mergePage(this.rows, page.items);
      this.cursor = page.next_cursor;
      this.searchedTo = page.searchedTo;
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
    if (isAsked(this.filter) && matches(row, { ...this.filter, q: '' })) this.#searched.ask();
  }

  /** Asks for nothing more by itself. */
  stop(): void {
    this.#searched.stop();
  }

  /** Puts the first page's rows to those that are there; what is being loaded goes on. */
  async #newest(): Promise<void> {
    const [question, filter] = [this.#question, this.filter];
    if (this.loading || !isAsked(filter)) return;
    const page = await this.#page(filter, PAGE);
    if (question !== this.#question) return;
    const known = new Set(this.rows.map((row) => row.id));
    if (known.size > 0 && page.next_cursor && !page.items.some((row) => known.has(row.id))) return this.load(filter);
    if (known.size === 0) this.cursor = page.next_cursor;
    this.rows = mergePage(this.rows, page.items);
  }

  async #page(filter: HistoryFilter, limit: number, cursor?: string): Promise<Page> {
    const asked = { ...question(filter), cursor, limit };
    if (filter.status === 'running') {
      // The daemon filters by one status; what runs is few, so three short lists make one.
      const pages = await Promise.all(RUNNING.map((status) => this.api.requests({ ...asked, status, limit: 1000 })));
      const items = pages.flatMap((page) => page.items.filter((row) => matches(row, { ...filter, q: '' })));
      return { items: items.sort(byNewest), next_cursor: null, searchedTo: null };
    }
    return isSparse(filter) ? this.#picked(filter, cursor) : { ...(await this.api.requests(asked)), searchedTo: null };
  }

  /** Looks through pages for the rows that match, until there are enough or it has looked for long. */
  async #picked(filter: HistoryFilter, from?: string): Promise<Page> {
    const items: RequestRow[] = [];
    let cursor: string | null | undefined = from;
    let oldest: string | null = null;
    for (let look = 0; look < LOOKS && cursor !== null && items.length < PAGE; look += 1) {
      const page: List<RequestRow> = await this.api.requests({ ...question(filter), cursor, limit: LOOKED_AT });
      items.push(...page.items.filter((row) => matches(row, { ...filter, q: '' })));
      cursor = page.next_cursor;
      oldest = page.items.at(-1)?.started_at ?? oldest;
    }
    return { items, next_cursor: cursor ?? null, searchedTo: items.length === 0 && cursor ? oldest : null };
  }
}

interface Page extends List<RequestRow> {
  searchedTo: string | null;
}

/** The same, or the same from a later time on: a period such as the last hour moves along. */
function narrows(a: HistoryFilter, b: HistoryFilter): boolean {
  return (Object.keys(a) as (keyof HistoryFilter)[]).every((name) => (name === 'since' ? b.since >= a.since : a[name] === b[name]));
}

/**
 * Whether what is loaded can stay when the first page came anew: they overlap, so nothing is missing between them,
 * and no row that still ran lies beyond the page, where it would be shown running for ever.
 */
function joins(rows: readonly RequestRow[], page: readonly RequestRow[]): boolean {
  const fresh = new Set(page.map((row) => row.id));
  return rows.some((row) => fresh.has(row.id)) && rows.every((row) => fresh.has(row.id) || !isRunning(row));
}
