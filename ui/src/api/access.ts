/** Client tokens, the admin token, and who changed what. */
import { all, del, get, part, post, put, query } from './http';
import type { List } from './types';

export const SCOPES = ['inference', 'models', 'admin:read', 'admin:write'] as const;
export const PERIODS = ['hour', 'day', 'week', 'month'] as const;

export interface TokenLimits {
  /** Requests a minute. */
  rpm: number | null;
  /** Tokens a minute. */
  tpm: number | null;
  /** Requests at once. */
  concurrency: number | null;
  usd: number | null;
  per: string | null;
}

export interface ClientToken {
  name: string;
  masked?: string | null;
  scopes: string[];
  /** The groups that may serve it; all where there are none. */
  groups: string[];
  /** Names of models, globs too, that it may ask for; all where there are none. */
  models: string[];
  limits: TokenLimits;
  expires_at?: string | null;
  expired: boolean;
  created_at?: string | null;
  last_used_at?: string | null;
  today: { requests: number; cost_usd: string };
}

/** Fields to set; `null` takes one away. */
export interface TokenChange {
  name?: string;
  scopes?: readonly string[] | null;
  groups?: readonly string[] | null;
  models?: readonly string[] | null;
  limits?: Partial<TokenLimits> | null;
  expires_at?: string | null;
}

export interface AuditEntry {
  id: string;
  at: string;
  actor: string;
  peer?: string | null;
  action: string;
  target?: string | null;
  result: string;
  http_status?: number | null;
  request_id?: string | null;
  tries: number;
  error?: string | null;
  changes: { key: string; before: unknown; after: unknown }[];
}

export const accessApi = {
  tokens: () => all<ClientToken>('/tokens'),
  /** Its value is in this answer and in no other. */
  add: (token: TokenChange) => post<ClientToken & { token: string }>('/tokens', token),
  change: (name: string, change: TokenChange) => put<ClientToken>(`/tokens/${part(name)}`, change),
  remove: (name: string) => del(`/tokens/${part(name)}`),
  rotateAdmin: () => post<{ name: string; masked: string; token: string }>('/tokens/admin/rotate'),
  /** A session for this window by an admin token: a one-time link is made and followed. */
  enter: async (token: string): Promise<boolean> => {
    try {
      const { url } = await post<{ url: string }>('/session', {}, { headers: { authorization: `Bearer ${token}` } });
      const { pathname, search } = new URL(url, location.origin);
      return (await fetch(pathname + search, { credentials: 'same-origin' })).ok;
    } catch {
      return false;
    }
  },
  audit: (ask: { q?: string | undefined; cursor?: string | undefined }) => get<List<AuditEntry>>(`/audit${query({ ...ask, limit: 50 })}`),
};
