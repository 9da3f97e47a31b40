// Holds what the clients told against what is expected. Everything works unless expected.json says otherwise, and
// what is said there has to be so: a loss that is gone, and an entry that fits nothing, are as wrong as a new loss.
import { readFileSync } from 'node:fs';
import { unsaid } from './wire.mjs';
import { PROVIDERS } from './world.mjs';

const ENTRIES = JSON.parse(readFileSync(new URL('../expected.json', import.meta.url), 'utf8'));

/** Whether `pattern` (a name, a list of names, or nothing for any) takes `name`. */
const takes = (pattern, name) => pattern === undefined || [pattern].flat().includes(name);

const fits = (entry, one) =>
  takes(entry.client, one.client) &&
  takes(entry.language, one.language) &&
  takes(entry.provider, one.provider) &&
  takes(entry.check, one.check);

const same = (one, other) => JSON.stringify([...one].sort()) === JSON.stringify([...other].sort());

/** What all entries that fit a check say together. */
function expectation(entries) {
  return {
    status: entries.find(({ refused }) => refused)?.refused,
    says: entries.find(({ says }) => says)?.says ?? '',
    missing: [...new Set(entries.flatMap(({ missing = [] }) => missing))],
    losses: [...new Set(entries.flatMap(({ losses = [] }) => losses))],
    why: entries.map(({ why }) => why),
  };
}

function verdict(one, expected) {
  if (expected.status !== undefined) {
    if (one.status === expected.status && (one.error ?? '').includes(expected.says)) return undefined;
    return `expected to be refused with ${expected.status} and "${expected.says}"; ${one.ok ? 'it works' : (one.error ?? 'it lacks something')}`;
  }
  if (one.error) return one.error;
  const missing = Object.keys(one.missing);
  if (!same(missing, expected.missing)) {
    const details = Object.entries(one.missing).map(([what, detail]) => `${what}: ${detail}`);
    const gone = expected.missing.filter((what) => !missing.includes(what));
    return [...details, ...gone.map((what) => `${what} is expected to be missing and is there`)].join('; ');
  }
  if (!same(one.losses, expected.losses)) {
    return `x-turnout-loss is [${one.losses}], expected is [${expected.losses}]`;
  }
  return undefined;
}

/** The findings, those of a pair that say the same in one line; ids of requests are not a difference. */
function together(rows) {
  const findings = new Map();
  for (const { client, language, provider, check, problem } of rows) {
    const pair = `${language ? `${client}/${language}` : client} → ${provider}`;
    const said = problem.replace(/\breq[-_]\w+/g, 'req-…');
    const key = `${pair}: ${said}`;
    findings.set(key, { pair, said, checks: [...(findings.get(key)?.checks ?? []), check] });
  }
  return [...findings.values()].map(({ pair, said, checks }) => `${pair}, ${checks.join(', ')}: ${said}`);
}

/** Judges all that was told. With `whole`, entries that fit nothing are wrong too. */
export function judge(told, { whole }) {
  const used = new Set();
  const dialects = new Map(PROVIDERS.map(({ name, dialect }) => [name, dialect]));
  const rows = told.map((found) => {
    const one = { ...found, missing: { ...found.missing, ...unsaid(found, dialects.get(found.provider)) } };
    const entries = ENTRIES.filter((entry) => fits(entry, one));
    entries.forEach((entry) => used.add(entry));
    const expected = expectation(entries);
    return { ...one, expected, problem: verdict(one, expected) };
  });
  const wrong = together(rows.filter(({ problem }) => problem));
  const idle = whole ? ENTRIES.filter((entry) => !used.has(entry)) : [];
  wrong.push(...idle.map((entry) => `expected.json: nothing fits ${JSON.stringify(entry)}`));
  return { rows, wrong };
}
