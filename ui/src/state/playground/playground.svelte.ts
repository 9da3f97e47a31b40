/** The playground: what is being written and the answers to it. It outlives the page, so that answers go on while one looks elsewhere. */
import { historyApi } from '../../api/history';
import { models, modelsOf } from '../../api/playground';
import type { Provider } from '../../api/types';
import { textOf } from '../bodies';
import { words } from '../resource.svelte';
import { ask, FRESH, keep, load, MOST_TARGETS, ready, split, type Draft, type Target } from './draft';
import { Run } from './run.svelte';
import { taken } from './taken';

export type Notice = { kind: 'not-kept' } | { kind: 'left-out'; parts: number } | { kind: 'failed'; said: string };

class Playground {
  draft = $state<Draft>(load());
  runs = $state.raw<Run[]>([]);
  /** Models to choose from: by provider, and under an empty name what clients can ask for. */
  offered = $state.raw<Readonly<Record<string, readonly string[]>>>({});
  /** Who has each of those that clients can ask for. */
  owners = $state.raw<Readonly<Record<string, string>>>({});
  /** What is to be said of a request that was opened here. */
  notice = $state.raw<Notice | null>(null);
  #asked = new Set<string>();
  ready = $derived(ready(this.draft));
  running = $derived(this.runs.some((run) => run.running));

  /** Sends to every target that names a model. */
  send(): void {
    if (!this.ready || this.running) return;
    const draft = $state.snapshot(this.draft);
    keep(draft);
    this.runs = draft.targets.filter((target) => target.model.trim() !== '').map((target) => new Run(target, ask(draft, target)));
    for (const run of this.runs) void run.go();
  }

  /** The same question to one of them once more. */
  again(run: Run): void {
    const next = new Run(run.target, run.ask);
    this.runs = this.runs.map((other) => (other === run ? next : other));
    void next.go();
  }

  stop(): void {
    for (const run of this.runs) run.stop();
  }

  /** Takes an answer into the conversation; the next question follows it. */
  goOn(run: Run): void {
    this.draft.turns = [...run.ask.messages, { role: 'assistant', content: run.answer.text }, { role: 'user', content: '' }];
    this.keep();
  }

  /** A request of the history becomes the draft, asked where it was; what happened otherwise is said. */
  async open(id: string): Promise<void> {
    this.notice = null;
    try {
      const { items } = await historyApi.bodies(id);
      const asked = items.find((body) => body.part === 'request' && body.attempt === 0);
      const found = taken((asked && textOf(asked, items)) ?? '');
      if (!found) {
        this.notice = { kind: 'not-kept' };
        return;
      }
      this.stop();
      this.runs = [];
      this.draft = { ...this.draft, ...found.draft, targets: [{ id: 1, to: '', model: found.model }], captured: true };
      this.notice = found.leftOut > 0 ? { kind: 'left-out', parts: found.leftOut } : null;
      this.keep();
    } catch (cause) {
      this.notice = { kind: 'failed', said: words(cause) };
    }
  }

  fresh(): void {
    this.notice = null;
    this.stop();
    this.runs = [];
    this.draft = { ...structuredClone(FRESH), targets: this.draft.targets };
    this.keep();
  }

  add(): void {
    const last = this.draft.targets.at(-1);
    if (this.draft.targets.length >= MOST_TARGETS) return;
    const id = Math.max(0, ...this.draft.targets.map((target) => target.id)) + 1;
    this.draft.targets.push({ id, to: last?.to ?? '', model: '' });
  }

  remove(target: Target): void {
    this.draft.targets = this.draft.targets.filter((other) => other.id !== target.id);
    this.keep();
  }

  keep(): void {
    keep($state.snapshot(this.draft));
  }

  /** What can be asked for there; the provider's own list comes when it can be had. */
  async offer(to: string, providers: readonly Provider[]): Promise<void> {
    const [kind, name] = split(to);
    const place = kind === 'provider' ? name : '';
    if (this.#asked.has(place)) return;
    this.#asked.add(place);
    const own = providers.find((provider) => provider.name === place);
    if (own) this.#offer(place, tiers(own));
    try {
      const found = await (place ? modelsOf(place) : models());
      if (!place) this.owners = Object.fromEntries(found.map((model) => [model.id, model.owned_by ?? '']));
      this.#offer(place, found.map((model) => model.id));
    } catch {
      // nothing to choose from: a name can still be typed
      this.#asked.delete(place);
    }
  }

  #offer(place: string, names: readonly string[]): void {
    this.offered = { ...this.offered, [place]: [...new Set([...(this.offered[place] ?? []), ...names])] };
  }
}

function tiers(provider: Provider): string[] {
  const { models: own } = provider as Provider & { models?: Record<string, unknown> };
  return Object.values(own ?? {}).flat().filter((name) => typeof name === 'string');
}

export const playground = new Playground();
