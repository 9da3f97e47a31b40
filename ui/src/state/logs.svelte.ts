/** The log as it grows: fetched once, then carried on by a stream of its own while the page is open. */
import { BASE } from '../api/http';
import { logs, type LogLine } from '../api/logs';
import { Stream, type Source } from '../api/stream';
import type { List } from '../api/types';
import { append, HELD, rejoin } from './loglines';
import { words } from './resource.svelte';

/** Statuses come along as a heartbeat: a quiet log does not look like a lost line. */
const URL = `${BASE}/stream?events=log,status`;
/** Lines are shown in batches, so that a burst does not redraw for each. */
const BATCH_MS = 80;

export class Log {
  /** The oldest first. */
  lines = $state.raw<readonly LogLine[]>([]);
  loaded = $state(false);
  /** The daemon's words, or null. */
  error = $state<string | null>(null);
  paused = $state(false);
  /** Lines that came since it was paused. */
  waiting = $state(0);

  #stream: Stream;
  #came: LogLine[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #question = 0;

  constructor(
    private readonly ask: () => Promise<List<LogLine>> = logs,
    connect?: (url: string) => Source,
  ) {
    const opened = (again: boolean) => void (again && this.load());
    const event = (name: string, data: unknown) => void (name === 'log' && this.#take(data as LogLine));
    this.#stream = new Stream(URL, { opened, lost: () => {}, event }, connect);
  }

  /** Opens the stream before asking, so that no line falls between. */
  start(): void {
    this.#stream.open();
    void this.load();
  }

  stop(): void {
    this.#stream.close();
    clearTimeout(this.#timer);
  }

  async load(): Promise<void> {
    const question = ++this.#question;
    try {
      const kept = await this.ask();
      if (question !== this.#question) return;
      const newest = Date.parse(kept.items[0]?.at ?? '');
      // A daemon that was started anew counts anew: what came before that would seem to be to come.
      this.#came = this.#came.filter((line) => !(Date.parse(line.at) < newest));
      this.lines = rejoin(this.lines, kept.items);
      this.error = null;
      this.loaded = true;
      this.#show();
    } catch (cause) {
      if (question === this.#question) this.error = words(cause);
    }
  }

  pause(on: boolean): void {
    this.paused = on;
    if (!on) this.#show();
  }

  #take(line: LogLine): void {
    this.#came.push(line);
    if (this.#came.length > HELD) this.#came.shift();
    if (this.paused) this.waiting = this.#came.length;
    else this.#timer ??= setTimeout(() => this.#show(), BATCH_MS);
  }

  #show(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Before the first answer there is nothing to append to.
    if (!this.loaded || this.paused || this.#came.length === 0) {
      this.waiting = this.paused ? this.#came.length : 0;
      return;
    }
    this.lines = append(this.lines, this.#came);
    this.#came = [];
    this.waiting = 0;
  }
}
