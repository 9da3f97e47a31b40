// Made-up but lifelike data for the mock server: one seed, always the same; only the times follow the present.

const MODELS = [
  ['claude-opus-4-1', 'claude-opus-4-1'],
  ['claude-sonnet-4-5', 'claude-sonnet-4-5'],
  ['claude-haiku-4-5', 'claude-haiku-4-5'],
];
const MAPPED = { 'claude-opus-4-1': 'glm-4.6', 'claude-sonnet-4-5': 'glm-4.6', 'claude-haiku-4-5': 'qwen3-8b' };
// USD per million tokens as integers of a thousandth: input, output, cache read, cache write.
const PRICES = {
  'claude-opus-4-1': [15000, 75000, 1500, 18750],
  'claude-sonnet-4-5': [3000, 15000, 300, 3750],
  'claude-haiku-4-5': [1000, 5000, 100, 1250],
  'glm-4.6': [600, 2200, 110, 0],
};

/** A small generator with a seed, so that every run shows the same. */
export function chance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const at = (ms) => new Date(ms).toISOString();
const hex = (random) => Math.floor(random() * 0xffffffff).toString(16).padStart(8, '0');

/** Tokens × price in units of 10^-9 USD, as a decimal string: no floats with money here either. */
function usd(tokens, price) {
  const nano = BigInt(tokens) * BigInt(price);
  const text = nano.toString().padStart(10, '0');
  return `${text.slice(0, -9)}.${text.slice(-9).replace(/0+$/, '') || '0'}`;
}

export function sum(amounts) {
  let nano = 0n;
  for (const amount of amounts) {
    const [whole, part = ''] = amount.split('.');
    nano += BigInt(whole + part.padEnd(9, '0').slice(0, 9));
  }
  const text = nano.toString().padStart(10, '0');
  return `${text.slice(0, -9)}.${text.slice(-9).replace(/0+$/, '') || '0'}`;
}

const FAULTS = [
  [529, 'overloaded', 'next-provider', 'overloaded_error: Overloaded'],
  [429, 'rate_limited', 'next-key', 'rate_limit_error: Number of requests has exceeded your per-minute limit'],
  [500, 'server_error', 'retry-same', 'api_error: Internal server error'],
  [null, 'timeout', 'next-provider', 'no first event within 30 s'],
  [200, 'empty_response', 'next-provider', 'the answer had no content'],
];

/** One finished request, as its detail. */
export function request(random, startedMs, options = {}) {
  const [asked] = MODELS[options.model ?? Math.floor(random() * MODELS.length)];
  const fate = options.fate ?? (random() < 0.05 ? 'failed' : random() < 0.04 ? 'cancelled' : 'completed');
  const tries = options.tries ?? (random() < 0.14 ? 2 + Math.floor(random() * 2) : 1);
  const chain = [];
  let clock = startedMs + 3;
  const order = ['anthropic', 'anthropic', 'relay', 'relay'];
  for (let index = 0; index < tries; index += 1) {
    const last = index === tries - 1;
    const provider = tries === 1 ? (random() < 0.85 ? 'anthropic' : 'relay') : order[index + Math.max(0, 3 - tries)];
    const model = provider === 'relay' ? MAPPED[asked] : asked;
    const [code, reason, verdict, error] = FAULTS[Math.floor(random() * FAULTS.length)];
    const ok = last && fate === 'completed';
    const spent = ok ? 2400 + Math.floor(random() * 21000) : 240 + Math.floor(random() * 3400);
    chain.push({
      attempt: index + 1,
      provider,
      key: provider === 'relay' ? ['…a1b2', '…09fe'][index % 2] : '…Qx7A',
      group: provider === 'relay' ? 'backup' : 'main',
      model,
      started_at: at(clock),
      duration_ms: spent,
      ttft_ms: ok ? 420 + Math.floor(random() * 900) : null,
      http_status: ok ? 200 : last && fate === 'cancelled' ? 200 : code,
      verdict: ok ? 'ok' : last && fate === 'cancelled' ? 'cancelled' : verdict,
      reason: ok ? null : last && fate === 'cancelled' ? 'client_cancelled' : reason,
      error: ok ? null : last && fate === 'cancelled' ? 'the client closed the connection' : error,
      ...usage(random, model, ok || fate === 'cancelled' ? (fate === 'cancelled' && !last ? 0 : 1) : 0),
    });
    clock += spent + 60;
  }
  const end = chain.at(-1);
  const cost = sum(chain.map((attempt) => attempt.cost_usd ?? '0'));
  const total = end.started_at ? Date.parse(end.started_at) + end.duration_ms - startedMs : 0;
  return {
    id: `req-${hex(random)}`,
    started_at: at(startedMs),
    status: fate,
    mark: null,
    reason: fate === 'completed' ? null : end.reason,
    http_status: fate === 'completed' ? 200 : fate === 'cancelled' ? 499 : (end.http_status ?? 504),
    client: options.client ?? (random() < 0.8 ? 'claude-code' : random() < 0.5 ? 'codex' : 'gemini-cli'),
    token: 'local',
    session: `5b0e6c1a-77d4-4f0e-9a3b-${hex(random)}0c1d`,
    client_dialect: 'anthropic',
    provider_dialect: 'anthropic',
    path: '/v1/messages?beta=true',
    model_requested: asked,
    model_used: end.model,
    model_answered: end.model,
    provider: end.provider,
    key: end.key,
    group: end.group,
    rule: null,
    stream: true,
    input_tokens: end.input_tokens,
    output_tokens: end.output_tokens,
    cache_read_tokens: end.cache_read_tokens,
    cache_write_5m_tokens: end.cache_write_5m_tokens,
    cache_write_1h_tokens: 0,
    cache_write_tokens: end.cache_write_5m_tokens,
    reasoning_tokens: 0,
    estimated: fate === 'cancelled',
    cost_usd: PRICES[end.model] ? cost : null,
    unpriced: !PRICES[end.model],
    cost: end.kinds,
    ttft_ms: end.ttft_ms === null ? null : Date.parse(end.started_at) - startedMs + end.ttft_ms,
    duration_ms: total,
    tokens_per_second: end.output_tokens ? Math.round((end.output_tokens / end.duration_ms) * 1e4) / 10 : null,
    losses: [],
    error: fate === 'failed' ? `${end.provider} answered ${end.http_status ?? 'nothing'}: ${end.error}` : null,
    attempts: chain.map(({ kinds: _, ...attempt }) => attempt),
  };
}

function usage(random, model, share) {
  if (!share) {
    return { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_5m_tokens: 0, cost_usd: '0' };
  }
  const input = 3 + Math.floor(random() * 900);
  const output = 60 + Math.floor(random() ** 2 * 5200);
  const read = 18000 + Math.floor(random() * 64000);
  const write = Math.floor(random() * 4200);
  const price = PRICES[model];
  const kinds = price && {
    input: usd(input, price[0]),
    output: usd(output, price[1]),
    cache_read: usd(read, price[2]),
    cache_write: usd(write, price[3]),
  };
  return {
    input_tokens: input,
    output_tokens: output,
    cache_read_tokens: read,
    cache_write_5m_tokens: write,
    cost_usd: kinds ? sum(Object.values(kinds)) : null,
    kinds,
  };
}

/** The row of a request, as lists and the stream have it. */
export function row({ attempts, cost: _cost, losses: _losses, ...rest }) {
  return { ...rest, attempts: attempts.length };
}

export function historyOf(random, count, nowMs) {
  const items = [];
  let clock = nowMs - 9000;
  for (let index = 0; index < count; index += 1) {
    items.push(request(random, clock));
    clock -= 4000 + Math.floor(random() * 160000);
  }
  return items;
}

const provider = (name, dialect, base_url, more = {}) => ({
  name,
  dialect,
  base_url,
  enabled: true,
  health: 'healthy',
  cooling_until: null,
  last_error: null,
  ttft_ms: null,
  success_rate: null,
  limits: null,
  models: {},
  ...more,
});

const member = (provider, priority, weight = 1) => ({ provider, priority, weight });

export function world(scenario, nowMs) {
  if (scenario === 'practice' || scenario === 'empty') {
    return {
      providers: [provider('practice', 'practice', 'http://127.0.0.1:40117', { health: 'unknown' })],
      groups: [{ name: 'practice', policy: 'priority', paused: false, members: [member('practice', 1)] }],
      keys: [],
      active: 'practice',
      serving: 'practice',
    };
  }
  if (scenario === 'nogroups') return { providers: [], groups: [], keys: [], active: null, serving: null };
  if (scenario === 'nokey') return withoutKey(nowMs);
  const cooling = at(nowMs + 47_000);
  const down = scenario === 'down' || scenario === 'suspended';
  const failed = scenario === 'failover' || down;
  return {
    providers: [
      provider('anthropic', 'anthropic', 'https://api.anthropic.com', {
        health: failed ? 'cooling' : 'healthy',
        cooling_until: failed ? cooling : null,
        last_error: failed ? 'overloaded (claude-opus-4-1)' : null,
        ttft_ms: 642,
        success_rate: failed ? 0.871 : 0.9962,
      }),
      provider('relay', 'anthropic', 'https://relay.example/api', {
        health: down ? 'open' : 'healthy',
        cooling_until: down ? at(nowMs + 214_000) : null,
        last_error: down ? 'network (glm-4.6)' : null,
        ttft_ms: 1184,
        success_rate: down ? 0.42 : 0.981,
      }),
      provider('bedrock-eu', 'anthropic', 'https://bedrock-gateway.internal.example:8443/v1', {
        health: down ? 'cooling' : 'degraded',
        cooling_until: down ? at(nowMs + 95_000) : null,
        last_error: 'stream_cut (anthropic.claude-opus-4-1-20250805-v1:0)',
        ttft_ms: 2310,
        success_rate: 0.917,
      }),
      provider('workstation', 'anthropic', 'http://192.168.1.40:8080', {
        health: down ? 'open' : 'unknown',
        last_error: down ? 'timeout (qwen3-8b)' : null,
      }),
      provider('laptop', 'anthropic', 'http://127.0.0.1:8081', { enabled: false, health: 'disabled' }),
      provider('openrouter', 'openai-chat', 'https://openrouter.ai/api/v1', { health: 'unknown' }),
    ],
    groups: [
      {
        name: 'main',
        policy: 'priority',
        paused: false,
        members: [member('anthropic', 1), member('relay', 2), member('bedrock-eu', 3)],
      },
      { name: 'backup', policy: 'weighted', paused: false, members: [member('relay', 1, 3), member('bedrock-eu', 1, 1)] },
      { name: 'local', policy: 'priority', paused: true, members: [member('workstation', 1), member('laptop', 2)] },
    ],
    keys: [
      key('anthropic/0', '…Qx7A', 'ready', 1841, nowMs - 9000),
      key('relay/0', '…a1b2', 'ready', 212, nowMs - 61_000),
      key('relay/1', '…09fe', 'cooling', 198, nowMs - 240_000, at(nowMs + 38_000)),
    ],
    active: 'main',
    serving: down ? null : failed ? 'relay' : 'anthropic',
  };
}

/** The chosen group has a provider without a key, so that another group answers; a third is switched off. */
function withoutKey(nowMs) {
  return {
    providers: [
      provider('station', 'anthropic', 'https://api.station.example', { enabled: false, health: 'disabled' }),
      provider('practice', 'practice', 'http://127.0.0.1:40117', { ttft_ms: 12, success_rate: 1 }),
      provider('flaky', 'anthropic', 'https://flaky.example/v1', {
        health: 'cooling',
        cooling_until: at(nowMs + 52_000),
        last_error: 'stream_cut (claude-sonnet-4-5)',
        ttft_ms: 0,
        success_rate: 0,
      }),
      provider('laptop', 'anthropic', 'http://127.0.0.1:8081', { enabled: false, health: 'disabled' }),
    ],
    groups: [
      { name: 'practice', policy: 'priority', paused: false, members: [member('practice', 1)] },
      { name: 'st', policy: 'priority', paused: false, members: [member('station', 1)] },
      { name: 'rest', policy: 'priority', paused: false, members: [member('flaky', 1), member('laptop', 2)] },
    ],
    keys: [key('station/0', '…', 'missing', 0, null), key('flaky/0', '…77de', 'ready', 41, nowMs - 8000)],
    active: 'st',
    serving: 'practice',
  };
}

function key(id, masked, state, uses, usedMs, cooling_until = null) {
  return { id, provider: id.split('/')[0], masked, source: `keychain:${id}`, state, uses, last_used_at: usedMs && at(usedMs), cooling_until };
}
