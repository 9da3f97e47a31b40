/** A request as a command for a shell. Never holds a token: a variable stands in its place. Pure. */
import type { Body } from '../api/history';
import type { RequestDetail } from '../api/types';

const LEFT_OUT = new Set([
  'host', 'connection', 'content-length', 'accept-encoding', 'transfer-encoding', 'origin', 'referer', 'cookie', 'expect',
  'authorization', 'x-api-key', 'x-goog-api-key', 'x-turnout-token', 'user-agent', 'accept', 'accept-language',
]); // prettier-ignore
const PLACEHOLDER = '$TURNOUT_TOKEN';
const MARK = '[redacted]';

/** `body` is what the client sent, where it is kept; without it a short request of the same kind stands for it. */
export function curl(detail: RequestDetail, body: Body | null, base: string): string {
  const address = body?.address ?? detail.path ?? '/v1/messages';
  const text = body?.text ?? JSON.stringify(sample(detail));
  const headers = (body?.headers ?? []).filter(({ name, value }) => !LEFT_OUT.has(name) && !name.startsWith('sec-') && !value.includes(MARK));
  if (!headers.some(({ name }) => name === 'content-type')) headers.push({ name: 'content-type', value: 'application/json' });
  if (detail.client_dialect === 'anthropic' && !headers.some(({ name }) => name === 'anthropic-version')) {
    headers.push({ name: 'anthropic-version', value: '2023-06-01' });
  }
  const method = body?.method ?? 'POST';
  const parts = [`curl ${quoted(base + clean(address))}`];
  if (method !== 'POST') parts.push(`-X ${method}`);
  // The variable is for the shell to fill in, hence the other quotes.
  parts.push(`-H "authorization: Bearer ${PLACEHOLDER}"`);
  for (const { name, value } of headers) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (method === 'POST') parts.push(`--data-raw ${quoted(text)}`);
  return parts.join(' \\\n  ');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Without a key in the query, as Gemini's clients send it. */
function clean(address: string): string {
  const [path = '', query = ''] = address.split('?', 2);
  const kept = query.split('&').filter((part) => part && !part.includes(MARK) && !part.startsWith('key='));
  return kept.length ? `${path}?${kept.join('&')}` : path;
}

function sample(detail: RequestDetail): unknown {
  const model = detail.model_requested ?? '';
  const hello = 'Hello';
  switch (detail.client_dialect) {
    case 'gemini':
      return { contents: [{ role: 'user', parts: [{ text: hello }] }] };
    case 'openai-responses':
      return { model, input: hello };
    default:
      return { model, max_tokens: 1024, messages: [{ role: 'user', content: hello }] };
  }
}
