// The Google Gen AI SDK: generateContent, its streams, token counts, embeddings and models.
import { ApiError, FinishReason, FunctionCallingConfigMode, GoogleGenAI, Type } from '@google/genai';
import { BOOK_SCHEMA, isBook } from './book.mjs';
import { all, caught, run } from './support.mjs';

const connect = (x) => new GoogleGenAI({ apiKey: x.key, httpOptions: { baseUrl: x.base, timeout: 30_000 } });
const user = (...parts) => ({ role: 'user', parts });
const finish = (response) => response.candidates?.[0]?.finishReason;
const content = (response) => response.candidates?.[0]?.content;

/** Text without thoughts. */
const answered = (response) =>
  (content(response)?.parts ?? []).map((part) => (part.thought ? '' : (part.text ?? ''))).join('');

/** The chunks of a stream, put together as a caller has to do it. */
async function streamed(sdk, request) {
  const chunks = await all(await sdk.models.generateContentStream(request));
  const whole = chunks.at(-1);
  const parts = chunks.flatMap((chunk) => content(chunk)?.parts ?? []);
  whole.candidates[0].content = { role: 'model', parts };
  return whole;
}

const both = async (sdk, request) => [
  ['whole', await sdk.models.generateContent(request)],
  ['stream', await streamed(sdk, request)],
];

async function plain(sdk, x) {
  const config = { systemInstruction: x.system, maxOutputTokens: 512, temperature: 0.5 };
  const response = await sdk.models.generateContent({ model: x.model, contents: x.plain.prompt, config });
  x.holds('text', response.text, x.plain.answer);
  x.same('finish reason', finish(response), FinishReason.STOP);
  x.same('role', content(response).role, 'model');
  x.true('model', response.modelVersion, response.modelVersion);
}

async function conversation(sdk, x) {
  const chat = sdk.chats.create({ model: x.model });
  await chat.sendMessage({ message: 'First.' });
  const response = await chat.sendMessage({ message: x.plain.prompt });
  x.holds('text', response.text, x.plain.answer);
  x.same(
    'turns',
    chat.getHistory().map(({ role }) => role),
    ['user', 'model', 'user', 'model'],
  );
}

async function streaming(sdk, x) {
  const chunks = await all(await sdk.models.generateContentStream({ model: x.model, contents: x.stream.prompt }));
  const pieces = chunks.map(answered).filter(Boolean);
  x.true('pieces', pieces.length >= 3, pieces);
  x.holds('text', pieces.join(''), x.stream.answer);
  x.same('finish reason', chunks.map(finish).filter(Boolean), [FinishReason.STOP]);
}

async function thinking(sdk, x) {
  const contents = [user({ text: x.thinking.prompt })];
  const config = { thinkingConfig: { includeThoughts: true, thinkingBudget: 2048 } };
  for (const [how, response] of await both(sdk, { model: x.model, contents, config })) {
    const thought = content(response)
      .parts.map((part) => (part.thought ? part.text : ''))
      .join('');
    x.holds(`thinking text (${how})`, thought, x.thinking.thought);
    x.holds(`text (${how})`, answered(response), x.thinking.answer);
    const turns = [...contents, content(response), user({ text: x.plain.prompt })];
    const again = await sdk.models.generateContent({ model: x.model, contents: turns, config });
    x.holds(`next turn (${how})`, answered(again), x.plain.answer);
  }
}

/** The tool, as a request offers it. */
const offered = ({ tool: { name, description, schema } }) => [
  { functionDeclarations: [{ name, description, parametersJsonSchema: schema }] },
];

/** Asks with `answer` (whole or streamed), runs the tools it calls, and gives back what is said to that. */
async function toolLoop(x, lesson, answer) {
  const { name } = x.tool;
  const config = { tools: offered(x) };
  const asked = user({ text: lesson.prompt });
  const response = await answer({ model: x.model, contents: [asked], config });
  const calls = content(response)?.parts.flatMap(({ functionCall }) => functionCall ?? []) ?? [];
  x.same('finish reason', finish(response), FinishReason.STOP);
  x.same(
    'calls',
    calls.map((call) => [call.name, call.args]),
    Array(lesson.calls).fill([name, lesson.args]),
  );
  const results = calls.map((call, number) => ({
    functionResponse: { id: call.id, name: call.name, response: { output: `${x.tool.result} ${number}` } },
  }));
  const again = await answer({ model: x.model, contents: [asked, content(response), user(...results)], config });
  for (let number = 0; number < lesson.calls; number += 1) {
    x.holds(`result ${number}`, answered(again), `${x.tool.result} ${number}`);
  }
  x.same('last finish reason', finish(again), FinishReason.STOP);
}

const tools = (sdk, x) => toolLoop(x, x.tool_call, (request) => sdk.models.generateContent(request));
const toolsStreamed = (sdk, x) => toolLoop(x, x.tool_call, (request) => streamed(sdk, request));
const parallelTools = (sdk, x) => toolLoop(x, x.tool_calls, (request) => streamed(sdk, request));

async function image(sdk, x) {
  const picture = { inlineData: { mimeType: x.image.type, data: x.image.data } };
  const contents = [user(picture, { text: x.image.prompt })];
  const response = await sdk.models.generateContent({ model: x.model, contents });
  x.holds('image', response.text, x.image.data);
}

/** Settings that leave the model no choice but the tool. */
const chosen = (x) => ({
  tools: offered(x),
  toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: [x.tool.name] } },
});

/** Sends `settings` along and has what arrived at the provider shown. */
const echoed = (settings) => async (sdk, x) => {
  const request = { model: x.model, contents: x.echo.prompt, config: settings(x) };
  x.sent((await sdk.models.generateContent(request)).text);
};

async function fileId(sdk, x) {
  const file = { fileData: { fileUri: x.file.uri, mimeType: x.image.type } };
  await sdk.models.generateContent({ model: x.model, contents: [user(file, { text: x.plain.prompt })] });
}

async function structured(sdk, x) {
  const text = { type: Type.STRING };
  const properties = { title: text, year: { type: Type.INTEGER }, tags: { type: Type.ARRAY, items: text } };
  const responseSchema = { type: Type.OBJECT, properties, required: Object.keys(properties) };
  for (const [what, schema] of [
    ['parsed', { responseSchema }],
    ['parsed (JSON schema)', { responseJsonSchema: BOOK_SCHEMA }],
  ]) {
    const config = { responseMimeType: 'application/json', ...schema };
    const response = await sdk.models.generateContent({ model: x.model, contents: x.structured.prompt, config });
    x.true(what, isBook(JSON.parse(response.text)), response.text);
  }
}

async function usage(sdk, x) {
  for (const [how, response] of await both(sdk, { model: x.model, contents: x.usage.prompt })) {
    const told = response.usageMetadata ?? {};
    x.same(`input (${how})`, told.promptTokenCount, x.usage.input + x.usage.cached);
    x.same(`cached (${how})`, told.cachedContentTokenCount ?? 0, x.usage.cached);
    const output = (told.candidatesTokenCount ?? 0) + (told.thoughtsTokenCount ?? 0);
    x.same(`output (${how})`, output, x.usage.output);
    x.same(`total (${how})`, told.totalTokenCount, told.promptTokenCount + output);
  }
}

async function maxTokens(sdk, x) {
  const request = { model: x.model, contents: x.limit.prompt, config: { maxOutputTokens: x.limit.tokens } };
  for (const [how, response] of await both(sdk, request)) {
    x.same(`finish reason (${how})`, finish(response), FinishReason.MAX_TOKENS);
  }
}

const brokenStream = (sdk, x) => x.breaksOff(() => streamed(sdk, { model: x.model, contents: x.broken.prompt }));

async function countTokens(sdk, x) {
  const { totalTokens } = await sdk.models.countTokens({ model: x.model, contents: x.plain.prompt });
  x.true('tokens', totalTokens > 3, totalTokens);
}

async function embeddings(sdk, x) {
  const told = await sdk.models.embedContent({ model: x.embeddingModel, contents: x.embedding.texts });
  const sizes = told.embeddings.map(({ values }) => values.length);
  x.same('vectors', sizes.length, x.embedding.texts.length);
  x.true('sizes', new Set(sizes).size === 1 && sizes[0] > 1, sizes);
}

async function models(sdk, x) {
  const names = (await sdk.models.list({ config: { pageSize: 5 } })).page.map(({ name }) => name);
  x.true('models', names.length > 0 && names.every(Boolean), names);
}

const refused = (status) => async (sdk, x) => {
  const request = { model: x.model, contents: x.errors[status] };
  for (const call of [() => sdk.models.generateContent(request), () => streamed(sdk, request)]) {
    const error = await caught(call);
    x.refusal(error, ApiError, status, error.status);
    const word = { 400: 'INVALID_ARGUMENT', 401: 'UNAUTHENTICATED', 429: 'RESOURCE_EXHAUSTED' }[status];
    x.holds('status word', error.message, word);
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
  system: echoed(({ system }) => ({ systemInstruction: system })),
  'tool choice': echoed(chosen),
  'stop sequences': echoed(({ stop }) => ({ stopSequences: [stop] })),
  'file id': fileId,
  structured,
  usage,
  'max tokens': maxTokens,
  'broken stream': brokenStream,
  'token count': countTokens,
  embeddings,
  models,
  'error 400': refused(400),
  'error 401': refused(401),
  'error 429': refused(429),
};

await run('gemini', connect, CHECKS, (error) => error.status);
