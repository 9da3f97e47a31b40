// The real Claude Code, Codex and Gemini CLI, each run in a home of its own, which holds what a fresh login would.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KEY } from './world.mjs';

const PROGRAMS = new URL('../node_modules/.bin/', import.meta.url).pathname;
/** Longer than any run here takes; the clients themselves would go on trying for minutes. */
const LIMIT = 100_000;

/** What the tool prints is not in its command, so that it proves that the command ran. */
const COMMAND = "printf 'tool-%d-ran' 0x2a";
const RAN = 'tool-42-ran';
const SAID = 'hello to the turnout';

const lines = (out) =>
  out
    .split('\n')
    .filter((text) => text.startsWith('{'))
    .map((text) => JSON.parse(text));
const scenario = (tool, args) => `[[practice:tool;tool=${tool};args=${encodeURIComponent(JSON.stringify(args))}]]`;

/** Codex's own choice of a model takes programs as text; where a dialect has no tools of that kind, it is a field. */
function codeMode(dialect) {
  const input = `text(await tools.exec_command({ cmd: ${JSON.stringify(COMMAND)} }));`;
  return scenario('exec', dialect === 'openai-responses' ? input : { input });
}

/**
 * The clients. `setUp` gives arguments and environment for a home, and writes its files; `answer` reads the last
 * answer from what was printed; `tool` is the scenario that makes it run `COMMAND` with a provider of a dialect.
 */
export const COMMAND_LINES = [
  {
    client: 'claude-code',
    dialect: 'anthropic',
    program: 'claude',
    tool: () => scenario('Bash', { command: COMMAND, description: 'Prints a number' }),
    setUp: (root) => ({
      args: (prompt) => ['-p', prompt, '--output-format', 'stream-json', '--verbose', '--allowedTools', 'Bash'],
      env: {
        ANTHROPIC_BASE_URL: root,
        ANTHROPIC_AUTH_TOKEN: KEY,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_AUTOUPDATER: '1',
        IS_SANDBOX: '1',
      },
    }),
    answer: (out) => {
      const last = lines(out).findLast(({ type }) => type === 'result');
      return last?.is_error === false ? last.result : undefined;
    },
  },
  codex('codex', undefined, codeMode),
  codex('codex with gpt-5.1', 'gpt-5.1', () => scenario('exec_command', { cmd: COMMAND })),
  {
    client: 'gemini-cli',
    dialect: 'gemini',
    program: 'gemini',
    tool: () => scenario('run_shell_command', { command: COMMAND }),
    setUp: (root, home) => {
      const settings = {
        security: { auth: { selectedType: 'gemini-api-key' } },
        privacy: { usageStatisticsEnabled: false },
        general: { enableAutoUpdate: false },
      };
      mkdirSync(join(home, '.gemini'));
      writeFileSync(join(home, '.gemini/settings.json'), JSON.stringify(settings));
      return {
        args: (prompt) => ['-p', prompt, '--output-format', 'json', '--yolo'],
        env: { GOOGLE_GEMINI_BASE_URL: root, GEMINI_API_KEY: KEY, GEMINI_CLI_TRUST_WORKSPACE: 'true' },
      };
    },
    answer: (out) => JSON.parse(out.slice(out.indexOf('{'))).response,
  },
];

/** Codex with its own choice of a model, or with `model`, which it gives other tools. */
function codex(client, model, tool) {
  return {
    client,
    dialect: 'openai-responses',
    program: 'codex',
    tool,
    setUp: (root, home) => {
      mkdirSync(join(home, '.codex'));
      const config = `model_provider = "turnout"
${model ? `model = "${model}"\n` : ''}[analytics]
enabled = false
[model_providers.turnout]
name = "turnout"
base_url = "${root}/v1"
wire_api = "responses"
env_key = "TURNOUT_KEY"
`;
      writeFileSync(join(home, '.codex/config.toml'), config);
      return {
        args: (prompt) => ['exec', '--json', '--skip-git-repo-check', '-s', 'danger-full-access', prompt],
        env: { TURNOUT_KEY: KEY },
      };
    },
    answer: (out) => lines(out).findLast(({ item }) => item?.type === 'agent_message')?.item.text,
  };
}

/** Runs a client against a provider at `root`: a prompt, then a prompt whose answer needs a tool; those that `isAsked` takes. */
export async function runCommandLine(line, { provider, dialect, root }, scratch, quiet, isAsked) {
  const told = [];
  for (const [check, prompt, want] of [
    ['prompt', `Say ${SAID}.`, SAID],
    ['tool loop', `Run the tool. ${line.tool(dialect)}`, RAN],
  ].filter(([check]) => isAsked(check))) {
    const home = mkdtempSync(join(scratch, `${line.program}-`));
    const { args, env } = line.setUp(root, home);
    const { code, out, err } = await spawned(join(PROGRAMS, line.program), args(prompt), home, { ...env, ...quiet });
    const missing = {};
    const answer = code === 0 ? answered(line, out) : undefined;
    if (!answer?.includes(want))
      missing[want] =
        `it ended with ${code} and answered ${JSON.stringify(answer)}: ${out.slice(-800)} ${err.slice(-800)}`;
    told.push({
      client: line.client,
      provider,
      check,
      ok: code === 0 && answer?.includes(want),
      missing,
      losses: [],
    });
  }
  return told;
}

function answered(line, out) {
  try {
    return line.answer(out);
  } catch {
    return undefined; // what it printed is told with the finding
  }
}

/** Runs a program to its end, or to `LIMIT`, with everything that it started. */
function spawned(file, args, home, env) {
  const work = join(home, 'work');
  mkdirSync(work);
  const plain = { HOME: home, PATH: process.env.PATH, TERM: 'xterm-256color', LANG: 'C.UTF-8', SHELL: '/bin/bash' };
  const child = spawn(file, args, {
    cwd: work,
    env: { ...plain, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (text) => (out += text));
  child.stderr.on('data', (text) => (err += text));
  const late = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), LIMIT);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(late);
      resolve({ code, out, err });
    });
  });
}
