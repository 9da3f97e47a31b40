/** The config as text while it is changed here. The draft outlives a look at another page, so that leaving loses nothing. */
import { ApiError, type Mistake } from '../api/http';
import { settingsApi, type Config } from '../api/settings';
import { Resource, words } from './resource.svelte';

export class ConfigText extends Resource<Config> {
  /** What is being written, and the file that it was begun on; null while nothing is. */
  #draft = $state.raw<{ text: string; base: Config } | null>(null);
  mistakes = $state.raw<readonly Mistake[]>([]);
  busy = $state(false);
  /** A refusal that is about no line of it. */
  refused = $state<string | null>(null);
  #asked = 0;

  constructor() {
    super(settingsApi.config);
  }

  get text(): string {
    return this.#draft?.text ?? this.value?.toml ?? '';
  }

  get changed(): boolean {
    return this.#draft !== null;
  }

  /** Somebody else wrote the file since the draft was begun. */
  get overtaken(): boolean {
    return this.#draft !== null && this.#draft.base.etag !== this.value?.etag;
  }

  /** A text that says what the file says, or what it said when the draft was begun, is no draft. */
  write(text: string): void {
    const base = this.#draft?.base ?? this.value;
    if (!base || text === base.toml || text === this.value?.toml) this.#draft = null;
    else this.#draft = { text, base };
  }

  discard(): void {
    this.#draft = null;
    this.mistakes = [];
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
    const draft = this.#draft;
    if (!draft) return false;
    this.busy = true;
    this.refused = null;
    try {
      const etag = over ? (await settingsApi.config()).etag : draft.base.etag;
      const base = await settingsApi.write(draft.text, etag);
      this.take(base);
      if (this.text === draft.text) this.discard();
      else if (this.#draft) this.#draft = { text: this.#draft.text, base };
      return true;
    } catch (cause) {
      const refusal = cause instanceof ApiError ? cause : null;
      if (refusal?.status === 412) await this.load();
      if (refusal?.mistakes.length) this.mistakes = refusal.mistakes;
      else if (!this.overtaken) this.refused = words(cause);
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
