/** A file of the requests that match a filter, made here page by page: the daemon's own export knows times alone. */
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

/** The text in pieces, newest first. `tell` hears how many were taken so far; it ends early when `stopped` says so. */
export async function gather(
  filter: HistoryFilter,
  format: ExportFormat,
  tell: (rows: number) => void,
  stopped: () => boolean,
  api: Api = realApi,
): Promise<string[]> {
  const pieces = [format === 'csv' ? `${CSV_COLUMNS.join(',')}\r\n` : format === 'json' ? '[' : ''];
  let taken = 0;
  for (const status of filter.status === 'running' ? RUNNING : [undefined]) {
    let cursor: string | null | undefined;
    do {
      const page = await api.requests({ ...question(filter), ...(status ? { status } : {}), cursor: cursor ?? undefined, limit: 1000 });
      const rows = page.items.filter((row) => matches(row, { ...filter, q: '' }));
      pieces.push(rows.map((row, index) => piece(row, format, taken + index === 0)).join(''));
      taken += rows.length;
      tell(taken);
      cursor = page.next_cursor;
    } while (cursor && !stopped());
  }
  return format === 'json' ? [...pieces, ']\n'] : pieces;
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
