/** The config as text while it is changed here. The draft outlives a look at another page, so that leaving loses nothing. */
import { ApiError, type Mistake } from '../api/http';
import { settingsApi, type Config } from '../api/settings';
import { Resource, words } from './resource.svelte';

export class ConfigText extends Resource<Config> {
  /** What is being written; null while it is what stands in the file. */
  draft = $state<string | null>(null);
  mistakes = $state.raw<readonly Mistake[]>([]);
  /** Somebody else wrote the file since it was read here. */
  overtaken = $state(false);
  busy = $state(false);
  /** A refusal that is about no line of it. */
  refused = $state<string | null>(null);
  #asked = 0;

  constructor() {
    super(settingsApi.config);
  }

  get text(): string {
    return this.draft ?? this.value?.toml ?? '';
  }

  get changed(): boolean {
    return this.draft !== null && this.draft !== this.value?.toml;
  }

  /** Reads the file again, unless something is being written here: then it is only told that it changed. */
  async look(): Promise<void> {
    if (!this.changed) return this.load();
    try {
      const there = await settingsApi.config();
      this.overtaken = there.etag !== this.value?.etag;
    } catch {
      // the bar above the page tells a lost connection, and saving tells the rest
    }
  }

  write(text: string): void {
    this.draft = text;
  }

  discard(): void {
    this.draft = null;
    this.mistakes = [];
    this.overtaken = false;
    this.refused = null;
  }

  /** Asks what is wrong with the draft; an answer to an older text is dropped. */
  async check(): Promise<void> {
    const asked = ++this.#asked;
    const text = this.text;
    try {
      const { errors } = await settingsApi.check(text);
      if (asked === this.#asked) this.mistakes = errors;
    } catch {
      // saving asks the same once more
    }
  }

  /** Writes the draft. `over`: also over what somebody else wrote meanwhile. True when it is in force. */
  async save(over = false): Promise<boolean> {
    if (!this.value) return false;
    this.busy = true;
    this.refused = null;
    try {
      const etag = over ? (await settingsApi.config()).etag : this.value.etag;
      const text = this.text;
      this.value = await settingsApi.write(text, etag);
      if (this.text === text) this.discard();
      return true;
    } catch (cause) {
      const refusal = cause instanceof ApiError ? cause : null;
      if (refusal?.status === 412) this.overtaken = true;
      else if (refusal?.mistakes.length) this.mistakes = refusal.mistakes;
      else this.refused = words(cause);
      return false;
    } finally {
      this.busy = false;
    }
  }
}

/** Where a line and a column (from 1, in characters) are in a text. */
export function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let at = 1; at < line; at += 1) {
    const next = text.indexOf('\n', start);
    if (next < 0) return text.length;
    start = next + 1;
  }
  const end = text.indexOf('\n', start);
  return Math.min(start + column - 1, end < 0 ? text.length : end);
}

export const configText = new ConfigText();
