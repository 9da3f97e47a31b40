// The OpenAI SDK: Chat Completions, their streams, embeddings and models.
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { Book, isBook } from './book.mjs';
import { models, openai as connect, user } from './openai.mjs';
import { all, caught, run } from './support.mjs';

const tool = (x) => ({
  type: 'function',
  function: { name: x.tool.name, description: x.tool.description, parameters: x.tool.schema, strict: true },
});

/** The completion that a stream adds up to. */
const final = (sdk, request) =>
  sdk.chat.completions.stream({ ...request, stream_options: { include_usage: true } }).finalChatCompletion();

/** An answer as a message of the next turn, without what the SDK itself put there. */
function said({ parsed: _, tool_calls, ...message }) {
  if (!tool_calls) return message;
  const calls = tool_calls.map(({ function: { parsed_arguments: _, ...called }, ...call }) => ({
    ...call,
    function: called,
  }));
  return { ...message, tool_calls: calls };
}

const both = async (sdk, request) => [
  ['whole', await sdk.chat.completions.create(request)],
  ['stream', await final(sdk, request)],
];

async function plain(sdk, x) {
  const messages = [{ role: 'developer', content: x.system }, user(x.plain.prompt)];
  const settings = { max_completion_tokens: 512, reasoning_effort: 'none', temperature: 0.5 };
  const completion = await sdk.chat.completions.create({ model: x.model, messages, ...settings });
  const [choice] = completion.choices;
  x.holds('text', choice.message.content, x.plain.answer);
  x.same('finish reason', choice.finish_reason, 'stop');
  x.same('object', [completion.object, choice.message.role], ['chat.completion', 'assistant']);
  x.true('id', completion.id && completion.created, completion.id);
  x.true('model', completion.model, completion.model);
}

async function conversation(sdk, x) {
  const messages = [user('First.'), { role: 'assistant', content: 'Heard.' }, user(x.plain.prompt)];
  const completion = await sdk.chat.completions.create({ model: x.model, messages });
  x.holds('text', completion.choices[0].message.content, x.plain.answer);
}

async function streaming(sdk, x) {
  const pieces = [];
  const stream = sdk.chat.completions.stream({ model: x.model, messages: [user(x.stream.prompt)] });
  stream.on('content', (piece) => pieces.push(piece));
  const completion = await stream.finalChatCompletion();
  x.true('pieces', pieces.length >= 3, pieces);
  x.same('final text', completion.choices[0].message.content, pieces.join(''));
  x.holds('text', pieces.join(''), x.stream.answer);
  x.same('finish reason', completion.choices[0].finish_reason, 'stop');
  x.true('usage without being asked', !completion.usage, completion.usage);
}

async function thinking(sdk, x) {
  const request = { model: x.model, reasoning_effort: 'medium', messages: [user(x.thinking.prompt)] };
  const whole = (await sdk.chat.completions.create(request)).choices[0].message;
  // The field is no part of OpenAI's own types; compatible servers have made it the usual one. The SDK's own helper
  // keeps only its last piece.
  const chunks = await all(await sdk.chat.completions.create({ ...request, stream: true }));
  const join = (field) => chunks.map(({ choices }) => choices[0]?.delta[field] ?? '').join('');
  const streamed = { role: 'assistant', content: join('content'), reasoning_content: join('reasoning_content') };
  for (const [how, message] of [
    ['whole', whole],
    ['stream', streamed],
  ]) {
    x.holds(`thinking text (${how})`, message.reasoning_content, x.thinking.thought);
    x.holds(`text (${how})`, message.content, x.thinking.answer);
    const turns = [...request.messages, said(message), user(x.plain.prompt)];
    const again = await sdk.chat.completions.create({ ...request, messages: turns });
    x.holds(`next turn (${how})`, again.choices[0].message.content, x.plain.answer);
  }
}

/** Asks with `answer` (whole or streamed), runs the tools it calls, and gives back what is said to that. */
async function toolLoop(x, lesson, answer) {
  const request = { model: x.model, tools: [tool(x)], messages: [user(lesson.prompt)] };
  const [choice] = (await answer(request)).choices;
  const calls = choice.message.tool_calls ?? [];
  x.same('finish reason', choice.finish_reason, 'tool_calls');
  const told = calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]);
  x.same('calls', told, Array(lesson.calls).fill([x.tool.name, lesson.args]));
  x.same('ids', new Set(calls.map(({ id }) => id)).size, lesson.calls);
  const results = calls.map(({ id }, number) => ({
    role: 'tool',
    tool_call_id: id,
    content: `${x.tool.result} ${number}`,
  }));
  const [again] = (await answer({ ...request, messages: [...request.messages, said(choice.message), ...results] }))
    .choices;
  for (let number = 0; number < lesson.calls; number += 1) {
    x.holds(`result ${number}`, again.message.content, `${x.tool.result} ${number}`);
  }
  x.same('last finish reason', again.finish_reason, 'stop');
}

const tools = (sdk, x) => toolLoop(x, x.tool_call, (request) => sdk.chat.completions.create(request));
const toolsStreamed = (sdk, x) => toolLoop(x, x.tool_call, (request) => final(sdk, request));
const parallelTools = (sdk, x) => toolLoop(x, x.tool_calls, (request) => final(sdk, request));

async function image(sdk, x) {
  const url = `data:${x.image.type};base64,${x.image.data}`;
  const content = [
    { type: 'text', text: x.image.prompt },
    { type: 'image_url', image_url: { url } },
  ];
  const completion = await sdk.chat.completions.create({ model: x.model, messages: [user(content)] });
  x.holds('image', completion.choices[0].message.content, x.image.data);
}

/** Sends `settings` along and has what arrived at the provider shown. */
const echoed = (settings) => async (sdk, x) => {
  const request = { model: x.model, messages: [user(x.echo.prompt)], ...settings(x) };
  x.sent((await sdk.chat.completions.create(request)).choices[0].message.content);
};

const chosen = (x) => ({ tools: [tool(x)], tool_choice: { type: 'function', function: { name: x.tool.name } } });

async function fileId(sdk, x) {
  const content = [
    { type: 'file', file: { file_id: x.file.id } },
    { type: 'text', text: x.plain.prompt },
  ];
  await sdk.chat.completions.create({ model: x.model, messages: [user(content)] });
}

async function structured(sdk, x) {
  const format = zodResponseFormat(Book, 'book');
  const request = { model: x.model, messages: [user(x.structured.prompt)], response_format: format };
  const { message } = (await sdk.chat.completions.parse(request)).choices[0];
  x.true('parsed', isBook(message.parsed), message.content);
  const streamed = (await final(sdk, request)).choices[0].message;
  x.true('parsed (stream)', isBook(streamed.parsed), streamed.content);
}

async function usage(sdk, x) {
  for (const [how, completion] of await both(sdk, { model: x.model, messages: [user(x.usage.prompt)] })) {
    const told = completion.usage;
    x.same(`input (${how})`, told?.prompt_tokens, x.usage.input + x.usage.cached);
    x.same(`cached (${how})`, told?.prompt_tokens_details?.cached_tokens ?? 0, x.usage.cached);
    x.same(`output (${how})`, told?.completion_tokens, x.usage.output);
    x.same(`total (${how})`, told?.total_tokens, told?.prompt_tokens + told?.completion_tokens);
  }
}

async function maxTokens(sdk, x) {
  const request = { model: x.model, max_completion_tokens: x.limit.tokens, messages: [user(x.limit.prompt)] };
  const whole = await sdk.chat.completions.create(request);
  x.same('finish reason (whole)', whole.choices[0].finish_reason, 'length');
  // Python's own helper raises at this end of a stream, so the chunks are read as they come.
  const chunks = await all(await sdk.chat.completions.create({ ...request, stream: true }));
  const ends = chunks.flatMap(({ choices }) => choices.map((choice) => choice.finish_reason)).filter(Boolean);
  x.same('finish reason (stream)', ends, ['length']);
}

const brokenStream = (sdk, x) => x.breaksOff(() => final(sdk, { model: x.model, messages: [user(x.broken.prompt)] }));

async function embeddings(sdk, x) {
  const { data } = await sdk.embeddings.create({ model: x.embeddingModel, input: x.embedding.texts });
  x.same(
    'vectors',
    data.map(({ index }) => index),
    [0, 1],
  );
  const sizes = [...new Set(data.map(({ embedding }) => embedding.length))];
  x.true('sizes', sizes.length === 1 && sizes[0] > 1, sizes);
}

const refused = (kind, status) => async (sdk, x) => {
  const request = { model: x.model, messages: [user(x.errors[status])] };
  for (const call of [() => sdk.chat.completions.create(request), () => final(sdk, request)]) {
    const error = await caught(call);
    x.refusal(error, kind, status, error.status);
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
  system: echoed((x) => ({ messages: [{ role: 'developer', content: x.system }, user(x.echo.prompt)] })),
  'tool choice': echoed(chosen),
  'parallel off': echoed((x) => ({ tools: [tool(x)], parallel_tool_calls: false })),
  'stop sequences': echoed(({ stop }) => ({ stop: [stop] })),
  'file id': fileId,
  structured,
  usage,
  'max tokens': maxTokens,
  'broken stream': brokenStream,
  embeddings,
  models,
  'error 400': refused(OpenAI.BadRequestError, 400),
  'error 401': refused(OpenAI.AuthenticationError, 401),
  'error 429': refused(OpenAI.RateLimitError, 429),
};

await run('openai-chat', connect, CHECKS, (error) => error.status);
