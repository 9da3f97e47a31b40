/** A request on one axis of time: its attempts, and the stretches in which it waited. Pure. */
import type { Attempt, RequestDetail } from '../api/types';

export interface Stretch {
  kind: 'attempt' | 'waited' | 'suspended';
  /** Milliseconds since the request came. */
  from: number;
  to: number;
  /** The first token, milliseconds since the request came. */
  first?: number;
  attempt?: Attempt;
  /** It goes on. */
  open: boolean;
}

/** A pause between two attempts shorter than this is no waiting. */
const NOTICED_MS = 50;

/** The stretches in their order. `took` is how long the request takes until now, or took in all. */
export function stretches(detail: RequestDetail, took: number): Stretch[] {
  const start = Date.parse(detail.started_at);
  const running = detail.duration_ms == null;
  const all: Stretch[] = detail.attempts.map((attempt) => {
    const from = Math.max(0, Date.parse(attempt.started_at) - start);
    const open = running && attempt.duration_ms == null && !attempt.verdict;
    const to = attempt.duration_ms == null ? Math.max(from, took) : from + attempt.duration_ms;
    const first = attempt.ttft_ms == null ? {} : { first: from + attempt.ttft_ms };
    return { kind: 'attempt', from, to, ...first, attempt, open };
  });
  return [...all, ...waits(detail, all, start, took)].sort((a, b) => a.from - b.from);
}

/** What lies between the attempts: suspended where the events say so. */
function waits(detail: RequestDetail, attempts: readonly Stretch[], start: number, took: number): Stretch[] {
  const suspended = (detail.events ?? []).filter((event) => event.name === 'suspended' && event.at);
  const marks = suspended.map((event) => Date.parse(event.at as string) - start);
  const found: Stretch[] = [];
  const wait = (from: number, to: number, open: boolean) => {
    const mark = marks.some((at) => at >= from - NOTICED_MS && at <= to);
    if (to - from >= NOTICED_MS) found.push({ kind: mark ? 'suspended' : 'waited', from, to, open });
  };
  // Since when nothing has been tried.
  let idle = 0;
  for (const attempt of [...attempts].sort((a, b) => a.from - b.from)) {
    wait(idle, attempt.from, false);
    idle = Math.max(idle, attempt.open ? Infinity : attempt.to);
  }
  const running = detail.duration_ms == null;
  // A request that is over waited at its end only where it was held.
  if (running || marks.some((at) => at >= idle - NOTICED_MS)) wait(idle, took, running);
  return found;
}

/** Round times for the axis below the bars, in whole milliseconds, at most five of them, without the end. */
export function ticks(span: number): number[] {
  if (span <= 0) return [];
  const power = 10 ** Math.floor(Math.log10(span / 4));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => Number.isInteger(size) && span / size <= 5) ?? 1;
  const all: number[] = [];
  for (let at = step; at < span * 0.93; at += step) all.push(Math.round(at * 1000) / 1000);
  return all;
}
