/**
 * The live event stream: opens it, notices when it is gone, opens it again. It never touches the state; whoever
 * listens refetches on `onopen`, so that nothing missed in between stays missing.
 */
import type { StreamEvents } from './types';

/** The part of EventSource that is used, so that tests can stand in for it. */
export interface Source {
  onopen: ((event: Event) => void) | null;
  onerror: ((event: Event) => void) | null;
  addEventListener(name: string, listener: (event: MessageEvent<string>) => void): void;
  close(): void;
}

export interface Listener {
  /** The stream is open. `again` tells that it was open before, so that events may have been missed. */
  opened(again: boolean): void;
  /** The stream is gone; the next try comes after `retryMs`. */
  lost(retryMs: number): void;
  event<K extends keyof StreamEvents>(name: K, data: StreamEvents[K]): void;
}

const NAMES = ['status', 'provider', 'group', 'request', 'notice', 'log'] as const;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 8_000;
/** A status comes at least every 5 s: after three missed ones the line is dead, whatever the socket says. */
const SILENCE_MS = 16_000;

export class Stream {
  #source: Source | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #everOpen = false;

  constructor(
    private readonly url: string,
    private readonly listener: Listener,
    private readonly connect: (url: string) => Source = (to) => new EventSource(to) as unknown as Source,
  ) {}

  /** Opens the stream, or opens it anew at once when a try is still pending. */
  open(): void {
    this.close();
    const source = this.connect(this.url);
    this.#source = source;
    source.onopen = () => {
      this.#failures = 0;
      const again = this.#everOpen;
      this.#everOpen = true;
      this.#heard();
      this.listener.opened(again);
    };
    source.onerror = () => this.#fail();
    for (const name of NAMES) {
      source.addEventListener(name, (message) => {
        if (this.#source === source) this.#receive(name, message.data);
      });
    }
    this.#heard();
  }

  /** Stops for good, until `open` is called. */
  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    if (this.#source) {
      this.#source.onopen = null;
      this.#source.onerror = null;
      this.#source.close();
      this.#source = null;
    }
  }

  #receive(name: (typeof NAMES)[number], data: string): void {
    this.#heard();
    let value: unknown;
    try {
      value = JSON.parse(data);
    } catch {
      return; // a broken frame is worth less than the stream: the next refetch puts it right
    }
    this.listener.event(name, value as never);
  }

  #heard(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#fail(), SILENCE_MS);
  }

  #fail(): void {
    this.close();
    const retryMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, LAST_RETRY_MS);
    this.#failures += 1;
    this.#timer = setTimeout(() => this.open(), retryMs);
    this.listener.lost(retryMs);
  }
}
