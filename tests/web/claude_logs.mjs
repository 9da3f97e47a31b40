// Logs as Claude Code writes them, of days long past: history for the usage page without waiting for it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MODELS = ['claude-opus-4-5', 'claude-sonnet-4-5', 'claude-haiku-4-5', 'glm-4.6', 'deepseek-chat', 'kimi-k2', 'qwen3-coder', 'gpt-5', 'gemini-2.5-pro', 'of-no-list-1'];
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The same numbers on every run. */
function dice(seed) {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

/** `days` days of work below `home`; gives how many answers there are. */
export function writeClaudeLogs(home, { days, models = MODELS, now = Date.now(), seed = 7 }) {
  const roll = dice(seed);
  const folder = join(home, '.claude/projects/-home-me-work');
  mkdirSync(folder, { recursive: true });
  let answers = 0;
  for (let day = days; day > 0; day -= 1) {
    const lines = [];
    const begin = Math.floor((now - day * DAY_MS) / DAY_MS) * DAY_MS;
    const weekend = [0, 6].includes(new Date(begin).getUTCDay());
    for (let n = Math.ceil(roll() * (weekend ? 4 : 14)); n > 0; n -= 1) {
      const at = begin + (8 + Math.floor(10 * Math.sqrt(roll() * roll()))) * HOUR_MS + Math.floor(roll() * HOUR_MS);
      answers += 1;
      lines.push(answer(`${day}x${n}`, at, models[Math.floor(roll() * roll() * models.length)], roll));
    }
    writeFileSync(join(folder, `session-${day}.jsonl`), `${lines.join('\n')}\n`);
  }
  return answers;
}

function answer(id, at, model, roll) {
  const read = Math.floor(roll() * 90_000);
  return JSON.stringify({
    type: 'assistant',
    uuid: `u-${id}`,
    sessionId: `session-${id.split('x')[0]}`,
    requestId: `req_${id}`,
    timestamp: new Date(at).toISOString(),
    version: '2.1.329',
    message: {
      id: `msg_0123456789012345${id.padStart(8, '0')}`,
      type: 'message',
      role: 'assistant',
      model,
      content: [{ type: 'text', text: 'done' }],
      usage: {
        input_tokens: Math.floor(roll() * 3000),
        cache_creation_input_tokens: Math.floor(roll() * 4000),
        cache_read_input_tokens: read,
        output_tokens: Math.floor(roll() * 2500) + 20,
        service_tier: 'standard',
      },
    },
  });
}
