// The Anthropic SDK: Messages, their streams, token counts and models.
import Anthropic from '@anthropic-ai/sdk';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { Book, isBook } from './book.mjs';
import { all, caught, run } from './support.mjs';

const connect = (x) => new Anthropic({ baseURL: x.base, apiKey: x.key, maxRetries: 0, timeout: 30_000 });
const user = (content) => ({ role: 'user', content });
const textOf = (message) => message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
const tool = (x) => ({ name: x.tool.name, description: x.tool.description, input_schema: x.tool.schema });

/** The message that a stream adds up to. */
const final = (sdk, request) => sdk.messages.stream(request).finalMessage();

const both = async (sdk, request) => [
  ['whole', await sdk.messages.create(request)],
  ['stream', await final(sdk, request)],
];

async function plain(sdk, x) {
  const request = { model: x.model, max_tokens: 512, system: x.system, messages: [user(x.plain.prompt)] };
  const message = await sdk.messages.create(request);
  x.holds('text', textOf(message), x.plain.answer);
  x.same('stop reason', message.stop_reason, 'end_turn');
  x.same('role', [message.type, message.role], ['message', 'assistant']);
  x.true('id', message.id, message.id);
  x.true('model', message.model, message.model);
}

async function conversation(sdk, x) {
  const messages = [user('First.'), { role: 'assistant', content: 'Heard.' }, user(x.plain.prompt)];
  const message = await sdk.messages.create({ model: x.model, max_tokens: 512, messages });
  x.holds('text', textOf(message), x.plain.answer);
}

async function streaming(sdk, x) {
  const pieces = [];
  const stream = sdk.messages.stream({ model: x.model, max_tokens: 512, messages: [user(x.stream.prompt)] });
  stream.on('text', (text) => pieces.push(text));
  const message = await stream.finalMessage();
  x.true('pieces', pieces.length >= 3, pieces);
  x.same('final text', textOf(message), pieces.join(''));
  x.holds('text', textOf(message), x.stream.answer);
  x.same('stop reason', message.stop_reason, 'end_turn');
}

async function thinking(sdk, x) {
  const messages = [user(x.thinking.prompt)];
  const request = { model: x.model, max_tokens: 4096, thinking: { type: 'enabled', budget_tokens: 2048 }, messages };
  for (const [how, message] of await both(sdk, request)) {
    const thoughts = message.content.filter((block) => block.type === 'thinking');
    x.same(`thinking (${how})`, thoughts.length, 1);
    if (thoughts.length > 0) x.holds(`thinking text (${how})`, thoughts[0].thinking, x.thinking.thought);
    x.holds(`text (${how})`, textOf(message), x.thinking.answer);
    const turns = [...messages, { role: 'assistant', content: message.content }, user(x.plain.prompt)];
    const again = await sdk.messages.create({ ...request, messages: turns });
    x.holds(`next turn (${how})`, textOf(again), x.plain.answer);
  }
}

/** Asks with `answer` (whole or streamed), runs the tools it calls, and gives back what is said to that. */
async function toolLoop(x, lesson, answer) {
  const request = { model: x.model, max_tokens: 1024, tools: [tool(x)], messages: [user(lesson.prompt)] };
  const message = await answer(request);
  const calls = message.content.filter((block) => block.type === 'tool_use');
  x.same('stop reason', message.stop_reason, 'tool_use');
  const told = calls.map(({ name, input }) => [name, input]);
  x.same('calls', told, Array(lesson.calls).fill([x.tool.name, lesson.args]));
  x.same('ids', new Set(calls.map(({ id }) => id)).size, lesson.calls);
  const results = calls.map(({ id }, number) => ({
    type: 'tool_result',
    tool_use_id: id,
    content: `${x.tool.result} ${number}`,
  }));
  const turns = [...request.messages, { role: 'assistant', content: message.content }, user(results)];
  const again = await answer({ ...request, messages: turns });
  for (let number = 0; number < lesson.calls; number += 1) {
    x.holds(`result ${number}`, textOf(again), `${x.tool.result} ${number}`);
  }
  x.same('last stop reason', again.stop_reason, 'end_turn');
}

const tools = (sdk, x) => toolLoop(x, x.tool_call, (request) => sdk.messages.create(request));
const toolsStreamed = (sdk, x) => toolLoop(x, x.tool_call, (request) => final(sdk, request));
const parallelTools = (sdk, x) => toolLoop(x, x.tool_calls, (request) => final(sdk, request));

async function image(sdk, x) {
  const source = { type: 'base64', media_type: x.image.type, data: x.image.data };
  const content = [
    { type: 'image', source },
    { type: 'text', text: x.image.prompt },
  ];
  const message = await sdk.messages.create({ model: x.model, max_tokens: 8192, messages: [user(content)] });
  x.holds('image', textOf(message), x.image.data);
}

/** Sends `settings` along and has what arrived at the provider shown. */
const echoed = (settings) => async (sdk, x) => {
  const request = { model: x.model, max_tokens: 8192, messages: [user(x.echo.prompt)], ...settings(x) };
  x.sent(textOf(await sdk.messages.create(request)));
};

async function fileId(sdk, x) {
  const picture = { type: 'image', source: { type: 'file', file_id: x.file.id } };
  const messages = [user([picture, { type: 'text', text: x.plain.prompt }])];
  await sdk.messages.create({ model: x.model, max_tokens: 512, messages });
}

async function structured(sdk, x) {
  const request = { model: x.model, max_tokens: 512, messages: [user(x.structured.prompt)] };
  const message = await sdk.messages.parse({ ...request, output_config: { format: zodOutputFormat(Book) } });
  x.true('parsed', isBook(message.parsed_output), textOf(message));
}

async function usage(sdk, x) {
  for (const [how, message] of await both(sdk, { model: x.model, max_tokens: 512, messages: [user(x.usage.prompt)] })) {
    const cached = message.usage.cache_read_input_tokens ?? 0;
    x.same(`input (${how})`, message.usage.input_tokens + cached, x.usage.input + x.usage.cached);
    x.same(`cached (${how})`, cached, x.usage.cached);
    x.same(`output (${how})`, message.usage.output_tokens, x.usage.output);
  }
}

async function maxTokens(sdk, x) {
  const request = { model: x.model, max_tokens: x.limit.tokens, messages: [user(x.limit.prompt)] };
  for (const [how, message] of await both(sdk, request)) {
    x.same(`stop reason (${how})`, message.stop_reason, 'max_tokens');
  }
}

const brokenStream = (sdk, x) =>
  x.breaksOff(() => final(sdk, { model: x.model, max_tokens: 64, messages: [user(x.broken.prompt)] }));

async function countTokens(sdk, x) {
  const count = await sdk.messages.countTokens({ model: x.model, messages: [user(x.plain.prompt)] });
  x.true('tokens', count.input_tokens > 3, count.input_tokens);
}

async function models(sdk, x) {
  const page = await sdk.models.list({ limit: 5 });
  x.true('models', page.data.length > 0 && page.data.every(({ id }) => id), page.data);
  x.same('pages', typeof page.has_more, 'boolean');
}

const refused = (kind, status) => async (sdk, x) => {
  const request = { model: x.model, max_tokens: 64, messages: [user(x.errors[status])] };
  for (const call of [() => sdk.messages.create(request), () => final(sdk, request)]) {
    const error = await caught(call);
    x.refusal(error, kind, status, error.status);
  }
  const error = await caught(async () => all(await sdk.messages.create({ ...request, stream: true })));
  x.refusal(error, kind, status, error.status);
};

const CHECKS = {
  plain,
  conversation,
  streaming,
  thinking,
  tools,
  'tools streamed': toolsStreamed,
  'parallel tools': parallelTools,
  image,
  system: echoed(({ system }) => ({ system })),
  'tool choice': echoed((x) => ({ tools: [tool(x)], tool_choice: { type: 'tool', name: x.tool.name } })),
  'parallel off': echoed((x) => ({ tools: [tool(x)], tool_choice: { type: 'auto', disable_parallel_tool_use: true } })),
  'stop sequences': echoed(({ stop }) => ({ stop_sequences: [stop] })),
  'file id': fileId,
  structured,
  usage,
  'max tokens': maxTokens,
  'broken stream': brokenStream,
  'token count': countTokens,
  models,
  'error 400': refused(Anthropic.BadRequestError, 400),
  'error 401': refused(Anthropic.AuthenticationError, 401),
  'error 429': refused(Anthropic.RateLimitError, 429),
};

await run('anthropic', connect, CHECKS, (error) => error.status);
