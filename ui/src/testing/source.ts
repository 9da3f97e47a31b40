/** An event source that a test drives by hand. */
import type { Source } from '../api/stream';

export class FakeSource implements Source {
  static all: FakeSource[] = [];
  static get last(): FakeSource {
    const last = FakeSource.all.at(-1);
    if (!last) throw new Error('no stream was opened');
    return last;
  }

  onopen: ((event: Event) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  closed = false;
  #listeners = new Map<string, (event: MessageEvent<string>) => void>();

  constructor(readonly url: string) {
    FakeSource.all.push(this);
  }

  addEventListener(name: string, listener: (event: MessageEvent<string>) => void): void {
    this.#listeners.set(name, listener);
  }

  close(): void {
    this.closed = true;
  }

  open(): void {
    this.onopen?.(new Event('open'));
  }

  fail(): void {
    this.onerror?.(new Event('error'));
  }

  send(name: string, data: unknown): void {
    this.raw(name, JSON.stringify(data));
  }

  raw(name: string, data: string): void {
    this.#listeners.get(name)?.(new MessageEvent(name, { data }));
  }
}
