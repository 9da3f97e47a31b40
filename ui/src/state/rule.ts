/** Rules as a form has them, and what they say in a sentence. Pure but for the words of the chosen language. */
import type { FactValue, Question, Rule } from '../api/rules';
import type { RequestDetail } from '../api/types';
import { i18n, t } from '../i18n/index.svelte';

/** Facts by how they are asked for. Their order is that in which they are offered. */
export const FACTS = {
  model: 'text',
  tier: 'choice',
  client: 'text',
  dialect: 'choice',
  background: 'truth',
  thinking: 'truth',
  has_tools: 'truth',
  has_images: 'truth',
  web_search: 'truth',
  tokens_over: 'number',
  keyword: 'words',
  regex: 'text',
  similar_to: 'words',
  hour: 'text',
  path: 'text',
  token: 'text',
} as const;
export type Fact = keyof typeof FACTS;
export const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;
export const CHOICES = {
  tier: ['big', 'middle', 'small'],
  dialect: ['anthropic', 'openai-chat', 'openai-responses', 'gemini', 'ollama'],
} as const;

export interface Asked {
  fact: Fact;
  /** Texts and numbers as typed; `true` and `false` of what is or is not so. */
  text: string;
  /** Of facts with several words. */
  list: string[];
}

export interface RuleForm {
  name: string;
  enabled: boolean;
  facts: Asked[];
  threshold: string;
  use: { group: string; provider: string; model: string; effort: string; max_tokens: string };
}

export function emptyRule(name: string): RuleForm {
  return { name, enabled: true, facts: [], threshold: '', use: { group: '', provider: '', model: '', effort: '', max_tokens: '' } };
}

/** A fact as it begins when it is added to a rule. */
export function asked(fact: Fact): Asked {
  const text = FACTS[fact] === 'truth' ? 'true' : FACTS[fact] === 'choice' ? CHOICES[fact as keyof typeof CHOICES][0] : '';
  return { fact, text, list: [] };
}

export function toForm(rule: Rule): RuleForm {
  const facts = (Object.keys(FACTS) as Fact[]).flatMap((fact): Asked[] => {
    const value = rule.when[fact];
    if (value === undefined || value === null) return [];
    if (FACTS[fact] === 'words') return [{ fact, text: '', list: typeof value === 'object' ? [...value] : [String(value)] }];
    return [{ fact, text: String(value), list: [] }];
  });
  const { group, provider, model, effort, max_tokens } = rule.use;
  const text = (value: unknown) => (value === undefined || value === null ? '' : String(value));
  return {
    name: rule.name,
    enabled: rule.enabled,
    facts,
    threshold: text(rule.when['threshold']),
    use: { group: text(group), provider: text(provider), model: text(model), effort: text(effort), max_tokens: text(max_tokens) },
  };
}

/** What the daemon takes; facts that are not filled in are left out. */
export function toRule(form: RuleForm): Rule {
  const when: Record<string, FactValue> = {};
  for (const one of form.facts) {
    const value = factValue(one);
    if (value !== null) when[one.fact] = value;
  }
  if ('similar_to' in when && form.threshold.trim()) when['threshold'] = numeral(form.threshold);
  const use: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(form.use)) {
    if (value.trim()) use[name] = name === 'max_tokens' ? numeral(value) : value.trim();
  }
  return { name: form.name.trim(), enabled: form.enabled, when, use };
}

/** Conditions that say nothing yet: without them the rule would fit more than it seems to. */
export function lacking(form: RuleForm): Fact[] {
  return form.facts.filter((one) => factValue(one) === null).map((one) => one.fact);
}

/** The rule for its sentence: what is still to be filled in stands there as `…`. */
export function sketch(form: RuleForm): Rule {
  const facts = form.facts.map((one) => (factValue(one) === null ? { ...one, text: '…', list: ['…'] } : one));
  return toRule({ ...form, facts });
}

function factValue({ fact, text, list }: Asked): FactValue | null {
  const bare = text.trim();
  switch (FACTS[fact]) {
    case 'words':
      return list.length ? list : null;
    case 'truth':
      return bare === 'true';
    case 'number':
      return bare ? numeral(bare) : null;
    default:
      return bare || null;
  }
}

/** A number; what is none goes as it is, for the daemon to say what is wrong with it. */
function numeral(text: string): number | string {
  const value = Number(text.trim());
  return Number.isFinite(value) ? value : text.trim();
}

const quoted = (value: FactValue | undefined) => `\`${String(value)}\``;
const either = (value: FactValue | undefined) =>
  new Intl.ListFormat(i18n.language, { type: 'disjunction' }).format((typeof value === 'object' ? value : [String(value)]).map(quoted));

/** `When the model is … and …`, with names in backticks. */
export function whenSentence({ when }: Pick<Rule, 'when'>): string {
  const clauses = (Object.keys(FACTS) as Fact[]).filter((fact) => when[fact] !== undefined).map((fact) => clause(fact, when[fact] as FactValue));
  if (clauses.length === 0) return t.rulesAlways;
  const last = clauses.pop() ?? '';
  return t.rulesWhen(clauses.length ? `${clauses.join(t.rulesComma)}${clauses.length > 1 ? t.rulesAndLast : t.rulesAnd}${last}` : last);
}

function clause(fact: Fact, value: FactValue): string {
  switch (fact) {
    case 'model':
      return t.rulesIf_model(quoted(value));
    case 'tier':
      return t.rulesIf_tier(i18n.word('rulesTier_', String(value)));
    case 'client':
      return t.rulesIf_client(quoted(value));
    case 'dialect':
      return t.rulesIf_dialect(i18n.word('providersDialect_', String(value)));
    case 'path':
      return t.rulesIf_path(quoted(value));
    case 'token':
      return t.rulesIf_token(quoted(value));
    case 'hour':
      return t.rulesIf_hour(String(value));
    case 'tokens_over':
      return t.rulesIf_tokens_over(typeof value === 'number' ? new Intl.NumberFormat(i18n.locale).format(value) : String(value));
    case 'keyword':
      return t.rulesIf_keyword(either(value));
    case 'regex':
      return t.rulesIf_regex(quoted(value));
    case 'similar_to':
      return t.rulesIf_similar_to(either(value));
    default:
      return i18n.word(value ? 'rulesIs_' : 'rulesIsNot_', fact);
  }
}

/** `group cheap, model …`, with names in backticks. */
export function useSentence({ use }: Pick<Rule, 'use'>): string {
  const { group, provider, model, effort, max_tokens } = use;
  const parts = [
    group ? t.rulesUse_group(quoted(group)) : '',
    provider ? t.rulesUse_provider(quoted(provider)) : '',
    model ? t.rulesUse_model(quoted(model)) : '',
    effort ? t.rulesUse_effort(i18n.word('rulesEffort_', String(effort))) : '',
    max_tokens !== undefined ? t.rulesUse_max_tokens(amount(max_tokens)) : '',
  ].filter(Boolean);
  return parts.length ? parts.join(t.rulesComma) : t.rulesUseNothing;
}

/** A number by locale; what is none as it was typed. */
function amount(value: FactValue): string {
  const number = Number(value);
  return Number.isFinite(number) ? new Intl.NumberFormat(i18n.locale).format(number) : quoted(value);
}

/** How a client program names itself, for a request that is thought of as its own. */
const AGENTS: Readonly<Record<string, string>> = {
  'claude-code': 'claude-cli/2.0.0 (external, cli)',
  codex: 'codex_cli_rs/0.50.0',
  'gemini-cli': 'GeminiCLI/0.10.0',
};

export interface Sample {
  path: string;
  headers: string;
  body: string;
  token: string;
}

export const SAMPLE: Sample = {
  path: '/v1/messages',
  headers: `user-agent: ${AGENTS['claude-code']}`,
  body: JSON.stringify({ model: 'claude-sonnet-4-5', max_tokens: 1024, messages: [{ role: 'user', content: 'Fix the failing test' }] }, null, 2),
  token: '',
};

/** A request of the history as one that could come again: what was kept of it, and in place of its text a word. */
export function sampleOf(row: RequestDetail, kept: string | null): Sample {
  const agent = row.client ? (AGENTS[row.client] ?? `${row.client}/1.0`) : '';
  const content = 'Hello';
  const input = /responses/.test(row.path ?? '') ? { input: content } : { messages: [{ role: 'user', content }] };
  const body = /:generateContent|:streamGenerateContent/.test(row.path ?? '')
    ? { contents: [{ role: 'user', parts: [{ text: content }] }] }
    : { model: row.model_requested ?? '', max_tokens: 1024, ...input, ...(row.stream ? { stream: true } : {}) };
  return {
    path: row.path ?? '/v1/messages',
    headers: agent ? `user-agent: ${agent}` : '',
    body: kept ?? JSON.stringify(body, null, 2),
    token: row.token ?? '',
  };
}

/** `name: value` lines as headers. */
export function headersOf(text: string): Record<string, string> {
  const lines = text.split('\n').flatMap((line): [string, string][] => {
    const at = line.indexOf(':');
    return at > 0 ? [[line.slice(0, at).trim(), line.slice(at + 1).trim()]] : [];
  });
  return Object.fromEntries(lines);
}

/** What the daemon is asked. The body goes as it is typed, so that its mistakes are told by who reads it. */
export function questionOf(sample: Sample): Question {
  const { path, headers, body, token } = sample;
  return { path: path.trim(), headers: headersOf(headers), body, ...(token.trim() ? { token: token.trim() } : {}) };
}
