/** Something fetched from the daemon for one page: what is there, whether more is on its way, what went wrong. */
import { ApiError } from '../api/client';

export class Resource<T> {
  /** The last answer; it stays while the next is on its way and when that fails. */
  value = $state.raw<T | null>(null);
  loading = $state(false);
  /** The daemon's words, or null. Empty while it cannot be reached: the bar above the page says that. */
  error = $state<string | null>(null);
  #question = 0;

  constructor(private readonly ask: () => Promise<T>) {}

  /** Asks (again). An answer to an older question is dropped. Call it in an effect that reads `live.generation`. */
  async load(): Promise<void> {
    const question = ++this.#question;
    this.loading = true;
    try {
      const value = await this.ask();
      if (question !== this.#question) return;
      this.value = value;
      this.error = null;
    } catch (cause) {
      if (question === this.#question) this.error = words(cause);
    } finally {
      if (question === this.#question) this.loading = false;
    }
  }

  /** Takes what a change was answered with. Whatever was asked before is older. */
  protected take(value: T): void {
    this.#question += 1;
    this.loading = false;
    this.value = value;
    this.error = null;
  }
}

/** What to show of a failure: the daemon's own sentence. */
export function words(cause: unknown): string {
  if (cause instanceof ApiError && cause.unreachable) return '';
  return cause instanceof Error ? cause.message : String(cause);
}
