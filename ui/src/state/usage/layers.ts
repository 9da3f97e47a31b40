/** Usage in steps of time, apart by model or provider, as layers to draw upon each other: the largest few and the others. Pure. */
import type { UsageRow } from '../../api/usage';
import { share } from '../decimal';
import { amount, METRICS, type Metric } from './figures';
import { stepAt, type Period } from './period';

/** As many as there are colours to tell apart. */
export const MOST = 7;

export interface Layer {
  /** What it is of; null for what is not known, undefined for all the others together. */
  name: string | null | undefined;
  /** Its place among the colours, from 0; -1 for the others. */
  colour: number;
  values: bigint[];
  total: bigint;
}

/** What each step has, from rows by hour or by day. */
export function inSteps(rows: readonly UsageRow[], period: Period, metric: Metric): bigint[] {
  const values = period.steps.map(() => 0n);
  for (const row of rows) {
    const index = row.key === null ? -1 : stepAt(period, Date.parse(row.key));
    if (index >= 0) values[index] = (values[index] ?? 0n) + amount(row, metric);
  }
  return values;
}

/** One layer of everything. */
export function whole(values: bigint[]): Layer[] {
  return [{ name: undefined, colour: 0, values, total: sum(values) }];
}

/**
 * Layers from the rows of each step. Who gets a colour, and which, is the same for every metric: whoever has the
 * largest share of any of them. A step that is not there yet counts as nothing.
 */
export function layered(steps: readonly (readonly UsageRow[] | null)[], metric: Metric): Layer[] {
  const names = ranked(steps);
  const shown = names.length > MOST ? names.slice(0, MOST) : names;
  const layers = shown.map((name, colour): Layer => layer(name, colour, steps, metric, (row) => row.key === name));
  if (names.length > shown.length) {
    layers.push(layer(undefined, -1, steps, metric, (row) => !shown.includes(row.key)));
  }
  return layers;
}

function layer(
  name: Layer['name'],
  colour: number,
  steps: readonly (readonly UsageRow[] | null)[],
  metric: Metric,
  has: (row: UsageRow) => boolean,
): Layer {
  const values = steps.map((rows) => sum((rows ?? []).filter(has).map((row) => amount(row, metric))));
  return { name, colour, values, total: sum(values) };
}

const NOTHING: Readonly<Record<Metric, bigint>> = { cost: 0n, requests: 0n, tokens: 0n, failures: 0n };

function ranked(steps: readonly (readonly UsageRow[] | null)[]): (string | null)[] {
  const totals = new Map<string | null, Record<Metric, bigint>>();
  const all: Record<Metric, bigint> = { ...NOTHING };
  for (const row of steps.flatMap((rows) => rows ?? [])) {
    const own = totals.get(row.key) ?? { ...NOTHING };
    for (const metric of METRICS) {
      own[metric] += amount(row, metric);
      all[metric] += amount(row, metric);
    }
    totals.set(row.key, own);
  }
  const rank = (own: Record<Metric, bigint>) => Math.max(...METRICS.map((metric) => share(own[metric], all[metric])));
  return [...totals].sort(([a, x], [b, y]) => rank(y) - rank(x) || String(a).localeCompare(String(b))).map(([name]) => name);
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}
