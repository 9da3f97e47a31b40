/** What became of a request, as far as its status alone does not say. */
import type { RequestRow } from '../api/types';
import { i18n, t } from '../i18n/index.svelte';

export type Ended = Pick<RequestRow, 'status' | 'reason' | 'http_status'> & { attempts?: number | readonly unknown[] };

/** What providers answer: of a request that reached none, it tells why all of them rested. */
const ANSWERED = new Set(['rate_limited', 'overloaded', 'server_error', 'network', 'timeout', 'empty_response', 'stream_cut']);

/** With which a request is refused on Turnout's own account, before a provider is looked for. */
const REFUSED = { 402: 'reasonBudget', 403: 'reasonForbidden', 429: 'reasonLimit' } as const;

function untried({ attempts }: Ended): boolean {
  return attempts === 0 || (Array.isArray(attempts) && attempts.length === 0);
}

/** Whether a client token's limit, its rights or a spent budget refused it: no provider was looked for, and no text of it is kept. */
export function isTurnedAway(row: Ended): boolean {
  return row.status === 'failed' && untried(row) && (row.http_status ?? 0) in REFUSED;
}

/** Why it failed, in few words; nothing of what did not fail. */
export function failure(row: Ended): string {
  if (row.status !== 'failed' || !row.reason) return '';
  if (isTurnedAway(row)) return t[REFUSED[row.http_status as keyof typeof REFUSED]];
  return untried(row) && ANSWERED.has(row.reason) ? t.reasonUntried : i18n.word('reason_', row.reason);
}
