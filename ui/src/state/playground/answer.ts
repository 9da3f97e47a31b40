/** An answer as it grows from Anthropic's stream events. Pure: each event gives a new answer. */
import type { Tokens } from '../../api/types';

export interface Answer {
  text: string;
  thinking: string;
  /** Names of tools that the model wants to be called. */
  tools: string[];
  /** Who says to have answered. */
  model: string | null;
  tokens: Tokens;
  stop: string | null;
  /** What went wrong on the way, in the words that came. */
  error: string | null;
  ended: boolean;
}

export const EMPTY: Answer = { text: '', thinking: '', tools: [], model: null, tokens: {}, stop: null, error: null, ended: false };

interface Usage {
  input_tokens?: number;
  output_tokens?: number;
  cache_read_input_tokens?: number;
  cache_creation_input_tokens?: number;
}

interface Event {
  type?: string;
  message?: { model?: string; usage?: Usage };
  content_block?: { type?: string; text?: string; thinking?: string; name?: string };
  delta?: { text?: string; thinking?: string; stop_reason?: string | null };
  usage?: Usage;
  error?: { message?: string };
}

/** The answer after one more event; one that is not understood changes nothing. */
export function grown(answer: Answer, data: string): Answer {
  const event = parsed(data);
  switch (event?.type) {
    case 'message_start':
      return { ...answer, model: event.message?.model ?? answer.model, tokens: counted(answer.tokens, event.message?.usage) };
    case 'content_block_start': {
      const { type, name, text = '', thinking = '' } = event.content_block ?? {};
      const tools = type === 'tool_use' && name ? [...answer.tools, name] : answer.tools;
      return { ...answer, tools, text: answer.text + text, thinking: answer.thinking + thinking };
    }
    case 'content_block_delta': {
      const { text = '', thinking = '' } = event.delta ?? {};
      return { ...answer, text: answer.text + text, thinking: answer.thinking + thinking };
    }
    case 'message_delta':
      return { ...answer, stop: event.delta?.stop_reason ?? answer.stop, tokens: counted(answer.tokens, event.usage) };
    case 'message_stop':
      return { ...answer, ended: true };
    case 'error':
      return { ...answer, error: event.error?.message ?? data };
    default:
      return answer;
  }
}

/** Whether there is anything to read yet. */
export function begun(answer: Answer): boolean {
  return answer.text !== '' || answer.thinking !== '' || answer.tools.length > 0;
}

function counted(tokens: Tokens, usage: Usage | undefined): Tokens {
  if (!usage) return tokens;
  return {
    input_tokens: usage.input_tokens ?? tokens.input_tokens ?? null,
    output_tokens: usage.output_tokens ?? tokens.output_tokens ?? null,
    cache_read_tokens: usage.cache_read_input_tokens ?? tokens.cache_read_tokens ?? null,
    cache_write_tokens: usage.cache_creation_input_tokens ?? tokens.cache_write_tokens ?? null,
  };
}

function parsed(data: string): Event | null {
  try {
    return JSON.parse(data) as Event;
  } catch {
    return null;
  }
}
