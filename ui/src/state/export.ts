/**
 * A file of requests that the daemon has no filter for (those that run, those tried more than once), made here page by
 * page. All else the daemon exports by itself.
 */
import { api as realApi, type Api } from '../api/client';
import type { ExportFormat } from '../api/history';
import type { RequestRow } from '../api/types';
import { question } from './history-filter';
import { matches, RUNNING, type HistoryFilter } from './merge';

/** As in the daemon's export. */
export const CSV_COLUMNS = [
  'id', 'started_at', 'status', 'mark', 'reason', 'http_status', 'replay_of', 'client', 'token', 'session',
  'client_dialect', 'provider_dialect', 'path', 'model_requested', 'model_used', 'model_answered', 'provider', 'key',
  'group', 'rule', 'stream', 'input_tokens', 'output_tokens', 'cache_read_tokens', 'cache_write_5m_tokens',
  'cache_write_1h_tokens', 'cache_write_tokens', 'reasoning_tokens', 'estimated', 'cost_usd', 'unpriced',
  'switch_cost_usd', 'ttft_ms', 'duration_ms', 'tokens_per_second', 'attempts', 'losses', 'error',
] as const; // prettier-ignore

/** Where a file's text goes, piece by piece. */
export interface Sink {
  /** Requests that it can hold at most; none where it writes to a disk. */
  most?: number;
  write: (text: string) => Promise<void>;
}

export interface Gathered {
  rows: number;
  /** There are older ones, which the sink could not hold. */
  cut: boolean;
}

/** Writes the text, newest first. `tell` hears how many were taken so far; it ends early when `stopped` says so. */
export async function gather(
  filter: HistoryFilter,
  format: ExportFormat,
  sink: Sink,
  tell: (rows: number) => void,
  stopped: () => boolean,
  api: Api = realApi,
): Promise<Gathered> {
  const most = sink.most ?? Infinity;
  await sink.write(format === 'csv' ? `${CSV_COLUMNS.join(',')}\r\n` : format === 'json' ? '[' : '');
  let rows = 0;
  let cut = false;
  for (const status of filter.status === 'running' ? RUNNING : [undefined]) {
    let cursor: string | null | undefined;
    do {
      const page = await api.requests({ ...question(filter), ...(status ? { status } : {}), cursor: cursor ?? undefined, limit: 1000 });
      const found = page.items.filter((row) => matches(row, { ...filter, q: '' }));
      const kept = found.slice(0, most - rows);
      await sink.write(kept.map((row, index) => piece(row, format, rows + index === 0)).join(''));
      rows += kept.length;
      tell(rows);
      cursor = page.next_cursor;
      cut ||= kept.length < found.length;
    } while (cursor && !cut && !stopped());
  }
  if (format === 'json') await sink.write(']\n');
  return { rows, cut };
}

function piece(row: RequestRow, format: ExportFormat, first: boolean): string {
  if (format === 'jsonl') return `${JSON.stringify(row)}\n`;
  if (format === 'json') return `${first ? '\n' : ',\n'}${JSON.stringify(row)}`;
  const values = row as unknown as Record<string, unknown>;
  return `${CSV_COLUMNS.map((name) => cell(values[name])).join(',')}\r\n`;
}

/** RFC 4180; what a spreadsheet would take for a formula is made text. */
export function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
