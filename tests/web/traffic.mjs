// A setup as someone has it who uses it all day, with traffic of every kind.
import assert from 'node:assert/strict';

const MORE = `
[[providers]]
name = "local-ollama"
dialect = "practice"
[[providers]]
name = "deepseek"
dialect = "practice"
[[groups]]
name = "cheap"
policy = "round-robin"
members = [{ provider = "deepseek", priority = 1, weight = 2 }, { provider = "local-ollama", priority = 2 }]
[[rules]]
name = "small helper calls"
when = { background = true }
use = { group = "cheap" }
[[rules]]
name = "haiku is cheap"
when = { model = "claude-haiku*" }
use = { provider = "deepseek", model = "deepseek-chat-v3.1" }
[[rules]]
name = "long prompts stay"
enabled = false
when = { tokens_over = 100000 }
use = { group = "main" }
[ledger]
budgets = [
  { name = "daily", limit_usd = 5, per = "day", at = [0.8, 1.0], then = "notify" },
  { name = "opus", limit_usd = 0.005, per = "week", at = [0.8, 1.0], then = "notify" },
]
`;

const PROMPTS = ['Explain this stack trace.', 'Write a test for the parser.', 'Rename the module and fix imports.', 'Why is this slow?'];
const MODELS = ['claude-sonnet-4-5', 'claude-opus-4-5', 'claude-haiku-4-5', 'gpt-5.1', 'gemini-3-pro'];

export const busy = {
  setting: { more: MORE },
  /** Requests that end, fail over, fail, stream on and on; returns what ends those that still run. */
  async traffic(turnout) {
    const ask = (index, more = {}) => turnout.ask(PROMPTS[index % PROMPTS.length], { model: MODELS[index % MODELS.length], ...more });
    for (let index = 0; index < 40; index += 1) await ask(index);
    await turnout.fail('first', '529;retry_after=none');
    for (let index = 0; index < 4; index += 1) await ask(index);
    await turnout.fail('first', '400');
    await ask(0);
    await turnout.fail('first', 'text');
    for (let index = 0; index < 6; index += 1) await ask(index);
    await turnout.fail('first', 'text;first=300ms;deltas=4000;gap=200ms');
    const abort = new AbortController();
    const running = [0, 1].map((index) => ask(index, { stream: true, signal: abort.signal }).catch(() => {}));
    await new Promise((resolve) => setTimeout(resolve, 800));
    return async () => {
      abort.abort();
      await Promise.all(running);
    };
  },
  /** The latest request that another provider answered than the one that was asked first, as a row of the history. */
  async failover(turnout) {
    const { items } = await turnout.admin('GET', '/requests?limit=30&status=completed');
    const row = items.find(({ attempts }) => attempts > 1);
    assert.ok(row, 'a request failed over');
    return row;
  },
};
