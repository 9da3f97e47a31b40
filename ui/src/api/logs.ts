/** The program's own log, of which the daemon keeps the last thousand lines. */
import { get, query } from './http';
import type { List } from './types';

export const LEVELS = ['error', 'warn', 'info', 'debug', 'trace'] as const;
export type Level = (typeof LEVELS)[number];

export interface LogLine {
  /** Grows by one with each line since the daemon started. */
  id: number;
  at: string;
  level: Level;
  /** The part of the program that tells it. */
  target: string;
  message: string;
  /** Further facts by name, such as `provider` and `request_id`. */
  fields: Record<string, unknown>;
}

/** As many as the daemon keeps, the newest first. */
export function logs(): Promise<List<LogLine>> {
  return get<List<LogLine>>(`/logs${query({ limit: 1000 })}`);
}
