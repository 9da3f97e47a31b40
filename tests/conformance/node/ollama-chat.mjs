// The Ollama SDK: chat, its streams, embeddings and models.
import { Ollama } from 'ollama';
import { BOOK_SCHEMA, isBook } from './book.mjs';
import { all, caught, run } from './support.mjs';

const connect = (x) => new Ollama({ host: x.base, headers: { authorization: `Bearer ${x.key}` } });
const user = (content, more = {}) => ({ role: 'user', content, ...more });

/** The lines of a stream, put together as a caller has to do it. */
async function streamed(sdk, request) {
  const lines = await all(await sdk.chat({ ...request, stream: true }));
  const join = (field) => lines.map(({ message }) => message[field] ?? '').join('');
  const calls = lines.flatMap(({ message }) => message.tool_calls ?? []);
  const message = { role: 'assistant', content: join('content') };
  if (join('thinking')) message.thinking = join('thinking');
  if (calls.length > 0) message.tool_calls = calls;
  return { ...lines.at(-1), message };
}

const both = async (sdk, request) => [
  ['whole', await sdk.chat(request)],
  ['stream', await streamed(sdk, request)],
];

async function plain(sdk, x) {
  const messages = [{ role: 'system', content: x.system }, user(x.plain.prompt)];
  const response = await sdk.chat({ model: x.model, messages, options: { num_predict: 512, temperature: 0.5 } });
  x.holds('text', response.message.content, x.plain.answer);
  x.same('done', [response.done, response.done_reason], [true, 'stop']);
  x.same('role', response.message.role, 'assistant');
  x.true('model', response.model && response.created_at, response.model);
}

async function conversation(sdk, x) {
  const messages = [user('First.'), { role: 'assistant', content: 'Heard.' }, user(x.plain.prompt)];
  x.holds('text', (await sdk.chat({ model: x.model, messages })).message.content, x.plain.answer);
}

async function streaming(sdk, x) {
  const lines = await all(await sdk.chat({ model: x.model, messages: [user(x.stream.prompt)], stream: true }));
  const pieces = lines.map(({ message }) => message.content).filter(Boolean);
  x.true('pieces', pieces.length >= 3, pieces);
  x.holds('text', pieces.join(''), x.stream.answer);
  x.same(
    'done',
    lines.map(({ done }) => done),
    [...Array(lines.length - 1).fill(false), true],
  );
  x.same('done reason', lines.at(-1).done_reason, 'stop');
}

async function thinking(sdk, x) {
  const request = { model: x.model, messages: [user(x.thinking.prompt)], think: true };
  for (const [how, { message }] of await both(sdk, request)) {
    x.holds(`thinking text (${how})`, message.thinking, x.thinking.thought);
    x.holds(`text (${how})`, message.content, x.thinking.answer);
    const again = await sdk.chat({ ...request, messages: [...request.messages, message, user(x.plain.prompt)] });
    x.holds(`next turn (${how})`, again.message.content, x.plain.answer);
  }
}

/** Asks with `answer` (whole or streamed), runs the tools it calls, and gives back what is said to that. */
async function toolLoop(x, lesson, answer) {
  const { name, description, schema } = x.tool;
  const request = {
    model: x.model,
    tools: [{ type: 'function', function: { name, description, parameters: schema } }],
  };
  const asked = user(lesson.prompt);
  const { message } = await answer({ ...request, messages: [asked] });
  const calls = message.tool_calls ?? [];
  const told = calls.map((call) => [call.function.name, call.function.arguments]);
  x.same('calls', told, Array(lesson.calls).fill([name, lesson.args]));
  const results = calls.map((call, number) => ({
    role: 'tool',
    tool_name: call.function.name,
    content: `${x.tool.result} ${number}`,
  }));
  const again = await answer({ ...request, messages: [asked, message, ...results] });
  for (let number = 0; number < lesson.calls; number += 1) {
    x.holds(`result ${number}`, again.message.content, `${x.tool.result} ${number}`);
  }
  x.same('done reason', again.done_reason, 'stop');
}

const tools = (sdk, x) => toolLoop(x, x.tool_call, (request) => sdk.chat(request));
const toolsStreamed = (sdk, x) => toolLoop(x, x.tool_call, (request) => streamed(sdk, request));
const parallelTools = (sdk, x) => toolLoop(x, x.tool_calls, (request) => streamed(sdk, request));

async function image(sdk, x) {
  const messages = [user(x.image.prompt, { images: [x.image.data] })];
  x.holds('image', (await sdk.chat({ model: x.model, messages })).message.content, x.image.data);
}

/** Sends `settings` along and has what arrived at the provider shown. */
const echoed = (settings) => async (sdk, x) => {
  const request = { model: x.model, messages: [user(x.echo.prompt)], ...settings(x) };
  x.sent((await sdk.chat(request)).message.content);
};

async function structured(sdk, x) {
  const request = { model: x.model, messages: [user(x.structured.prompt)], format: BOOK_SCHEMA };
  for (const [how, { message }] of await both(sdk, request)) {
    x.true(`parsed (${how})`, isBook(JSON.parse(message.content)), message.content);
  }
}

async function usage(sdk, x) {
  for (const [how, response] of await both(sdk, { model: x.model, messages: [user(x.usage.prompt)] })) {
    x.same(`input (${how})`, response.prompt_eval_count, x.usage.input + x.usage.cached);
    x.same(`output (${how})`, response.eval_count, x.usage.output);
  }
}

async function maxTokens(sdk, x) {
  const request = { model: x.model, messages: [user(x.limit.prompt)], options: { num_predict: x.limit.tokens } };
  for (const [how, response] of await both(sdk, request)) {
    x.same(`done reason (${how})`, response.done_reason, 'length');
  }
}

const brokenStream = (sdk, x) =>
  x.breaksOff(() => streamed(sdk, { model: x.model, messages: [user(x.broken.prompt)] }));

async function embeddings(sdk, x) {
  const told = await sdk.embed({ model: x.embeddingModel, input: x.embedding.texts });
  const sizes = told.embeddings.map((vector) => vector.length);
  x.same('vectors', sizes.length, x.embedding.texts.length);
  x.true('sizes', new Set(sizes).size === 1 && sizes[0] > 1, sizes);
}

async function models(sdk, x) {
  const names = (await sdk.list()).models.map(({ model }) => model);
  x.true('models', names.length > 0 && names.every(Boolean), names);
}

const refused = (status) => async (sdk, x) => {
  const request = { model: x.model, messages: [user(x.errors[status])] };
  for (const call of [() => sdk.chat(request), () => streamed(sdk, request)]) {
    const error = await caught(call);
    x.same('error class', error.name, 'ResponseError'); // the package keeps the class to itself
    x.refusal(error, Error, status, error.status_code);
  }
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
  system: echoed((x) => ({ messages: [{ role: 'system', content: x.system }, user(x.echo.prompt)] })),
  'stop sequences': echoed(({ stop }) => ({ options: { stop: [stop] } })),
  structured,
  usage,
  'max tokens': maxTokens,
  'broken stream': brokenStream,
  embeddings,
  models,
  'error 400': refused(400),
  'error 401': refused(401),
  'error 429': refused(429),
};

await run('ollama', connect, CHECKS, (error) => error.status_code);
