/** The stretch of time that usage is looked at, in this computer's time zone, and the steps it is drawn in. Pure. */
import type { Params } from '../route.svelte';

export const PERIODS = ['today', '7d', '30d', 'month', 'custom'] as const;
export type PeriodName = (typeof PERIODS)[number];
export type Step = 'hour' | 'day' | 'week' | 'month';

export interface Span {
  since: Date;
  /** Not in it any more. */
  until: Date;
}

export interface Period extends Span {
  name: PeriodName;
  step: Step;
  /** The beginnings of the steps. */
  steps: Date[];
  /** As much of the time before as has passed of this one. */
  before: Span;
}

const DAYS: Readonly<Record<string, number>> = { today: 1, '7d': 7, '30d': 30 };
/** The most steps of a kind that stay readable side by side. */
const MOST_HOURS_DAYS = 2;
const MOST_DAYS = 62;
const MOST_WEEKS_DAYS = 371;

/** The period that the address names; seven days when it names none. */
export function readPeriod(params: Params, now: Date): Period {
  const name = PERIODS.find((one) => one === params.period) ?? '7d';
  const today = midnight(now);
  const tomorrow = shift(today, 1);
  if (name === 'custom') {
    const first = readDay(params.since) ?? shift(today, -6);
    const last = readDay(params.until) ?? today;
    const [since, end] = first <= last ? [first, last] : [last, first];
    const until = shift(end, 1);
    return period(name, { since, until }, now, -days({ since, until }));
  }
  if (name === 'month') {
    const since = new Date(today.getFullYear(), today.getMonth(), 1);
    const before = new Date(today.getFullYear(), today.getMonth() - 1, 1);
    const passed = new Date(Math.min(shift(now, -days({ since: before, until: since })).getTime(), since.getTime()));
    return { ...period(name, { since, until: tomorrow }, now, 0), before: { since: before, until: passed } };
  }
  const length = DAYS[name] ?? 7;
  return period(name, { since: shift(today, 1 - length), until: tomorrow }, now, -length);
}

function period(name: PeriodName, span: Span, now: Date, back: number): Period {
  const step = stepOf(span);
  const passed = span.until < now ? span.until : now;
  return { ...span, name, step, steps: stepsOf(span, step), before: { since: shift(span.since, back), until: shift(passed, back) } };
}

function stepOf(span: Span): Step {
  const length = days(span);
  if (length <= MOST_HOURS_DAYS) return 'hour';
  if (length <= MOST_DAYS) return 'day';
  return length <= MOST_WEEKS_DAYS ? 'week' : 'month';
}

/** Hours are counted by the clock that never jumps, all else by the calendar. Weeks begin with the first day. */
function stepsOf({ since, until }: Span, step: Step): Date[] {
  const steps: Date[] = [];
  for (let at = since; at < until; ) {
    steps.push(at);
    if (step === 'hour') at = new Date(at.getTime() + 3_600_000);
    else if (step === 'month') at = new Date(at.getFullYear(), at.getMonth() + 1, 1);
    else at = shift(at, step === 'week' ? 7 : 1);
  }
  return steps;
}

/** One of the steps, up to where the next begins. */
export function stepSpan(period: Period, index: number): Span {
  return { since: period.steps[index] ?? period.since, until: period.steps[index + 1] ?? period.until };
}

/** Which step a time falls into; -1 for none. */
export function stepAt(period: Pick<Period, 'steps' | 'until'>, time: number): number {
  const { steps } = period;
  if (time >= period.until.getTime()) return -1;
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] as Date).getTime() <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Whole days in a stretch, whatever the clocks did in it. */
export function days({ since, until }: Span): number {
  return Math.round((until.getTime() - since.getTime()) / 86_400_000);
}

export function shift(date: Date, by: number): Date {
  const moved = new Date(date);
  moved.setDate(moved.getDate() + by);
  return moved;
}

function midnight(date: Date): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate());
}

/** `2026-11-22` as that day's beginning here. */
export function readDay(text: string | undefined): Date | null {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text ?? '');
  if (!found) return null;
  const date = new Date(Number(found[1]), Number(found[2]) - 1, Number(found[3]));
  return date.getDate() === Number(found[3]) ? date : null;
}

export function writeDay(date: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  return `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** A step's name under the chart, and in full for a tooltip. */
export function stepName(at: Date, step: Step, locale: string, full = false): string {
  const options: Intl.DateTimeFormatOptions =
    step === 'hour'
      ? { hour: '2-digit', minute: '2-digit', hour12: false, ...(full && { weekday: 'short', month: 'short', day: 'numeric' }) }
      : step === 'month'
        ? { month: full ? 'long' : 'short', year: 'numeric' }
        : { month: 'short', day: 'numeric', ...(full && { weekday: 'short', year: 'numeric' }) };
  return new Intl.DateTimeFormat(locale, options).format(at);
}

export function timeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
