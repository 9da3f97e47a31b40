/** What the usage page shows: sums over a period, over the one before, apart by model or provider, by anything. */
import { budgets } from '../../api/budgets';
import type { ModelPrice } from '../../api/prices';
import { prices, usage, wholeUsage, type Facet, type UsageReport, type UsageRow } from '../../api/usage';
import { Resource, words } from '../resource.svelte';
import { days, stepSpan, timeZone, type Period, type Span } from './period';
import { priceOf, savings, type Savings } from './savings';

export const STACKS = ['none', 'model', 'provider'] as const;
export type Stack = (typeof STACKS)[number];

/** Longer than this, hours are too many to ask for. */
export const MOST_HOURLY_DAYS = 93;
/** Steps that are asked for at a time. */
const AT_ONCE = 4;
/** What began in a step may end, and be counted, so long after it: only then its rows stay as they are. */
const SETTLED_MS = 60 * 60_000;
/** Models whose prices are looked up to tell what caches saved: those that read most of them. */
const MOST_PRICED = 12;

interface Times {
  period: Period;
  report: UsageReport;
}

export class Usage {
  #period: Period;
  #by: Facet;
  #stack: Stack;
  #round = 0;
  /** Of which steps, and apart by what, `steps` is. */
  #drawn = '';
  #closed = new Map<string, UsageRow[]>();
  #prices = new Map<string, ModelPrice | null>();

  /** By the period's steps; its total is that of the whole period. */
  readonly times = new Resource<Times>(async () => {
    const period = this.#period;
    return { period, report: await wholeUsage({ by: period.step === 'hour' ? 'hour' : 'day', ...span(period), zone: timeZone() }) };
  });
  /** By hour, for the week; null where the period is too long for that. */
  readonly hours = new Resource<UsageRow[] | null>(async () => {
    const period = this.#period;
    if (days(period) > MOST_HOURLY_DAYS) return null;
    return (await wholeUsage({ by: 'hour', ...span(period), zone: timeZone() })).items;
  });
  /** The sum of the time before. */
  readonly before = new Resource<UsageRow>(async () => {
    return (await usage({ by: 'day', ...this.#period.before, zone: timeZone(), limit: 1 })).total;
  });
  /** The lines of the breakdown. */
  readonly lines = new Resource<{ by: Facet; period: Period; report: UsageReport }>(async () => {
    const [by, period] = [this.#by, this.#period];
    return { by, period, report: await usage({ by, ...span(period), zone: timeZone() }) };
  });
  readonly models = new Resource<UsageRow[]>(async () => {
    return (await usage({ by: 'model', ...span(this.#period), zone: timeZone() })).items;
  });
  readonly budgets = new Resource(budgets);
  readonly savings = new Resource<Savings>(async () => {
    const rows = this.models.value ?? [];
    const read = rows.filter((row) => row.key && row.cache_read_tokens).slice(0, MOST_PRICED);
    await Promise.all(read.map((row) => this.#learn(row.key ?? '')));
    const known = [...this.#prices].flatMap(([model, price]) => (price ? [[model, price] as const] : []));
    return savings(rows, new Map(known));
  });
  /** Rows apart by the stack for each step of `times.value.period`; null while a step is on its way. */
  steps = $state.raw<(UsageRow[] | null)[]>([]);
  /** Why steps are missing, in the daemon's words. */
  stepsError = $state<string | null>(null);

  constructor(period: Period, by: Facet, stack: Stack) {
    this.#period = period;
    this.#by = by;
    this.#stack = stack;
  }

  /** Asks for all of a period. */
  async look(period: Period): Promise<void> {
    this.#period = period;
    await Promise.all([
      this.times.load(),
      this.hours.load(),
      this.before.load(),
      this.lines.load(),
      this.budgets.load(),
      this.models.load().then(() => this.savings.load()),
      this.#loadSteps(),
    ]);
  }

  async breakDown(by: Facet): Promise<void> {
    if (by === this.#by) return;
    this.#by = by;
    await this.lines.load();
  }

  async stackBy(stack: Stack): Promise<void> {
    if (stack === this.#stack) return;
    this.#stack = stack;
    await this.#loadSteps();
  }

  /** Something old has changed, as after taking logs in. */
  forget(): void {
    this.#closed.clear();
    this.#prices.clear();
  }

  async #loadSteps(): Promise<void> {
    const round = ++this.#round;
    const [period, by] = [this.#period, this.#stack];
    this.stepsError = null;
    if (by === 'none') {
      this.steps = [];
      this.#drawn = '';
      return;
    }
    const now = Date.now();
    const wanted = period.steps.map((_, index) => stepSpan(period, index));
    const id = (one: Span) => `${by} ${one.since.getTime()} ${one.until.getTime()}`;
    const rows: (UsageRow[] | null)[] = wanted.map((one) => (one.since.getTime() > now ? [] : (this.#closed.get(id(one)) ?? null)));
    // What is drawn stays until the new is there, unless it is of other steps.
    const drawn = wanted.map(id).join();
    if (this.#drawn !== drawn) this.steps = [...rows];
    this.#drawn = drawn;
    const missing = rows.flatMap((row, index) => (row === null ? [index] : []));
    const work = async () => {
      for (let index = missing.pop(); index !== undefined && round === this.#round; index = missing.pop()) {
        const one = wanted[index] as Span;
        const { items } = await usage({ by, ...one, zone: timeZone() });
        rows[index] = items;
        if (one.until.getTime() + SETTLED_MS < now) this.#closed.set(id(one), items);
      }
    };
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      if (round === this.#round) this.steps = rows;
    } catch (cause) {
      if (round === this.#round) this.stepsError = words(cause);
    }
  }

  async #learn(model: string): Promise<void> {
    if (this.#prices.has(model)) return;
    this.#prices.set(model, priceOf(model, await prices(model)) ?? null);
  }
}

function span({ since, until }: Span): Span {
  return { since, until };
}
