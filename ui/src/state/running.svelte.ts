/** The requests under way: fetched, moved on by the stream, fetched again now and then for what the stream does not tell. */
import { overview, type Connection } from '../api/overview';
import type { RequestRow } from '../api/types';
import { isRunning } from './merge';
import { words } from './resource.svelte';

export class Running {
  /** The oldest first, so that a row keeps its place while others come and go below it. */
  rows = $state.raw<readonly Connection[]>([]);
  /** Why what runs could not be asked for, in the daemon's words; a lost line has a bar of its own. */
  error = $state<string | null>(null);
  /** Requests that ended while an answer was on its way, which may still have them. */
  #ended = new Set<string>();
  #question = 0;

  constructor(private readonly ask: () => Promise<Connection[]> = overview.connections) {}

  async load(): Promise<void> {
    const question = ++this.#question;
    this.#ended.clear();
    try {
      const found = await this.ask();
      if (question !== this.#question) return;
      this.rows = ordered(found.filter((row) => !this.#ended.has(row.id)));
      this.error = null;
    } catch (cause) {
      // What the stream tells goes on.
      if (question === this.#question) this.error = words(cause) || null;
    }
  }

  take(row: RequestRow): void {
    if (!isRunning(row)) {
      this.#ended.add(row.id);
      this.rows = this.rows.filter((other) => other.id !== row.id);
      return;
    }
    const old = this.rows.find((other) => other.id === row.id);
    this.rows = ordered([...this.rows.filter((other) => other.id !== row.id), { ...connection(row), ...kept(old) }]);
  }
}

function connection(row: RequestRow): Connection {
  const { id, status, mark, client, provider, attempts, ttft_ms, output_tokens } = row;
  const model = row.model_used || row.model_requested || row.path?.split('?')[0];
  return { id, since: row.started_at, status, mark: mark ?? null, client, provider, model, attempts, ttft_ms, output_tokens } as Connection;
}

/** Tokens are estimated while an answer is being said; rows of the stream tell them at its end. */
function kept(old: Connection | undefined): Partial<Connection> {
  return old?.output_tokens ? { output_tokens: old.output_tokens } : {};
}

function ordered(rows: readonly Connection[]): Connection[] {
  return [...rows].sort((a, b) => Date.parse(a.since) - Date.parse(b.since) || (a.id < b.id ? -1 : 1));
}
