// Fills a history with many requests, by way of logs as Claude Code keeps them, which the daemon then takes in.
import { createWriteStream, mkdirSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';

const MODELS = ['claude-sonnet-4-5', 'claude-opus-4-1', 'claude-haiku-4-5'];
const A_SESSION = 400;

/** Writes logs of so many answers below a folder, one a second up to now, and has them taken in. */
export async function fill(turnout, rows) {
  const folder = join(turnout.home, 'logs');
  mkdirSync(join(folder, 'project'), { recursive: true });
  const until = Date.now() - 60_000;
  for (let begin = 0; begin < rows; begin += A_SESSION) {
    const session = `00000000-0000-4000-8000-${String(begin).padStart(12, '0')}`;
    const file = createWriteStream(join(folder, 'project', `${session}.jsonl`));
    for (let index = begin; index < Math.min(rows, begin + A_SESSION); index += 1) {
      file.write(`${JSON.stringify(answer(index, session, until - (rows - index) * 1000))}\n`);
    }
    file.end();
    await once(file, 'finish');
  }
  return turnout.admin('POST', '/import/claude-logs', { folder });
}

function answer(index, sessionId, at) {
  const number = String(index).padStart(12, '0');
  return {
    type: 'assistant',
    uuid: `u-${number}`,
    timestamp: new Date(at).toISOString(),
    sessionId,
    requestId: `req_filled${number}`,
    message: {
      id: `msg_filled${number}`,
      type: 'message',
      role: 'assistant',
      model: MODELS[index % MODELS.length],
      content: [],
      stop_reason: 'end_turn',
      usage: { input_tokens: 10 + (index % 90), output_tokens: 20 + (index % 300), cache_read_input_tokens: index % 5000, cache_creation_input_tokens: 0 },
    },
  };
}
