/** What the daemon does at this moment: status, groups, providers, the latest requests, notices, the line to it. */
import { api as realApi, ApiError, STREAM_URL, type Api } from '../api/client';
import { Stream, type Source } from '../api/stream';
import type { Group, Key, Notice, Provider, RequestRow, Status, StreamEvents } from '../api/types';
import { sentence } from './notices';
import { groupsAreStale, isServed, mergePage, providersAreStale, replaceNamed, upsert } from './merge';

/** `connecting`: nothing heard yet. `lost`: was there or never answered, tries go on. `unauthorised`: no session. */
export type Line = 'connecting' | 'live' | 'lost' | 'unauthorised';

export interface Toast {
  id: number;
  kind: Notice['kind'] | 'error';
  title: string;
  body: string;
  at: string;
}

const RECENT = 12;
const NOTICES = 30;
const TOASTS = 3;
const SERVES = new Set<Notice['kind']>(['recovery', 'failover']);

export class Live {
  line = $state<Line>('connecting');
  /** The program that runs, as one types it; it names itself where it refuses a window without a session. */
  program = $state('turnoutd');
  /** When the next try to connect comes, in Unix milliseconds. */
  retryAt = $state<number | null>(null);
  status = $state.raw<Status | null>(null);
  groups = $state.raw<Group[] | null>(null);
  providers = $state.raw<Provider[]>([]);
  keys = $state.raw<Key[]>([]);
  recent = $state.raw<RequestRow[] | null>(null);
  notices = $state.raw<Notice[]>([]);
  toasts = $state.raw<Toast[]>([]);
  /** What went wrong with the last load, in the daemon's words; the line itself may be fine. */
  loadError = $state<string | null>(null);
  /** Why the latest requests could not be read, in the daemon's words. */
  recentError = $state<string | null>(null);
  /** Grows with every resync; lists that page for themselves load again when it changes. */
  generation = $state(0);

  #stream: Stream;
  /** Groups and providers that events told of since the last load began. */
  #told = new Set<string>();
  #listeners = new Set<(row: RequestRow) => void>();
  #loading: Promise<void> | null = null;
  #next: Promise<void> | null = null;
  #toastId = 0;

  constructor(
    private readonly api: Api = realApi,
    connect?: (url: string) => Source,
  ) {
    this.#stream = new Stream(
      STREAM_URL,
      {
        opened: (again) => this.#opened(again),
        lost: (retryMs) => this.#lost(retryMs),
        event: (name, data) => this.#event(name, data),
      },
      connect,
    );
  }

  start(): void {
    this.#stream.open();
    void this.refresh();
  }

  stop(): void {
    this.#stream.close();
  }

  /** The person asks to try again now. */
  retry(): void {
    if (this.line === 'unauthorised') this.line = 'connecting';
    this.start();
  }

  /** Without a session: whether another window of this browser has got one since. One call, as each refusal is logged. */
  async knock(): Promise<void> {
    if (await this.api.status().then(() => true, () => false)) this.retry();
  }

  /** Calls back for each request row that the stream brings; returns how to stop that. */
  onRequest(listener: (row: RequestRow) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Fetches all that is shown. Calls made meanwhile wait for one more run, as the first may not have seen what they are about. */
  async refresh(): Promise<void> {
    if (this.#loading) {
      this.#next ??= this.#loading.catch(() => {}).then(() => {
        this.#next = null;
        return this.refresh();
      });
      return this.#next;
    }
    this.#loading = this.#load();
    try {
      await this.#loading;
    } finally {
      this.#loading = null;
    }
  }

  /** Keys are asked for beside the rest: without them the page only knows less of why a provider is out. */
  #keysToo(): void {
    this.loadKeys().catch(() => {});
  }

  async loadKeys(): Promise<void> {
    this.keys = await this.api.keys();
  }

  /** Does a thing the person asked for, refetches, and says so when it failed. True when it worked. */
  async act(what: (api: Api) => Promise<unknown>, failed: string): Promise<boolean> {
    try {
      await what(this.api);
    } catch (error) {
      const refusal = error instanceof ApiError ? error : null;
      // What stands there without a session says more than a notice could.
      if (refusal?.unauthorised) this.#unauthorised(refusal);
      else this.toast('error', failed, error instanceof Error ? error.message : String(error));
      // Part of it may have been done, and what was refused may have been about what is no longer there.
      if (!refusal?.unauthorised && !refusal?.unreachable) await this.refresh();
      return false;
    }
    await this.refresh();
    return true;
  }

  toast(kind: Toast['kind'], title: string, body: string, at = new Date().toISOString()): void {
    this.toasts = [...this.toasts.slice(1 - TOASTS), { id: ++this.#toastId, kind, title, body, at }];
  }

  dismiss(id: number): void {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
  }

  async #load(): Promise<void> {
    try {
      this.#told.clear();
      const [status, groups, providers] = await Promise.all([this.api.status(), this.api.groups(), this.api.providers()]);
      this.status = status;
      this.groups = this.#unlessTold('group', groups, this.groups ?? []);
      this.providers = this.#unlessTold('provider', providers, this.providers);
      this.loadError = null;
      this.#keysToo();
      await this.#latest();
      if (this.line === 'unauthorised') this.#stream.open();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.unauthorised) this.#unauthorised(error);
      else if (!error.unreachable) this.loadError = error.message;
    }
  }

  /** The latest requests. A history that cannot be read hides nothing else: its page is where that would be put right. */
  async #latest(): Promise<void> {
    try {
      const page = await this.api.requests({ limit: RECENT });
      this.recent = mergePage(this.recent ?? [], page.items).slice(0, RECENT);
      this.recentError = null;
    } catch (error) {
      if (!(error instanceof ApiError) || error.unauthorised) throw error;
      this.recentError = error.message;
    }
  }

  /** What was fetched, but for what an event told of meanwhile: that is newer. */
  #unlessTold<T extends { name: string }>(kind: string, fetched: T[], here: readonly T[]): T[] {
    return fetched.map((one) => {
      if (!this.#told.has(`${kind} ${one.name}`)) return one;
      return here.find((other) => other.name === one.name) ?? one;
    });
  }

  #opened(again: boolean): void {
    this.line = 'live';
    this.retryAt = null;
    if (again) {
      this.generation += 1;
      void this.refresh();
    } else if (!this.status) {
      void this.refresh();
    }
  }

  #lost(retryMs: number): void {
    if (this.line === 'unauthorised') return;
    this.line = 'lost';
    this.retryAt = Date.now() + retryMs;
    // An event source does not tell why it failed; a plain call does.
    this.api.status().then(
      (status) => (this.status = status),
      (error: unknown) => {
        if (error instanceof ApiError && error.unauthorised) this.#unauthorised(error);
      },
    );
  }

  #unauthorised(refusal: ApiError): void {
    this.program = commandIn(refusal.message) ?? this.program;
    this.line = 'unauthorised';
    this.retryAt = null;
    this.#stream.close();
  }

  #event<K extends keyof StreamEvents>(name: K, data: StreamEvents[K]): void {
    switch (name) {
      case 'status':
        return this.#onStatus(data as Status);
      case 'group':
        return this.#onGroup(data as Group);
      case 'provider':
        return this.#onProvider(data as Provider);
      case 'request':
        return this.#onRequest(data as RequestRow);
      case 'notice':
        return this.#onNotice(data as Notice);
    }
  }

  #onStatus(status: Status): void {
    const chosen = this.status?.active_group;
    this.status = status;
    if (!this.groups || groupsAreStale(this.groups, status) || chosen !== status.active_group) void this.refresh();
  }

  #onGroup(group: Group): void {
    this.#told.add(`group ${group.name}`);
    if (!this.groups) return;
    this.groups = replaceNamed(this.groups, group);
    if (providersAreStale(this.groups, this.providers)) void this.refresh();
  }

  #onProvider(provider: Provider): void {
    this.#told.add(`provider ${provider.name}`);
    const before = this.providers.find((other) => other.name === provider.name)?.health;
    this.providers = replaceNamed(this.providers, provider);
    // Switched off, or has its key gone?
    if (provider.health === 'disabled' && before !== 'disabled') this.#keysToo();
  }

  #onRequest(row: RequestRow): void {
    if (this.recent) this.recent = upsert(this.recent, row).slice(0, RECENT);
    if (isServed(row)) this.#serves((toast) => Date.parse(toast.at) <= Date.parse(row.started_at));
    for (const listener of this.#listeners) listener(row);
  }

  /** Somebody serves: "nothing can serve" is no longer true, of those told before that. */
  #serves(before: (toast: Toast) => boolean): void {
    const over = (toast: Toast) => toast.kind === 'all-down' && before(toast);
    if (this.toasts.some(over)) this.toasts = this.toasts.filter((toast) => !over(toast));
  }

  #onNotice(notice: Notice): void {
    this.notices = [notice, ...this.notices].slice(0, NOTICES);
    if (SERVES.has(notice.kind)) this.#serves(() => true);
    const { title, body } = sentence(notice);
    this.toast(notice.kind, title, body, notice.at);
  }
}

/** The program in a sentence such as "a browser gets in by `turnoutd ui`". */
function commandIn(words: string): string | null {
  return /`(\S+) ui`/.exec(words)?.[1] ?? null;
}

export const live = new Live();
