/** How programs are pointed here by hand: lines and values ready to be copied. Pure. */
import type { Connect } from '../api/types';

/** Lines to put somewhere, named by where (a shell, a language, a file). */
export interface Block {
  title: string;
  code: string;
}

/** A value for a field of a program's settings, named as the program names it. */
export interface Entry {
  label: string;
  value: string;
}

export interface Guide {
  id: GuideId;
  /** The program's name. */
  name: string;
  /** Where in the program the entries belong, in its own words. */
  place?: string;
  entries?: Entry[];
  blocks?: Block[];
}

export const GUIDES = ['terminal', 'cursor', 'cline', 'continue', 'zed', 'anthropic', 'openai', 'google'] as const;
export type GuideId = (typeof GUIDES)[number];

/** What no shell takes apart; the dots that stand for a token are only ever shown. */
const PLAIN = /^[\w@%+=:,./•-]+$/;
/** What programs that insist on a key are given where none is demanded. */
const NOBODY = 'turnout';

/** All guides for this Turnout. `token` may be dots, for showing. */
export function guides({ base_url: base, token: given, env }: Connect): Guide[] {
  const token = given ?? NOBODY;
  return [
    { id: 'terminal', name: 'Terminal', blocks: terminal(env) },
    {
      id: 'cursor',
      name: 'Cursor',
      place: 'Cursor Settings → Models → API Keys',
      entries: [
        { label: 'OpenAI API Key', value: token },
        { label: 'Override OpenAI Base URL', value: `${base}/v1` },
      ],
    },
    {
      id: 'cline',
      name: 'Cline',
      place: 'Cline → Settings → API Configuration',
      entries: [
        { label: 'API Provider', value: 'Anthropic' },
        { label: 'Anthropic API Key', value: token },
        { label: 'Use custom base URL', value: base },
      ],
    },
    { id: 'continue', name: 'Continue', blocks: [{ title: '~/.continue/config.yaml', code: continueYaml(base, token) }] },
    {
      id: 'zed',
      name: 'Zed',
      place: 'Agent Settings → Anthropic',
      entries: [{ label: 'API key', value: token }],
      blocks: [{ title: 'settings.json', code: JSON.stringify({ language_models: { anthropic: { api_url: base } } }, null, 2) }],
    },
    {
      id: 'anthropic',
      name: 'Anthropic SDK',
      blocks: [
        { title: 'Python', code: `client = anthropic.Anthropic(base_url="${base}", auth_token="${token}")` },
        { title: 'TypeScript', code: `const client = new Anthropic({ baseURL: '${base}', authToken: '${token}' });` },
        { title: 'bash, zsh', code: exported({ ANTHROPIC_BASE_URL: base, ANTHROPIC_AUTH_TOKEN: token }) },
      ],
    },
    {
      id: 'openai',
      name: 'OpenAI SDK',
      blocks: [
        { title: 'Python', code: `client = openai.OpenAI(base_url="${base}/v1", api_key="${token}")` },
        { title: 'TypeScript', code: `const client = new OpenAI({ baseURL: '${base}/v1', apiKey: '${token}' });` },
        { title: 'bash, zsh', code: exported({ OPENAI_BASE_URL: `${base}/v1`, OPENAI_API_KEY: token }) },
      ],
    },
    {
      id: 'google',
      name: 'Gemini SDK',
      blocks: [
        { title: 'Python', code: `client = genai.Client(api_key="${token}", http_options={"base_url": "${base}"})` },
        { title: 'TypeScript', code: `const ai = new GoogleGenAI({ apiKey: '${token}', httpOptions: { baseUrl: '${base}' } });` },
        { title: 'bash, zsh', code: exported({ GOOGLE_GEMINI_BASE_URL: base, GEMINI_API_KEY: token }) },
      ],
    },
  ];
}

/** The same with the token replaced by dots, for showing. */
export function hideToken(connect: Connect): Connect {
  const { token, env } = connect;
  if (!token) return connect;
  const hidden = Object.entries(env).map(([name, value]) => [name, value.replaceAll(token, dots())]);
  return { ...connect, token: dots(), env: Object.fromEntries(hidden) };
}

/** Always as many dots, so that not even the length is told. */
export function dots(): string {
  return '•'.repeat(16);
}

function terminal(env: Record<string, string>): Block[] {
  const pairs = Object.entries(env);
  return [
    { title: 'bash, zsh', code: exported(env) },
    { title: 'fish', code: pairs.map(([name, value]) => `set -gx ${name} ${isList(name) ? `(string join , $${name} ${fish(value)})` : fish(value)}`).join('\n') },
    { title: 'PowerShell', code: pairs.map(([name, value]) => `$env:${name} = ${powershell(name, value)}`).join('\n') },
    { title: '~/.claude/settings.json', code: JSON.stringify({ env }, null, 2) },
  ];
}

function exported(env: Record<string, string>): string {
  return Object.entries(env)
    .map(([name, value]) => `export ${name}=${isList(name) ? `"\${${name}:+$${name},}${value}"` : posix(value)}`)
    .join('\n');
}

/** A list that the person may have filled before: what stands there stays. */
function isList(name: string): boolean {
  return name === 'NO_PROXY';
}

function powershell(name: string, value: string): string {
  const text = `'${value.replaceAll("'", "''")}'`;
  return isList(name) ? `(@($env:${name}) + ${text} | Where-Object { $_ }) -join ','` : text;
}

function continueYaml(base: string, token: string): string {
  return `models:
  - name: Turnout
    provider: anthropic
    model: sonnet
    apiBase: ${base}/v1
    apiKey: ${token}
    roles: [chat, edit, apply]`;
}

function posix(value: string): string {
  return PLAIN.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

function fish(value: string): string {
  return PLAIN.test(value) ? value : `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
