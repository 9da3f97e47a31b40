// Stands in for the daemon while the page is being built and tested: serves ui/dist under /ui/ with the daemon's
// strict policy, fakes the admin API, and sends live events. Standard library only.
//
//   node mock/server.mjs [--port 7790] [--scenario full] [--still]
//
// Scenarios: full failover suspended down nokey practice empty nogroups huge unauthorised broken.
// `--still` sends no requests of its own. POST /mock changes things in flight:
//   {"scenario": "down"} · {"offline": true} · {"still": true} · {"notice": {…}} · {"request": {…}} · {"hold": ms}
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chance, historyOf, request, row, sum, world } from './data.mjs';

const DIST = join(dirname(fileURLToPath(import.meta.url)), '../dist');
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TOKEN = 'tnt-3f1c9b2e7a604d58b1c0e4a7';

const PROBLEMS = {
  down: [
    {
      kind: 'config',
      message: 'the config /home/me/.config/turnout/config.toml has a mistake: line 31, column 9: `members` names "realy", which is no provider; did you mean `relay`?',
    },
  ],
  nokey: [
    { kind: 'key', message: 'no key station/0: the keychain has no entry `turnout/station`; set it with `turnout keys set station`' },
    { kind: 'config', message: 'the config /home/me/.config/turnout/config.toml has a mistake: line 4, column 1: `lissen` is not known here; did you mean `listen`' },
  ],
};

/** Starts it; `port` 0 takes any free one. */
export async function start({ port = 0, scenario = 'full', still = true, seed = 7 } = {}) {
  const mock = new Mock(scenario, still, seed);
  const server = createServer((req, res) => void mock.answer(req, res));
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  mock.port = server.address().port;
  const timers = [setInterval(() => mock.beat(), 2000), setInterval(() => mock.live(), 2600)];
  return {
    mock,
    url: `http://127.0.0.1:${mock.port}`,
    stop: async () => {
      timers.forEach(clearInterval);
      mock.cut();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

class Mock {
  streams = new Set();
  seq = 0;
  offline = false;
  hold = 0;
  port = 0;
  /** What the page sent, for tests: [method, path, body]. */
  calls = [];

  constructor(scenario, still, seed) {
    this.still = still;
    this.random = chance(seed);
    this.set(scenario);
  }

  set(scenario) {
    this.scenario = scenario;
    const now = Date.now();
    Object.assign(this, { mode: 'auto', outage: false, ...world(scenario, now) });
    this.problems = PROBLEMS[scenario] ?? [];
    const bare = scenario === 'empty' || scenario === 'nogroups' || scenario === 'practice';
    this.requests = bare ? [] : historyOf(this.random, scenario === 'huge' ? 20_000 : 640, now);
    if (!bare) this.requests.unshift(...this.running(now), models(this.random, now));
  }

  running(now) {
    const first = request(this.random, now - 4200, { model: 0, fate: 'completed', tries: 1 });
    const second = request(this.random, now - 1300, { model: 1, fate: 'completed', tries: 1 });
    const wait = this.scenario === 'suspended' || this.scenario === 'down';
    return [
      unfinished(second, wait ? 'pending' : 'forwarding', wait ? 'suspended' : null),
      unfinished(first, wait ? 'pending' : 'streaming', wait ? 'suspended' : null),
    ];
  }

  status() {
    const today = this.requests.filter((r) => new Date(r.started_at).toDateString() === new Date().toDateString());
    const add = (name) => today.reduce((total, r) => total + (r[name] ?? 0), 0);
    return {
      version: '0.1.0',
      uptime: 18_240,
      mode: this.mode,
      active_group: this.active,
      active_provider: this.serving,
      in_flight: this.requests.slice(0, 50).filter((r) => r.duration_ms === null && r.mark !== 'suspended').length,
      suspended: this.requests.slice(0, 50).filter((r) => r.mark === 'suspended').length,
      today: {
        requests: today.length,
        failures: today.filter((r) => r.status === 'failed').length,
        input_tokens: add('input_tokens'),
        output_tokens: add('output_tokens'),
        cache_read_tokens: add('cache_read_tokens'),
        cache_write_tokens: add('cache_write_tokens'),
        cost_usd: sum(today.map((r) => r.cost_usd ?? '0')),
      },
      groups: this.groups.map((group) => ({ name: group.name, state: this.group(group).state })),
      practice_outage: this.outage,
      serving_group: this.servingGroup(),
      problems: this.problems ?? [],
    };
  }

  group(group) {
    const members = group.members.map((m) => {
      const { health, cooling_until, ttft_ms, success_rate } = this.providers.find((p) => p.name === m.provider);
      return { ...m, health, cooling_until, ttft_ms, success_rate };
    });
    const active = group.name === this.active;
    const cooling = members.every((m) => ['cooling', 'open', 'disabled'].includes(m.health));
    const state = group.paused ? 'paused' : cooling ? 'cooling' : active ? 'active' : 'standby';
    const until = members.flatMap((m) => m.cooling_until ?? []).sort()[0] ?? null;
    return { ...group, active, state, cooling_until: until, members };
  }

  servingGroup() {
    const has = (group) => !group.paused && group.members.some((m) => m.provider === this.serving);
    const chosen = this.groups.find((group) => group.name === this.active);
    return (chosen && has(chosen) ? chosen : this.groups.find(has))?.name ?? null;
  }

  send(name, data) {
    this.seq += 1;
    for (const res of this.streams) res.write(`id: ${this.seq}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  cut() {
    for (const res of this.streams) res.destroy();
    this.streams.clear();
  }

  beat() {
    this.send('status', this.status());
  }

  /** A request comes, runs and ends; one step of each at a time. */
  live() {
    if (this.still) return;
    const running = this.requests.find((r) => r.final);
    if (running && this.random() < 0.7) {
      const { final } = running;
      const took = Math.max(900, Date.now() - Date.parse(running.started_at));
      this.put({ ...final, duration_ms: took });
    } else {
      this.put(unfinished(request(this.random, Date.now()), 'forwarding', null));
    }
    this.beat();
  }

  put(item) {
    const index = this.requests.findIndex((r) => r.id === item.id);
    if (index < 0) this.requests.unshift(item);
    else this.requests[index] = item;
    this.send('request', row(strip(item)));
  }

  async answer(req, res) {
    const url = new URL(req.url, 'http://mock');
    if (url.pathname === '/mock') return this.control(req, res);
    if (this.offline) return res.destroy();
    if (this.hold) await new Promise((done) => setTimeout(done, this.hold));
    if (url.pathname.startsWith('/ui/')) return file(res, url.pathname);
    if (!url.pathname.startsWith('/api/v1/')) return res.writeHead(302, { location: '/ui/' }).end();
    const path = url.pathname.slice('/api/v1'.length);
    if (this.scenario === 'unauthorised') return fail(res, 401, 'unauthorised', 'This call needs a session or the admin token.');
    if (this.scenario === 'broken') return fail(res, 500, 'ledger', 'The ledger could not be read: disk I/O error in ledger.db.');
    if (path === '/stream') return this.open(res);
    const body = req.method === 'GET' ? null : await read(req);
    if (body !== null) {
      this.calls.push([req.method, path, body]);
      if (req.headers['content-type'] !== 'application/json') return fail(res, 415, 'content_type', 'Send JSON.');
    }
    return this.route(req.method, path, url.searchParams, body, res);
  }

  open(res) {
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    res.write(': hello\n\n');
    this.streams.add(res);
    res.on('close', () => this.streams.delete(res));
    res.write(`event: status\ndata: ${JSON.stringify(this.status())}\n\n`);
  }

  route(method, path, search, body, res) {
    const [, head, name, tail] = path.split('/').map(decodeURIComponent);
    if (method === 'GET') {
      if (head === 'status') return json(res, this.status());
      if (head === 'groups') return list(res, this.groups.map((group) => this.group(group)));
      if (head === 'providers') return list(res, this.providers);
      if (head === 'keys') return list(res, this.keys);
      if (head === 'connect') return json(res, this.connect());
      if (head === 'requests' && name) return this.detail(name, res);
      if (head === 'requests') return this.page(search, res);
    }
    if (method === 'PUT' && head === 'mode') {
      this.mode = body.mode;
      this.beat();
      return json(res, { mode: this.mode });
    }
    if (head === 'practice' && name === 'outage') return this.setOutage(body.on, res);
    if (head === 'groups') return this.switch(name, tail, res);
    if (head === 'providers' && tail === 'keys') return this.addKey(name, body.value, res);
    return fail(res, 404, 'not_found', `There is nothing at ${path}.`);
  }

  setOutage(on, res) {
    this.outage = on;
    Object.assign(this.providers[0], {
      health: on ? 'open' : 'healthy',
      last_error: on ? 'HTTP 529 overloaded_error: practice outage' : null,
    });
    this.serving = on ? null : 'practice';
    this.send('provider', this.providers[0]);
    this.beat();
    return json(res, { on });
  }

  switch(name, what, res) {
    const group = this.groups.find((g) => g.name === name);
    if (!group) return fail(res, 404, 'not_found', `There is no group named ${name}.`);
    if (what === 'activate') {
      this.active = name;
      this.serving = this.group(group).members.find((m) => !['open', 'cooling', 'disabled'].includes(m.health))?.provider ?? null;
    } else group.paused = what === 'pause';
    this.groups.forEach((g) => this.send('group', this.group(g)));
    this.beat();
    return json(res, this.group(group));
  }

  addKey(provider, value, res) {
    if (value.length < 8) return fail(res, 400, 'bad_key', 'This does not look like a key: it has fewer than 8 characters.');
    const id = `${provider}/${this.keys.filter((k) => k.provider === provider).length}`;
    const masked = `…${value.slice(-4)}`;
    const made = { id, provider, masked, source: `keychain:${id}`, state: 'ready', uses: 0, last_used_at: null, cooling_until: null };
    this.keys.push(made);
    return json(res, made, 201);
  }

  detail(id, res) {
    const found = this.requests.find((r) => r.id === id);
    return found ? json(res, strip(found)) : fail(res, 404, 'not_found', `There is no request ${id}.`);
  }

  page(search, res) {
    const [status, provider, q] = ['status', 'provider', 'q'].map((n) => search.get(n) ?? '');
    const found = this.requests.filter(
      (r) =>
        (!status || r.status === status) &&
        (!provider || r.provider === provider) &&
        (!q || [r.id, r.client, r.model_requested, r.model_used, r.provider, r.error].some((v) => v?.includes(q))),
    );
    const from = Number(search.get('cursor') ?? 0);
    const to = from + Number(search.get('limit') ?? 50);
    return json(res, {
      items: found.slice(from, to).map((r) => row(strip(r))),
      next_cursor: to < found.length ? String(to) : null,
    });
  }

  connect() {
    const base_url = `http://127.0.0.1:${this.port}`;
    return {
      base_url,
      token: TOKEN,
      env: {
        ANTHROPIC_BASE_URL: base_url,
        ANTHROPIC_AUTH_TOKEN: TOKEN,
        NO_PROXY: '127.0.0.1,localhost',
        API_TIMEOUT_MS: '3600000',
        CLAUDE_STREAM_IDLE_TIMEOUT_MS: '1800000',
      },
    };
  }

  async control(req, res) {
    const body = await read(req);
    if (body.scenario) this.set(body.scenario);
    if ('still' in body) this.still = body.still;
    if ('hold' in body) this.hold = body.hold;
    if ('offline' in body) {
      this.offline = body.offline;
      if (this.offline) this.cut();
    }
    if (body.notice) this.send('notice', { at: new Date().toISOString(), ...body.notice });
    if (body.request) this.put({ ...request(this.random, Date.now()), ...body.request });
    if (body.scenario) {
      this.groups.forEach((group) => this.send('group', this.group(group)));
      this.beat();
    }
    return json(res, { ok: true });
  }
}

/** A request that names no model. */
function models(random, now) {
  const { attempts, ...rest } = request(random, now - 8000, { fate: 'completed', tries: 1, client: 'curl' });
  const none = { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_5m_tokens: 0, cache_write_tokens: 0, cost_usd: '0', cost: null, tokens_per_second: null };
  const model = { model_requested: null, model_used: null, model_answered: null };
  return { ...rest, ...none, ...model, path: '/v1/models?limit=20', stream: false, attempts: [{ ...attempts[0], ...none, model: null }] };
}

/** A finished request as it was while it ran; `final` is what it becomes. */
function unfinished(item, status, mark) {
  const attempts = mark
    ? []
    : item.attempts.slice(0, 1).map((a) => ({
        ...a,
        duration_ms: null,
        verdict: null,
        reason: null,
        error: null,
        http_status: status === 'streaming' ? 200 : null,
        output_tokens: null,
        cost_usd: null,
      }));
  const blank = { http_status: null, reason: null, error: null, duration_ms: null, cost_usd: null, cost: null };
  const none = { output_tokens: null, tokens_per_second: null, model_answered: null };
  const where = mark ? { provider: null, key: null, model_used: null, input_tokens: null, cache_read_tokens: null } : {};
  const ttft_ms = status === 'streaming' ? item.ttft_ms : null;
  return { ...item, ...blank, ...none, ...where, ttft_ms, status, mark, attempts, final: item };
}

function strip({ final: _, ...item }) {
  return item;
}

async function file(res, path) {
  const name = path === '/ui/' ? 'index.html' : normalize(path.slice('/ui/'.length));
  try {
    if (name.startsWith('..')) throw new Error('outside');
    const bytes = await readFile(join(DIST, name));
    res.writeHead(200, {
      'content-type': `${TYPES[extname(name)] ?? 'application/octet-stream'}; charset=utf-8`,
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
    });
    res.end(bytes);
  } catch {
    fail(res, 404, 'not_found', `There is no ${path}; has the page been built (npm run build)?`);
  }
}

async function read(req) {
  let text = '';
  for await (const chunk of req) text += chunk;
  return text ? JSON.parse(text) : {};
}

function json(res, value, status = 200) {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify(value));
}

function list(res, items) {
  json(res, { items, next_cursor: null });
}

function fail(res, status, code, message) {
  json(res, { error: { code, message, request_id: 'req-00c0ffee' } }, status);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const flag = (name, otherwise) => {
    const index = process.argv.indexOf(`--${name}`);
    return index < 0 ? otherwise : process.argv[index + 1];
  };
  const { url } = await start({
    port: Number(flag('port', 7790)),
    scenario: flag('scenario', 'full'),
    still: process.argv.includes('--still'),
  });
  process.stdout.write(`${url}/ui/\n`);
}
