/** The test request of the first steps: sent as a client's request goes, by the page's own session. */
import { ApiError } from './http';
import { requestId, send } from './playground';

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
  const ask = { model: 'claude-sonnet-4-5', max_tokens: 128, messages: [{ role: 'user' as const, content: prompt }] };
  try {
    const response = await send(ask, AbortSignal.timeout(PATIENCE_MS), false);
    const answer = (await response.json()) as { content?: { text?: string }[] };
    const text = (answer.content ?? []).map((block) => block.text ?? '').join('');
    return { text, requestId: requestId(response) ?? null, provider: response.headers.get('x-turnout-provider'), took: performance.now() - began };
  } catch (cause) {
    if (cause instanceof ApiError) throw cause;
    throw new ApiError(0, 'unreachable', cause instanceof Error ? cause.message : String(cause));
  }
}
