/** One answer on its way: what came, when, and what the history says of it in the end. */
import { api } from '../../api/client';
import { ApiError } from '../../api/http';
import { requestId, send, type Ask } from '../../api/playground';
import type { RequestRow } from '../../api/types';
import { tokensIn } from '../format';
import { live } from '../live.svelte';
import { begun, EMPTY, grown, type Answer } from './answer';
import type { Target } from './draft';
import { EventReader } from './events';

/** `broken`: the stream ended without an end. */
export type RunState = 'waiting' | 'streaming' | 'done' | 'failed' | 'broken' | 'stopped';

/** What can be compared, from the history where it knows, else as seen from here. */
export interface Measures {
  ttftMs: number | null;
  durationMs: number | null;
  tokensPerSecond: number | null;
  tokensIn: number | null;
  tokensOut: number | null;
  cost: string | null;
}


/** Within which the history has the end of every request, in milliseconds. */
const WRITTEN_MS = 10_000;

export class Run {
  state = $state<RunState>('waiting');
  answer = $state.raw<Answer>(EMPTY);
  /** Who serves, as the headers tell. */
  served = $state.raw<{ provider: string | null; model: string | null; attempts: number; loss: string | null } | null>(null);
  id = $state<string | null>(null);
  error = $state<string | null>(null);
  status = $state<number | null>(null);
  firstAt = $state<number | null>(null);
  endedAt = $state<number | null>(null);
  row = $state.raw<Omit<RequestRow, 'attempts'> | null>(null);
  readonly startedAt = performance.now();
  #stop = new AbortController();

  constructor(
    readonly target: Target,
    readonly ask: Ask,
  ) {}

  get running(): boolean {
    return this.state === 'waiting' || this.state === 'streaming';
  }

  measures = $derived.by((): Measures => {
    const { row, answer } = this;
    const ended = this.endedAt;
    const seen = (at: number | null) => (at === null ? null : Math.round(at - this.startedAt));
    return {
      ttftMs: row?.ttft_ms ?? seen(this.firstAt),
      durationMs: row?.duration_ms ?? seen(ended),
      tokensPerSecond: row?.tokens_per_second ?? null,
      tokensIn: tokensIn(row?.input_tokens == null ? answer.tokens : row),
      tokensOut: row?.output_tokens ?? answer.tokens.output_tokens ?? null,
      cost: row?.cost_usd ?? null,
    };
  });

  stop(): void {
    this.#stop.abort();
  }

  /** The history's row of any request; it takes its own. */
  take(row: RequestRow): void {
    if (row.id === this.id && row.duration_ms != null) this.row = row;
  }

  async go(): Promise<void> {
    const unlisten = live.onRequest((row) => this.take(row));
    try {
      const response = await send(this.ask, this.#stop.signal);
      this.#served(response);
      await this.#read(response);
      this.state = this.answer.error !== null ? 'failed' : this.answer.ended ? 'done' : 'broken';
      this.error = this.answer.error;
    } catch (cause) {
      if (this.#stop.signal.aborted) this.state = 'stopped';
      else this.#failed(cause);
    } finally {
      this.endedAt = performance.now();
      await this.#look();
      // What it cost may be written a moment later, and is heard then.
      if (this.id !== null && this.row === null) setTimeout(unlisten, WRITTEN_MS);
      else unlisten();
    }
  }

  #served(response: Response): void {
    const { headers } = response;
    this.id = requestId(response) ?? null;
    this.status = response.status;
    this.served = {
      provider: headers.get('x-turnout-provider'),
      model: headers.get('x-turnout-model'),
      attempts: Number(headers.get('x-turnout-attempts') ?? 1),
      loss: headers.get('x-turnout-loss'),
    };
  }

  #failed(cause: unknown): void {
    // A stream that breaks off after words is another thing than a refusal.
    this.state = begun(this.answer) ? 'broken' : 'failed';
    this.error = cause instanceof Error ? cause.message : String(cause);
    if (cause instanceof ApiError) [this.id, this.status] = [cause.requestId ?? null, cause.status];
  }

  async #read(response: Response): Promise<void> {
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const events = new EventReader();
    for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) this.#grow(events.read(piece.value));
    this.#grow(events.end());
  }

  #grow(events: string[]): void {
    const answer = events.reduce(grown, this.answer);
    if (answer === this.answer) return;
    this.answer = answer;
    if (this.firstAt === null && begun(answer)) {
      this.firstAt = performance.now();
      this.state = 'streaming';
    }
  }

  /** What the history has of it, unless the event stream was quicker. */
  async #look(): Promise<void> {
    if (this.id === null || this.row !== null) return;
    try {
      const row = await api.request(this.id);
      if (this.row === null && row.duration_ms != null) this.row = row;
    } catch {
      // a request that was refused at the door is not in the history
    }
  }
}
