/** Calls of the history: what was said in a request, a request sent again, sums, and where an export comes from. */
import { BASE, get, part, post, query } from './http';
import type { RequestFilter } from './client';
import type { List, RequestStatus, Tokens } from './types';
import type { UsageReport } from './usage';

/** A body as it was captured. */
export interface Body {
  /** From 1; 0 is the client's side. */
  attempt: number;
  part: 'request' | 'answer';
  /** Its length as it was. */
  bytes: number;
  /** Its end is missing. */
  cut: boolean;
  /** Secrets that were taken out. */
  redacted: number;
  /** Images and the like of which only size and hash are kept. */
  media: number;
  /** The attempt that has the same body on the same side; this one's text is empty then. */
  same_as?: number | null;
  method?: string | null;
  address?: string | null;
  status?: number | null;
  headers: { name: string; value: string }[];
  content_type?: string | null;
  text?: string | null;
  base64?: string | null;
}

export interface ReplaySide extends Tokens {
  id: string;
  status: RequestStatus | '';
  reason?: string | null;
  http_status?: number | null;
  provider?: string | null;
  model?: string | null;
  model_answered?: string | null;
  estimated?: boolean;
  cost_usd?: string | null;
  ttft_ms?: number | null;
  duration_ms?: number | null;
  error?: string | null;
  answer: {
    text?: string | null;
    thinking?: string | null;
    tool_calls: { name: string; arguments: unknown }[];
    cut: boolean;
    /** Why it cannot be read, or the error that it is. */
    problem?: string | null;
  };
}

export interface Replay {
  original: ReplaySide;
  replay: ReplaySide;
  same_text: boolean;
  redacted: number;
}

export type ExportFormat = 'csv' | 'json' | 'jsonl';

/** A model may take its time to answer. */
const ANSWERED_MS = 600_000;

export const historyApi = {
  bodies: (id: string) => get<List<Body>>(`/requests/${part(id)}/bodies${query({ limit: 1000 })}`),
  replay: (id: string, to: { provider?: string; model?: string }) =>
    post<Replay>(`/requests/${part(id)}/replay`, to, { patience: ANSWERED_MS }),
  usage: (question: { by: string; since?: string; until?: string; limit?: number }) => get<UsageReport>(`/usage${query(question)}`),
};

/** Where the requests that match come from as a file; the daemon streams it. */
export function exportUrl(format: ExportFormat, filter: RequestFilter): string {
  return `${BASE}/export${query({ format, ...filter })}`;
}
