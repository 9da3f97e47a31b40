/** A list that comes page by page, newest or first things first. */
import type { List } from '../api/types';
import { words } from './resource.svelte';

export class Paged<T> {
  /** What is there so far; null before the first answer. */
  items = $state.raw<T[] | null>(null);
  loading = $state(false);
  /** The daemon's words, or null. */
  error = $state<string | null>(null);
  #next = $state<string | null>(null);
  #question = 0;

  constructor(private readonly ask: (cursor: string | undefined) => Promise<List<T>>) {}

  get more(): boolean {
    return this.#next !== null;
  }

  /** The first page anew. What is shown stays until the answer is there. */
  load(): Promise<void> {
    return this.#fetch(undefined, []);
  }

  /** One page further. */
  extend(): Promise<void> {
    return this.#next === null ? Promise.resolve() : this.#fetch(this.#next, this.items ?? []);
  }

  async #fetch(cursor: string | undefined, before: readonly T[]): Promise<void> {
    const question = ++this.#question;
    this.loading = true;
    try {
      const page = await this.ask(cursor);
      if (question !== this.#question) return;
      this.items = [...before, ...page.items];
      this.#next = page.next_cursor ?? null;
      this.error = null;
    } catch (cause) {
      if (question === this.#question) this.error = words(cause);
    } finally {
      if (question === this.#question) this.loading = false;
    }
  }
}
