// The real turnoutd and practice providers as processes, for tests of the page. Nothing of them is left behind.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { wire } from './wire.mjs';

const PROJECT = new URL('../../', import.meta.url).pathname;
export const CLIENT = 'client-token-of-the-page-tests';
/** How long a change may take to be there. */
const PATIENCE_MS = 10_000;
export const ADMIN = 'admin-token-of-the-page-tests';

/** The program under test: `$TURNOUTD`, else the newest one that is built. */
function program() {
  if (process.env.TURNOUTD) return process.env.TURNOUTD;
  const target = process.env.CARGO_TARGET_DIR ?? join(PROJECT, 'target');
  const built = ['release', 'debug'].map((profile) => join(target, profile, 'turnoutd')).filter(existsSync);
  if (built.length === 0) throw new Error('no turnoutd is built: run `cargo build --release -p cli`');
  return built.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
}

/** Starts it and gives what its first line of output says. */
function start(args, scratch, env = {}) {
  const child = spawn(program(), ['--json', ...args], {
    cwd: scratch,
    env: { PATH: process.env.PATH, HOME: scratch, DBUS_SESSION_BUS_ADDRESS: 'disabled:', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (text) => (log += text));
  const said = new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line)));
    child.once('exit', (code) => reject(new Error(`turnoutd ${args.join(' ')} ended with ${code}:\n${log}`)));
  });
  return { child, said, log: () => log };
}

/**
 * A turnoutd with two groups, `main` (provider `first`) and `spare` (provider `second`), and all that belongs to it.
 * `more` is TOML behind the config; `env` is for the program; `fresh` starts it without any config, as at a first start;
 * `cuttable` puts a wire between it and the page, which can be cut.
 */
export async function world({ more = '', env = {}, fresh = false, cuttable = false } = {}) {
  const scratch = mkdtempSync(join(tmpdir(), 'turnout-web-'));
  const children = [];
  const practice = async (name) => {
    const { child, said } = start(['practice', '--name', name, '--listen', '127.0.0.1:0'], scratch);
    children.push(child);
    return (await said).base_url;
  };
  const [first, second] = [await practice('first'), await practice('second')];
  if (!fresh) writeFileSync(join(scratch, 'config.toml'), config(first, second) + more);
  const places = ['--config', join(scratch, 'config.toml'), '--data-dir', join(scratch, 'data')];
  const secrets = { PAGE_CLIENT: CLIENT, PAGE_ADMIN: ADMIN, PAGE_KEY: 'sk-of-the-page-tests-7f3a' };
  const serve = (listen) => {
    const how = listen ? ['serve', '--listen', listen] : ['serve'];
    const started = start([...places, ...how], scratch, { ...secrets, ...env });
    children.push(started.child);
    return started;
  };
  let turnoutd = serve(fresh ? '127.0.0.1:0' : null);
  const { base_url: real, ui } = await turnoutd.said;
  const between = cuttable ? await wire(new URL(real).port) : null;
  const base = between ? `http://127.0.0.1:${between.port}` : real;
  return {
    base,
    ui: ui.replace(real, base),
    wire: between,
    /** Ends it as a crash would. */
    kill: () => gone(turnoutd.child),
    /** Starts it again where it was. It has forgotten every session. */
    async again() {
      turnoutd = serve(new URL(real).host);
      await turnoutd.said;
    },
    log: () => turnoutd.log(),
    fail: (which, scenario) => control(which === 'first' ? first : second, { default: scenario }),
    /** The practice providers behind `first` and `second`. */
    practice: { first, second },
    ask: (prompt, more = {}) => ask(real, prompt, more),
    admin: (method, path, body) => admin(real, method, path, body),
    /** Waits until an answer is as it should be. (A page's `waitForFunction` takes any promise for a yes.) */
    async until(path, holds) {
      const end = performance.now() + PATIENCE_MS;
      for (;;) {
        const answer = await admin(real, 'GET', path);
        if (holds(answer)) return answer;
        if (performance.now() > end) throw new Error(`${path} stays ${JSON.stringify(answer)}`);
      }
    },
    /** A fresh one-time link into the page. */
    link: async () => {
      const { pathname, search } = new URL((await admin(real, 'POST', '/session', {})).url, real);
      return new URL(pathname + search, base).href;
    },
    home: scratch,
    async end() {
      between?.cut();
      for (const child of children.reverse()) await gone(child);
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

/** Kills it and waits until it is no more. */
async function gone(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await end;
}

function config(first, second) {
  return `version = 1
[server]
listen = "127.0.0.1:0"
admin_token = "env:PAGE_ADMIN"
client_tokens = [{ name = "page", token = "env:PAGE_CLIENT" }]
[routing]
cooldown = "1ms"
retry = { attempts = 1, base = "1ms", max = "10ms" }
breaker = { failures = 1000, window = "60s", recovery = "1s", probes = 1 }
[[providers]]
name = "first"
dialect = "anthropic"
base_url = "${first}"
keys = ["env:PAGE_KEY"]
[[providers]]
name = "second"
dialect = "anthropic"
base_url = "${second}"
keys = ["env:PAGE_KEY"]
[[groups]]
name = "main"
members = [{ provider = "first", priority = 1 }]
[[groups]]
name = "spare"
members = [{ provider = "second", priority = 1 }]
`;
}

async function control(practice, order) {
  const answer = await fetch(`${practice}/practice/control`, { method: 'POST', body: JSON.stringify(order) });
  if (!answer.ok) throw new Error(await answer.text());
}

async function ask(base, prompt, { signal, ...more }) {
  const body = { model: 'claude-sonnet-4-5', max_tokens: 64, messages: [{ role: 'user', content: prompt }], ...more };
  const answer = await fetch(`${base}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': CLIENT, 'anthropic-version': '2023-06-01' },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
  await answer.text();
  return { status: answer.status, id: answer.headers.get('x-turnout-request-id') };
}

async function admin(base, method, path, body) {
  const answer = await fetch(`${base}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  const text = await answer.text();
  return text ? JSON.parse(text) : null;
}
