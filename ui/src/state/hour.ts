/** The last hour as bars: what went well above the line, what failed below it. Pure. */
import type { Series } from '../api/overview';

export interface Bar {
  x: number;
  /** Heights in pixels, from the line up and from the line down. */
  good: number;
  bad: number;
}

/** Each bar is as wide as its step less a gap of one; what is there at all is never less than a pixel and a half high. */
export function bars(all: readonly number[], failed: readonly number[], width: number, height: number): { bars: Bar[]; line: number; step: number } {
  const step = width / Math.max(1, all.length);
  const most = Math.max(1, ...all.map((count, index) => count - (failed[index] ?? 0)));
  const worst = Math.max(0, ...failed);
  const below = worst ? Math.max(4, Math.round((height * worst) / (most + worst))) : 0;
  const line = height - below - 1;
  const scaled = (count: number, of: number, room: number) => (count > 0 ? Math.max(1.5, (count / of) * room) : 0);
  return {
    line,
    step,
    bars: all.map((count, index) => ({
      x: index * step,
      good: scaled(count - (failed[index] ?? 0), most, line),
      bad: scaled(failed[index] ?? 0, Math.max(1, worst), below),
    })),
  };
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Amounts for the shape of a line; they are never shown as numbers. */
export function shape(amounts: readonly string[]): number[] {
  return amounts.map(Number);
}

/** The figures of one provider, if it was tried in that hour. */
export function ofProvider(series: Series | null, provider: string): Series['providers'][number] | null {
  const found = series?.providers.find((other) => other.provider === provider);
  return found && sum(found.attempts) > 0 ? found : null;
}

/** The last time to the first token that is known. */
export function latest(values: readonly (number | null)[]): number | null {
  return values.findLast((value) => value !== null) ?? null;
}
