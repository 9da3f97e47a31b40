/** The playground's request: an Anthropic message sent the way a client's goes, answered as a stream. */
import { all, ApiError, BASE, get, part } from './http';
import type { List } from './types';

export interface Turn {
  role: 'user' | 'assistant';
  content: string;
}

export interface Ask {
  /** One of both, or neither: then it goes where such a request goes. */
  provider?: string;
  group?: string;
  model: string;
  max_tokens: number;
  temperature?: number;
  system?: string;
  messages: Turn[];
}

export interface OfferedModel {
  id: string;
  /** The provider that has it. */
  owned_by?: string | null;
}

/** Sends it, for a stream or one answer; what is refused before a first word is thrown in the daemon's or the provider's own sentence. */
export async function send(ask: Ask, signal: AbortSignal, stream = true): Promise<Response> {
  const response = await fetch(`${BASE}/playground`, {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...ask, stream }),
    signal,
  });
  if (response.ok) return response;
  const text = await response.text();
  throw new ApiError(response.status, `http_${response.status}`, sentence(text) ?? `HTTP ${response.status}`, requestId(response));
}

/** The request's id, by which it is found in the history. */
export function requestId(response: Response): string | undefined {
  return response.headers.get('x-turnout-request-id') ?? undefined;
}

/** What clients can ask for, whoever serves it. */
export const models = () => all<OfferedModel>('/models');

/** What a provider lists, asked for at this moment. */
export const modelsOf = (provider: string) => get<List<OfferedModel>>(`/providers/${part(provider)}/models`).then((list) => list.items);

/** The message of an error in either shape, the admin API's or Anthropic's. */
function sentence(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { error?: { message?: string } }).error?.message;
  } catch {
    return undefined;
  }
}
