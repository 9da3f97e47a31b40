// Where each dialect says what a client asked for: looked up in the body that arrived at the provider.
import { LESSONS } from './lessons.mjs';

const firstOf = (messages, roles) => messages?.find(({ role }) => roles.includes(role))?.content;
const text = (content) => (Array.isArray(content) ? content.map((part) => part.text).join('') : content);

/** For each check and dialect where it is said, or nothing where the dialect has no words for it. */
const PLACES = {
  system: {
    anthropic: ({ system }) => text(system),
    'openai-chat': ({ messages }) => text(firstOf(messages, ['developer', 'system'])),
    'openai-responses': ({ instructions, input }) => instructions ?? text(firstOf(input, ['developer', 'system'])),
    gemini: ({ systemInstruction }) => text(systemInstruction?.parts),
    ollama: ({ messages }) => text(firstOf(messages, ['system'])),
  },
  'tool choice': {
    anthropic: ({ tool_choice }) => tool_choice?.name,
    'openai-chat': ({ tool_choice }) => tool_choice?.function?.name,
    'openai-responses': ({ tool_choice }) => tool_choice?.name,
    gemini: ({ toolConfig }) => toolConfig?.functionCallingConfig?.allowedFunctionNames?.join(),
  },
  'parallel off': {
    anthropic: ({ tool_choice }) => tool_choice?.disable_parallel_tool_use === true,
    'openai-chat': ({ parallel_tool_calls }) => parallel_tool_calls === false,
    'openai-responses': ({ parallel_tool_calls }) => parallel_tool_calls === false,
  },
  'stop sequences': {
    anthropic: ({ stop_sequences }) => stop_sequences?.join(),
    'openai-chat': ({ stop }) => [stop].flat().join(),
    gemini: ({ generationConfig }) => generationConfig?.stopSequences?.join(),
    ollama: ({ options }) => options?.stop?.join(),
  },
};

const WANTED = {
  system: LESSONS.system,
  'tool choice': LESSONS.tool.name,
  'parallel off': true,
  'stop sequences': LESSONS.stop,
};

/** What a check should have had said to its provider and had not, by name. */
export function unsaid({ check, sent }, dialect) {
  const places = PLACES[check];
  if (!places || !sent) return {};
  const got = places[dialect]?.(sent);
  return got === WANTED[check] ? {} : { [check]: `the provider was told ${JSON.stringify(got)}` };
}
