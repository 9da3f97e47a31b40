/** Calls to the admin API. It knows paths and errors and holds no state; the session travels in an HttpOnly cookie. */
import type { Connect, Group, Key, List, Mode, Provider, RequestDetail, RequestRow, Status } from './types';

const BASE = '/api/v1';
/** A call that takes longer than this is taken for a lost connection. */
const PATIENCE_MS = 15_000;

/** An answer that is not a success, or none at all (`status` 0: the daemon could not be reached). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly requestId?: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  get unauthorised(): boolean {
    return this.status === 401;
  }

  get unreachable(): boolean {
    return this.status === 0;
  }
}

export interface RequestFilter {
  status?: string | undefined;
  provider?: string | undefined;
  q?: string | undefined;
  cursor?: string | undefined;
  limit?: number | undefined;
}

export const api = {
  status: () => get<Status>('/status'),
  groups: () => all<Group>('/groups'),
  providers: () => all<Provider>('/providers'),
  keys: () => all<Key>('/keys'),
  requests: (filter: RequestFilter) => get<List<RequestRow>>(`/requests${query({ ...filter })}`),
  request: (id: string) => get<RequestDetail>(`/requests/${encodeURIComponent(id)}`),
  connect: () => get<Connect>('/connect'),
  activate: (group: string) => post<Group>(`/groups/${encodeURIComponent(group)}/activate`),
  pause: (group: string) => post<Group>(`/groups/${encodeURIComponent(group)}/pause`),
  resume: (group: string) => post<Group>(`/groups/${encodeURIComponent(group)}/resume`),
  setMode: (mode: Mode) => send<unknown>('PUT', '/mode', { mode }),
  addKey: (provider: string, value: string) =>
    post<Key>(`/providers/${encodeURIComponent(provider)}/keys`, { value }),
  practiceOutage: (on: boolean) => post<unknown>('/practice/outage', { on }),
};

export type Api = typeof api;

export const STREAM_URL = `${BASE}/stream?events=status,provider,group,request,notice`;

function get<T>(path: string): Promise<T> {
  return send<T>('GET', path);
}

function post<T>(path: string, body: unknown = {}): Promise<T> {
  return send<T>('POST', path, body);
}

/** Every page of a list that is short by nature (groups, providers, keys). */
async function all<T>(path: string): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: List<T> = await get<List<T>>(`${path}${query({ limit: 1000, cursor: cursor ?? undefined })}`);
    items.push(...page.items);
    cursor = page.next_cursor ?? null;
  } while (cursor);
  return items;
}

async function send<T>(method: string, path: string, body?: unknown): Promise<T> {
  const init: RequestInit = {
    method,
    credentials: 'same-origin',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(PATIENCE_MS),
  };
  if (body !== undefined) {
    init.headers = { accept: 'application/json', 'content-type': 'application/json' };
    init.body = JSON.stringify(body);
  }
  let response: Response;
  let text: string;
  try {
    response = await fetch(BASE + path, init);
    text = await response.text();
  } catch (cause) {
    throw new ApiError(0, 'unreachable', cause instanceof Error ? cause.message : String(cause));
  }
  const json = parse(text);
  if (response.ok) return json as T;
  const error = (json as { error?: { code?: string; message?: string; request_id?: string } } | null)?.error;
  throw new ApiError(
    response.status,
    error?.code ?? `http_${response.status}`,
    error?.message ?? `HTTP ${response.status}`,
    error?.request_id,
  );
}

function parse(text: string): unknown {
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function query(values: Record<string, string | number | undefined>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== '') params.set(name, String(value));
  }
  const text = params.toString();
  return text ? `?${text}` : '';
}
