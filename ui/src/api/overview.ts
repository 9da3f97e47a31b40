/** What the overview asks for beside what every page shares: the last hour in figures, what runs, what waits, what happened. */
import { all, get, part, post, query } from './http';
import type { Mark, Notice } from './types';

/** Figures in equal steps, the oldest first. They are kept in memory since the daemon started. */
export interface Series {
  since: string;
  until: string;
  step_seconds: number;
  total: Steps & { requests: number[]; cost_usd?: string[] };
  providers: (Steps & { provider: string; attempts: number[] })[];
}

interface Steps {
  failures: number[];
  tokens: number[];
  /** Typical time to the first token; null where nothing was answered. */
  ttft_ms: (number | null)[];
}

/** A client that waits for an answer, or reads one. */
export interface Connection {
  id: string;
  since: string;
  status: string;
  mark?: Mark | null;
  client?: string | null;
  provider?: string | null;
  model?: string | null;
  attempts: number;
  ttft_ms?: number | null;
  output_tokens?: number | null;
}

/** A request that waits until something can serve it. */
export interface Suspended {
  id: string;
  position: number;
  since: string;
  /** It fails then, if nothing can serve it before. */
  until: string;
  model_requested: string;
  group?: string | null;
  provider?: string | null;
  /** Why nothing can serve it, in one sentence. */
  reason: string;
}

export type Destination = { group: string } | { provider: string };

export const MINUTES = 60;

export const overview = {
  series: () => get<Series>(`/series${query({ minutes: MINUTES, buckets: 30 })}`),
  notices: () => all<Notice>('/notices'),
  connections: () => all<Connection>('/connections'),
  suspended: () => all<Suspended>('/suspended'),
  release: (id: string) => post<void>(`/suspended/${part(id)}/release`),
  redirect: (id: string, to: Destination) => post<void>(`/suspended/${part(id)}/redirect`, to),
  fail: (id: string) => post<void>(`/suspended/${part(id)}/fail`),
};
