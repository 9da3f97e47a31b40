/** The test request of the first steps: sent as a client's request goes, by the page's own session. */
import { BASE, ApiError } from './http';

export interface Tried {
  text: string;
  requestId: string | null;
  provider: string | null;
  /** Milliseconds until the whole answer was there. */
  took: number;
}

/** A stuck provider is given up after this, in milliseconds. */
const PATIENCE_MS = 60_000;

export async function testRequest(prompt: string): Promise<Tried> {
  const began = performance.now();
  let response: Response;
  let answer: { content?: { type: string; text?: string }[]; error?: { message?: string } } | null;
  try {
    response = await fetch(`${BASE}/playground`, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'claude-sonnet-4-5', max_tokens: 128, messages: [{ role: 'user', content: prompt }] }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    answer = await response.json().catch(() => null);
  } catch (cause) {
    throw new ApiError(0, 'unreachable', cause instanceof Error ? cause.message : String(cause));
  }
  const requestId = response.headers.get('x-turnout-request-id');
  if (!response.ok) throw new ApiError(response.status, 'test', answer?.error?.message ?? `HTTP ${response.status}`, requestId ?? undefined);
  const text = (answer?.content ?? []).map((block) => block.text ?? '').join('');
  return { text, requestId, provider: response.headers.get('x-turnout-provider'), took: performance.now() - began };
}
