/** Usage by weekday and hour of the day, in this computer's time. Pure. */
import type { UsageRow } from '../../api/usage';
import { amount, type Metric } from './figures';

export interface Week {
  /** Seven rows from Monday on, of 24 hours each. */
  cells: bigint[][];
  /** The largest cell; 0 where nothing was used. */
  most: bigint;
  /** Where it is. */
  busiest: { day: number; hour: number } | null;
}

/** From rows by hour. */
export function week(rows: readonly UsageRow[], metric: Metric): Week {
  const cells = Array.from({ length: 7 }, () => Array.from({ length: 24 }, () => 0n));
  for (const row of rows) {
    const at = row.key === null ? null : new Date(row.key);
    const day = at && cells[(at.getDay() + 6) % 7];
    if (day) day[at.getHours()] = (day[at.getHours()] ?? 0n) + amount(row, metric);
  }
  let most = 0n;
  let busiest: Week['busiest'] = null;
  cells.forEach((hours, day) =>
    hours.forEach((value, hour) => {
      if (value > most) [most, busiest] = [value, { day, hour }];
    }),
  );
  return { cells, most, busiest };
}

/** The short name of a weekday, 0 being Monday. */
export function dayName(day: number, locale: string, length: 'short' | 'long' = 'short'): string {
  return new Intl.DateTimeFormat(locale, { weekday: length }).format(new Date(2024, 0, 1 + day));
}

export function hourName(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`;
}
