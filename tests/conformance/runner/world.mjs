// One turnoutd with a provider of every dialect, all of them the same practice provider behind it.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const PROJECT = new URL('../../../', import.meta.url).pathname;
/** The token that clients present. */
export const KEY = 'client-token-of-the-conformance-suite';

/** What each SDK asks for. */
export const CLIENT_MODELS = {
  anthropic: { model: 'claude-sonnet-4-5' },
  'openai-chat': { model: 'gpt-5.1', embedding_model: 'text-embedding-3-small' },
  'openai-responses': { model: 'gpt-5.1' },
  gemini: { model: 'gemini-2.5-flash', embedding_model: 'gemini-embedding-001' },
  ollama: { model: 'llama3.2', embedding_model: 'nomic-embed-text' },
};

/** Names of chat models by maker; each provider knows those of its own maker. */
const FAMILIES = ['claude-*', 'gpt-*', 'gemini-*', 'llama*'];

/** The providers: a name, whose capabilities it has, its dialect, how its base URL ends, and its own models. */
export const PROVIDERS = [
  { name: 'anthropic', vendor: 'anthropic', dialect: 'anthropic', suffix: '', ...CLIENT_MODELS.anthropic },
  { name: 'openai-chat', vendor: 'openai', dialect: 'openai-chat', suffix: '/v1', ...CLIENT_MODELS['openai-chat'] },
  { name: 'openai-responses', vendor: 'openai', dialect: 'openai-responses', suffix: '/v1', ...CLIENT_MODELS['openai-responses'] },
  { name: 'gemini', vendor: 'gemini', dialect: 'gemini', suffix: '', ...CLIENT_MODELS.gemini },
  { name: 'gemini-3', vendor: 'gemini', dialect: 'gemini', suffix: '', ...CLIENT_MODELS.gemini, model: 'gemini-3.1-pro-preview' },
  { name: 'ollama', vendor: 'ollama', dialect: 'ollama', suffix: '', ...CLIENT_MODELS.ollama },
];

/** Where a client of a dialect finds a provider, behind the base URL of Turnout or of the practice provider. */
export function base(dialect, root) {
  return (
    root + { anthropic: '', 'openai-chat': '/v1', 'openai-responses': '/v1', gemini: '', ollama: '/ollama' }[dialect]
  );
}

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

/** Starts both programs; `end` stops them and removes what they left. */
export async function world() {
  const scratch = mkdtempSync(join(tmpdir(), 'turnout-conformance-'));
  const practice = start(['practice', '--listen', '127.0.0.1:0'], scratch);
  const { base_url: upstream } = await practice.said;
  const file = join(scratch, 'config.toml');
  writeFileSync(file, config(upstream));
  const places = ['--config', file, '--data-dir', join(scratch, 'data')];
  const secrets = {
    SUITE_CLIENT: KEY,
    SUITE_ADMIN: 'admin-token-of-the-conformance-suite',
    SUITE_KEY: 'sk-of-the-suite',
  };
  const turnout = start([...places, 'serve'], scratch, secrets);
  const { base_url: base } = await turnout.said;
  return {
    scratch,
    practice: upstream,
    turnout: base,
    log: turnout.log,
    async end() {
      for (const { child } of [turnout, practice]) {
        if (child.exitCode !== null) continue;
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await gone;
      }
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

/** Failures leave no mark, so that no check changes what another one sees. */
function config(upstream) {
  return `version = 1
[server]
listen = "127.0.0.1:0"
admin_token = "env:SUITE_ADMIN"
client_tokens = [{ name = "suite", token = "env:SUITE_CLIENT" }]
[routing]
cooldown = "0ms"
sticky = false
retry = { attempts = 1, base = "1ms", max = "1ms" }
breaker = { failures = 100000, window = "60s", recovery = "1s", probes = 1 }
suspend = { enabled = false }
health = { enabled = false }
${PROVIDERS.map((provider) => table(provider, upstream)).join('')}[[groups]]
name = "main"
members = [${PROVIDERS.map(({ name }) => `{ provider = "${name}" }`).join(', ')}]
`;
}

/** A provider: the names of others stand for its own models, embeddings before the families that would take them too. */
function table({ name, vendor, dialect, suffix, model, embedding_model }, upstream) {
  const asked = Object.values(CLIENT_MODELS);
  const embedding = asked.map((models) => [models.embedding_model, embedding_model]);
  const within = (family, one) => one.startsWith(family.slice(0, -1));
  const mine = FAMILIES.find((family) => within(family, model));
  const own = asked.map((models) => [models.model, model]).filter(([from]) => within(mine, from));
  const foreign = FAMILIES.filter((family) => family !== mine).map((family) => [family, model]);
  const known = new Map([...embedding, ...own, ...foreign].filter(([from, to]) => from && to && from !== to));
  const pairs = [...known].map(([from, to]) => `"${from}" = "${to}"`).join(', ');
  return `[[providers]]
name = "${name}"
vendor = "${vendor}"
dialect = "${dialect}"
base_url = "${upstream}${suffix}"
keys = ["env:SUITE_KEY"]
model_map = { ${pairs} }
`;
}
