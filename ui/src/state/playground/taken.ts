/** A request of a client as a draft: its words, its model. What a playground cannot say again is counted. Pure. */
import type { Turn } from '../../api/playground';
import type { Draft } from './draft';

export interface Taken {
  draft: Pick<Draft, 'system' | 'turns'> & Partial<Pick<Draft, 'maxTokens' | 'temperature'>>;
  model: string;
  /** Images, tools, calls of tools and their results. */
  leftOut: number;
}

interface Block {
  type?: string;
  text?: string;
}

interface Message {
  role?: string;
  content?: string | Block[] | null;
}

interface Body {
  model?: string;
  system?: string | Block[];
  messages?: Message[];
  max_tokens?: number;
  temperature?: number;
  tools?: unknown[];
}

/** From the body of an Anthropic or an OpenAI Chat request; null where it is none. */
export function taken(text: string): Taken | null {
  let body: Body;
  try {
    body = JSON.parse(text) as Body;
  } catch {
    return null;
  }
  if (!Array.isArray(body?.messages)) return null;
  let leftOut = body.tools?.length ?? 0;
  const said = (content: Message['content']): string => {
    if (typeof content === 'string') return content;
    const blocks = content ?? [];
    const texts = blocks.flatMap((block) => (typeof block.text === 'string' && block.type !== 'thinking' ? [block.text] : []));
    leftOut += blocks.filter((block) => block.type !== 'text' && block.type !== 'thinking').length;
    return texts.join('\n\n');
  };
  const system = [said(body.system)];
  const turns: Turn[] = [];
  for (const message of body.messages) {
    const content = said(message.content);
    if (content === '') continue;
    if (message.role === 'user' || message.role === 'assistant') turns.push({ role: message.role, content });
    else if (message.role === 'system' || message.role === 'developer') system.push(content);
    else leftOut += 1;
  }
  if (turns.at(-1)?.role !== 'user') turns.push({ role: 'user', content: '' });
  return {
    draft: {
      system: system.filter(Boolean).join('\n\n'),
      turns,
      ...(body.max_tokens && { maxTokens: body.max_tokens }),
      ...(body.temperature !== undefined && { temperature: String(body.temperature) }),
    },
    model: body.model ?? '',
    leftOut,
  };
}
