// The suite: starts the programs under test, runs every client, judges what each saw, and writes the table.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { COMMAND_LINES, runCommandLine } from './command-lines.mjs';
import { judge } from './judge.mjs';
import { LESSONS } from './lessons.mjs';
import { report, screen } from './table.mjs';
import { CLIENT_MODELS, KEY, PROJECT, PROVIDERS, base, world } from './world.mjs';

const HERE = new URL('../', import.meta.url).pathname;
const LIMIT = 300_000;
const QUIET = { HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '127.0.0.1,localhost', no_proxy: '127.0.0.1,localhost' };

const { values: asked } = parseArgs({
  options: {
    client: { type: 'string', multiple: true },
    provider: { type: 'string', multiple: true },
    check: { type: 'string', multiple: true },
    direct: { type: 'boolean', default: false },
    python: { type: 'string', default: 'python3' },
    keep: { type: 'boolean', default: false },
  },
});

/** The SDK programs: a client's dialect, its language, and how it is started. */
const SDKS = [
  ['anthropic', 'anthropic_messages.py', 'anthropic-messages.mjs'],
  ['openai-chat', 'openai_chat.py', 'openai-chat.mjs'],
  ['openai-responses', 'openai_responses.py', 'openai-responses.mjs'],
  ['gemini', 'google_genai.py', 'google-genai.mjs'],
  ['ollama', 'ollama_chat.py', 'ollama-chat.mjs'],
].flatMap(([client, python, node]) => [
  { client, language: 'python', command: [asked.python, join(HERE, 'python', python)] },
  { client, language: 'node', command: [process.execPath, join(HERE, 'node', node)] },
]);

const wanted = (list, one) => !list || list.includes(one);
const isAskedCheck = (check) => wanted(asked.check, check);
const isAsked = ({ client, language = '' }) =>
  wanted(asked.client, client) || wanted(asked.client, language) || wanted(asked.client, `${client}/${language}`);

/** The providers that a client reaches, each with its root; straight at the practice provider it is its own dialect. */
function reached(spoken, { turnout, practice }) {
  const providers = PROVIDERS.filter((provider) => wanted(asked.provider, provider.name));
  if (!asked.direct)
    return providers.map(({ name, dialect }) => ({ provider: name, dialect, root: `${turnout}/provider/${name}` }));
  const own = providers.filter((provider) => provider.dialect === spoken);
  return own.map(({ name, dialect, model }) => ({ provider: name, dialect, root: practice, model }));
}

/** What an SDK program is told of them. */
function targets(client, there) {
  const behind = asked.direct && client === 'ollama' ? (root) => root : (root) => base(client, root);
  return reached(client, there).map(({ root, dialect: _, ...more }) => ({
    base: behind(root),
    ...CLIENT_MODELS[client],
    ...more,
  }));
}

/** Runs an SDK program and gives what it told; a program that dies has told so as one more finding. */
async function runSdk({ client, language, command }, there) {
  const plan = { targets: targets(client, there), key: KEY, lessons: LESSONS, only: asked.check };
  const [file, ...args] = command;
  const env = { PATH: process.env.PATH, HOME: there.scratch, LANG: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1', ...QUIET };
  const child = spawn(file, args, { cwd: HERE, env, stdio: ['pipe', 'pipe', 'pipe'], timeout: LIMIT });
  const told = [];
  let errors = '';
  child.stderr.on('data', (text) => (errors += text));
  createInterface({ input: child.stdout }).on('line', (line) => told.push(JSON.parse(line)));
  child.stdin.on('error', () => {}); // told by how the program ends
  child.stdin.end(JSON.stringify(plan));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) {
    const error = `the program ended with ${code}: ${errors.slice(-2000)}`;
    told.push({ client, language, provider: '-', check: 'program', ok: false, missing: {}, losses: [], error });
  }
  return told;
}

/** Runs jobs, as many at a time as there are processors, and gives their results in order. */
async function inParallel(jobs) {
  const results = [];
  const waiting = jobs.entries();
  const lane = async () => {
    for (const [index, job] of waiting) results[index] = await job();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  return results.flat();
}

/** Writes the page; one that tells something else than what was committed is a finding where nobody can commit it. */
function keep(page, wrong) {
  const file = join(PROJECT, 'tests/CONFORMANCE.md');
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (page === before) return;
  writeFileSync(file, page);
  if (process.env.CI) wrong.push('tests/CONFORMANCE.md is out of date: run `make conformance` and commit it');
}

async function main() {
  const began = Date.now();
  const there = await world();
  let told;
  try {
    const sdks = SDKS.filter(isAsked).map((sdk) => () => runSdk(sdk, there));
    const runs = COMMAND_LINES.filter(isAsked).flatMap((line) => {
      const targets = reached(line.dialect, there);
      return targets.map((target) => () => runCommandLine(line, target, there.scratch, QUIET, isAskedCheck));
    });
    told = await inParallel([...sdks, ...runs]);
  } finally {
    if (asked.keep) console.log(there.log());
    await there.end();
  }
  const whole = !asked.client && !asked.provider && !asked.check && !asked.direct;
  const judged = judge(told, { whole });
  if (whole) keep(report(judged), judged.wrong);
  screen(judged);
  const wrong = judged.wrong.length;
  const seconds = ((Date.now() - began) / 1000).toFixed(0);
  console.log(`${told.length} checks in ${seconds} s: ${wrong === 0 ? 'all as expected' : `${wrong} findings`}`);
  process.exit(wrong === 0 ? 0 : 1);
}

await main();
