/** How the admin API is called: paths under `/api/v1`, its errors, its pages. The session travels in an HttpOnly cookie. */
import type { List } from './types';

export const BASE = '/api/v1';
/** A call that takes longer than this is taken for a lost connection. */
const PATIENCE_MS = 15_000;

/** A mistake in a text that was sent, such as the config; lines and columns count from 1. */
export interface Mistake {
  line: number | null;
  column: number | null;
  message: string;
}

interface Refusal {
  code?: string;
  message?: string;
  request_id?: string;
  errors?: Mistake[];
}

/** An answer that is not a success, or none at all (`status` 0: the daemon could not be reached). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly requestId?: string,
    /** Each mistake of a text that was refused. */
    readonly mistakes: readonly Mistake[] = [],
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

export function get<T>(path: string): Promise<T> {
  return send<T>('GET', path);
}

export function post<T>(path: string, body: unknown = {}, more: More = {}): Promise<T> {
  return send<T>('POST', path, body, more);
}

/** Every page of a list that is short by nature (groups, providers, keys). */
export async function all<T>(path: string): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: List<T> = await get<List<T>>(`${path}${query({ limit: 1000, cursor: cursor ?? undefined })}`);
    items.push(...page.items);
    cursor = page.next_cursor ?? null;
  } while (cursor);
  return items;
}

export function put<T>(path: string, body: unknown, more: More = {}): Promise<T> {
  return send<T>('PUT', path, body, more);
}

export function patch<T>(path: string, body: unknown): Promise<T> {
  return send<T>('PATCH', path, body);
}

export function del(path: string): Promise<void> {
  return send<void>('DELETE', path);
}

/** A name as one part of a path. */
export function part(name: string): string {
  return encodeURIComponent(name);
}

export interface More {
  headers?: Record<string, string>;
  /** For calls that may take longer, such as an import, in milliseconds. */
  patience?: number;
}

export async function send<T>(method: string, path: string, body?: unknown, more: More = {}): Promise<T> {
  const init: RequestInit = {
    method,
    credentials: 'same-origin',
    headers: { accept: 'application/json', ...more.headers },
    signal: AbortSignal.timeout(more.patience ?? PATIENCE_MS),
  };
  if (body !== undefined) {
    init.headers = { ...init.headers, 'content-type': 'application/json' };
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
  const error = (json as { error?: Refusal } | null)?.error;
  throw new ApiError(
    response.status,
    error?.code ?? `http_${response.status}`,
    error?.message ?? `HTTP ${response.status}`,
    error?.request_id,
    error?.errors,
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

/** `?a=1&b=2`; what is empty or undefined is left out. */
export function query(values: Record<string, string | number | undefined>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== '') params.set(name, String(value));
  }
  const text = params.toString();
  return text ? `?${text}` : '';
}
