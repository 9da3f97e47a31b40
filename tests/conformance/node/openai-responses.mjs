// The OpenAI SDK: Responses and their streams.
import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { Book, isBook } from './book.mjs';
import { models, openai as connect, user } from './openai.mjs';
import { all, caught, run } from './support.mjs';

const tool = (x) => ({
  type: 'function',
  name: x.tool.name,
  description: x.tool.description,
  parameters: x.tool.schema,
  strict: true,
});

/** The response that a stream ends with. */
const final = (sdk, request) => sdk.responses.stream(request).finalResponse();

/** The output as input of the next turn, without what the SDK itself put there. */
const items = ({ output }) =>
  output.map(({ parsed_arguments: _, ...item }) =>
    item.content ? { ...item, content: item.content.map(({ parsed: _, ...part }) => part) } : item,
  );

const both = async (sdk, request) => [
  ['whole', await sdk.responses.create(request)],
  ['stream', await final(sdk, request)],
];

async function plain(sdk, x) {
  const request = {
    model: x.model,
    instructions: x.system,
    input: x.plain.prompt,
    max_output_tokens: 512,
    store: false,
  };
  const response = await sdk.responses.create(request);
  x.holds('text', response.output_text, x.plain.answer);
  x.same('status', response.status, 'completed');
  x.same('object', response.object, 'response');
  x.true('ids', response.id && response.output.every(({ id }) => id), response.output);
  x.true('model', response.model, response.model);
}

async function conversation(sdk, x) {
  const input = [user('First.'), { role: 'assistant', content: 'Heard.' }, user(x.plain.prompt)];
  const response = await sdk.responses.create({ model: x.model, input, store: false });
  x.holds('text', response.output_text, x.plain.answer);
}

async function streaming(sdk, x) {
  const stream = sdk.responses.stream({ model: x.model, input: x.stream.prompt, store: false });
  const events = await all(stream);
  const response = await stream.finalResponse();
  const pieces = events.filter(({ type }) => type === 'response.output_text.delta').map(({ delta }) => delta);
  x.true('pieces', pieces.length >= 3, pieces);
  x.same('final text', response.output_text, pieces.join(''));
  x.holds('text', response.output_text, x.stream.answer);
  x.same(
    'sequence numbers',
    events.map((event) => event.sequence_number),
    [...events.keys()],
  );
  const items = events.filter(({ type }) => ['response.output_item.added', 'response.output_item.done'].includes(type));
  const ids = response.output.map((_, at) => [
    ...new Set(items.filter(({ output_index }) => output_index === at).map(({ item }) => item.id)),
  ]);
  x.same(
    'item ids',
    ids,
    response.output.map(({ id }) => [id]),
  );
  x.same('status', response.status, 'completed');
}

async function thinking(sdk, x) {
  const request = {
    model: x.model,
    input: [user(x.thinking.prompt)],
    reasoning: { effort: 'medium', summary: 'auto' },
    include: ['reasoning.encrypted_content'],
    store: false,
  };
  for (const [how, response] of await both(sdk, request)) {
    const thoughts = response.output.filter(({ type }) => type === 'reasoning');
    x.same(`thinking (${how})`, thoughts.length, 1);
    if (thoughts.length > 0) {
      x.holds(`thinking text (${how})`, thoughts[0].summary.map((part) => part.text).join(''), x.thinking.thought);
      x.true(`encrypted (${how})`, thoughts[0].encrypted_content, thoughts[0]);
    }
    x.holds(`text (${how})`, response.output_text, x.thinking.answer);
    const input = [...request.input, ...items(response), user(x.plain.prompt)];
    const again = await sdk.responses.create({ ...request, input });
    x.holds(`next turn (${how})`, again.output_text, x.plain.answer);
  }
}

/** Asks with `answer` (whole or streamed), runs the tools it calls, and gives back what is said to that. */
async function toolLoop(x, lesson, answer) {
  const request = { model: x.model, tools: [tool(x)], input: [user(lesson.prompt)], store: false };
  const response = await answer(request);
  const calls = response.output.filter(({ type }) => type === 'function_call');
  x.same('status', response.status, 'completed');
  const told = calls.map((call) => [call.name, JSON.parse(call.arguments)]);
  x.same('calls', told, Array(lesson.calls).fill([x.tool.name, lesson.args]));
  x.same('ids', new Set(calls.map(({ call_id }) => call_id)).size, lesson.calls);
  const results = calls.map(({ call_id }, number) => ({
    type: 'function_call_output',
    call_id,
    output: `${x.tool.result} ${number}`,
  }));
  const again = await answer({ ...request, input: [...request.input, ...items(response), ...results] });
  for (let number = 0; number < lesson.calls; number += 1) {
    x.holds(`result ${number}`, again.output_text, `${x.tool.result} ${number}`);
  }
  x.same('last status', again.status, 'completed');
}

const tools = (sdk, x) => toolLoop(x, x.tool_call, (request) => sdk.responses.create(request));
const toolsStreamed = (sdk, x) => toolLoop(x, x.tool_call, (request) => final(sdk, request));
const parallelTools = (sdk, x) => toolLoop(x, x.tool_calls, (request) => final(sdk, request));

async function image(sdk, x) {
  const picture = { type: 'input_image', image_url: `data:${x.image.type};base64,${x.image.data}`, detail: 'auto' };
  const input = [user([{ type: 'input_text', text: x.image.prompt }, picture])];
  const response = await sdk.responses.create({ model: x.model, input, store: false });
  x.holds('image', response.output_text, x.image.data);
}

/** Sends `settings` along and has what arrived at the provider shown. */
const echoed = (settings) => async (sdk, x) => {
  const request = { model: x.model, input: x.echo.prompt, store: false, ...settings(x) };
  x.sent((await sdk.responses.create(request)).output_text);
};

async function fileId(sdk, x) {
  const content = [
    { type: 'input_file', file_id: x.file.id },
    { type: 'input_text', text: x.plain.prompt },
  ];
  await sdk.responses.create({ model: x.model, input: [user(content)], store: false });
}

async function structured(sdk, x) {
  const text = { format: zodTextFormat(Book, 'book') };
  const request = { model: x.model, input: x.structured.prompt, text, store: false };
  for (const [how, response] of [
    ['whole', await sdk.responses.parse(request)],
    ['stream', await final(sdk, request)],
  ]) {
    x.true(`parsed (${how})`, isBook(response.output_parsed), response.output_text);
  }
}

async function usage(sdk, x) {
  for (const [how, response] of await both(sdk, { model: x.model, input: x.usage.prompt, store: false })) {
    const told = response.usage;
    x.same(`input (${how})`, told?.input_tokens, x.usage.input + x.usage.cached);
    x.same(`cached (${how})`, told?.input_tokens_details?.cached_tokens, x.usage.cached);
    x.same(`output (${how})`, told?.output_tokens, x.usage.output);
    x.same(`total (${how})`, told?.total_tokens, told?.input_tokens + told?.output_tokens);
  }
}

async function maxTokens(sdk, x) {
  const request = { model: x.model, input: x.limit.prompt, max_output_tokens: x.limit.tokens, store: false };
  const whole = await sdk.responses.create(request);
  // Python's own helper knows only of completed ends, so the events are read as they come.
  const last = (await all(await sdk.responses.create({ ...request, stream: true }))).at(-1);
  x.same('last event', last?.type, 'response.incomplete');
  for (const [how, response] of [
    ['whole', whole],
    ['stream', last?.response],
  ]) {
    x.same(`status (${how})`, response?.status, 'incomplete');
    x.same(`reason (${how})`, response?.incomplete_details?.reason, 'max_output_tokens');
  }
}

/** Where the answer ends with `response.failed`, this SDK hands it over as an answer whose status says so. */
const brokenStream = (sdk, x) =>
  x.breaksOff(async () => {
    const { status, error } = await final(sdk, { model: x.model, input: x.broken.prompt, store: false });
    if (status === 'failed') throw new OpenAI.APIError(undefined, error, error?.message, undefined);
  });

const refused = (kind, status) => async (sdk, x) => {
  const request = { model: x.model, input: x.errors[status], store: false };
  for (const call of [() => sdk.responses.create(request), () => final(sdk, request)]) {
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
  system: echoed(({ system }) => ({ instructions: system })),
  'tool choice': echoed((x) => ({ tools: [tool(x)], tool_choice: { type: 'function', name: x.tool.name } })),
  'parallel off': echoed((x) => ({ tools: [tool(x)], parallel_tool_calls: false })),
  'file id': fileId,
  structured,
  usage,
  'max tokens': maxTokens,
  'broken stream': brokenStream,
  models,
  'error 400': refused(OpenAI.BadRequestError, 400),
  'error 401': refused(OpenAI.AuthenticationError, 401),
  'error 429': refused(OpenAI.RateLimitError, 429),
};

await run('openai-responses', connect, CHECKS, (error) => error.status);
