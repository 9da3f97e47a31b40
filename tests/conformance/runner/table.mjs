// Prints what was found: for the screen in short, and as the page that is kept beside the tests.
import { readFileSync } from 'node:fs';
import { PROVIDERS } from './world.mjs';

const read = (file) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

const TITLES = {
  anthropic: 'Anthropic SDK (Messages)',
  'openai-chat': 'OpenAI SDK (Chat Completions)',
  'openai-responses': 'OpenAI SDK (Responses)',
  gemini: 'Google Gen AI SDK',
  ollama: 'Ollama SDK',
  'claude-code': 'Claude Code',
  codex: 'Codex',
  'gemini-cli': 'Gemini CLI',
};

/** Python packages that are no dependency of another one. */
const PYTHON = ['anthropic', 'openai', 'google-genai', 'ollama'];

const unique = (items) => [...new Set(items)];

/** What a check lost, without the ways of asking in which it was lost. */
const lost = ({ missing, losses }) =>
  unique([...Object.keys(missing).map((what) => what.replace(/ \((whole|stream)\)$/, '')), ...losses]);

/** One check of one pair in a word, with the numbers of its notes. */
function mark(row, notes) {
  if (row.problem) return '✗';
  const numbers = row.expected.why.map((why) => notes.indexOf(why) + 1);
  const noted = numbers.length > 0 ? ` [${unique(numbers).join(', ')}]` : '';
  if (row.expected.status !== undefined) return `refused: ${row.expected.status}${noted}`;
  return lost(row).length > 0 ? `✓ without ${lost(row).join(', ')}${noted}` : `✓${noted}`;
}

/** A cell: what its languages found, in one word where they agree. */
function cell(rows, notes) {
  if (rows.length === 0) return '';
  const marks = unique(rows.map((row) => mark(row, notes)));
  if (marks.length === 1) return marks[0];
  return rows.map((row) => `${row.language}: ${mark(row, notes)}`).join('; ');
}

const line = (cells) => `| ${cells.join(' | ')} |`;

/** A table of one client: a row for each check, a column for each provider. */
function table(rows, notes) {
  const providers = PROVIDERS.map(({ name }) => name).filter((name) => rows.some(({ provider }) => provider === name));
  const checks = unique(rows.map(({ check }) => check));
  const found = (check, name) => rows.filter((row) => row.check === check && row.provider === name);
  const lines = checks.map((check) => line([check, ...providers.map((name) => cell(found(check, name), notes))]));
  return [line(['', ...providers]), line(['---', ...providers.map(() => '---')]), ...lines].join('\n');
}

function versions() {
  const node = Object.entries(JSON.parse(read('package.json')).devDependencies);
  const python = read('requirements.txt')
    .split('\n')
    .map((pin) => pin.split('=='));
  return [
    ...node.map(([name, version]) => [name, 'npm', version]),
    ...python.filter(([name]) => PYTHON.includes(name)).map(([name, version]) => [name, 'PyPI', version]),
  ];
}

/** The page. It tells nothing that differs between two runs of the same programs. */
export function report({ rows }) {
  const notes = unique(rows.flatMap(({ expected }) => expected.why));
  const clients = Object.keys(TITLES).filter((name) => rows.some(({ client }) => client === name));
  const tables = clients.map(
    (name) =>
      `## ${TITLES[name]}\n\n${table(
        rows.filter(({ client }) => client === name),
        notes,
      )}\n`,
  );
  const providers = PROVIDERS.map(({ name, dialect, model }) =>
    line([`\`${name}\``, `\`${dialect}\``, `\`${model}\``]),
  );
  return `# Conformance

Written by \`make conformance\`: real clients, as their vendors ship them, through \`turnoutd\` to a practice provider of
every dialect. Columns are providers, rows are what a client does; each SDK runs in Python and in Node.js, and a cell
holds for both unless it says otherwise. \`tests/conformance/expected.json\` has every loss and refusal with its reason.

- ✓ works as the client's vendor documents it.
- ✓ without … works, and what is named cannot be said in the provider's dialect.
- refused: … the request is refused with this status and a message that names the field.
- ✗ is not as expected.

| provider | dialect | model |
| --- | --- | --- |
${providers.join('\n')}

${tables.join('\n')}
## Notes

${notes.map((why, number) => `${number + 1}. ${why}`).join('\n') || 'None.'}

## Versions

| package | registry | version |
| --- | --- | --- |
${versions().map(line).join('\n')}
`;
}

/** Tells on the screen how each client fared with each provider, and then everything that is not as expected. */
export function screen({ rows, wrong }) {
  const width = (items) => Math.max(...items.map((item) => item.length));
  const name = ({ client, language }) => (language ? `${client}/${language}` : client);
  const clients = unique(rows.map(name));
  const providers = unique(rows.map(({ provider }) => provider));
  const left = width(clients);
  console.log([' '.repeat(left), ...providers].join('  '));
  for (const client of clients) {
    const cells = providers.map((provider) => {
      const mine = rows.filter((row) => name(row) === client && row.provider === provider);
      const good = mine.filter(({ problem }) => !problem).length;
      return (mine.length === 0 ? '' : `${good}/${mine.length}`).padEnd(provider.length);
    });
    console.log([client.padEnd(left), ...cells].join('  '));
  }
  wrong.forEach((text) => console.log(`✗ ${text}`));
}
