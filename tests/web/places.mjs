// Every place of the window: each page, and what opens on it, with what is seen there once its data has come.

/** `with data` as traffic.mjs makes it: provider `first`, groups `main` and `cheap`, the rule `haiku is cheap`, one request `id`. */
export const places = ({ id } = {}) => [
  { name: 'overview', to: '#/overview', seen: 'status-line' },
  { name: 'history', to: '#/history', seen: 'history-row', empty: '.hollow' },
  { name: 'usage', to: '#/usage?period=today', seen: 'usage-legend', empty: '[data-testid=usage-empty-import]' },
  { name: 'providers', to: '#/providers', seen: 'provider-test' },
  { name: 'rules', to: '#/rules', seen: 'explain-go' },
  { name: 'playground', to: '#/playground', seen: 'playground-prompt' },
  { name: 'clients', to: '#/clients', seen: 'client-codex' },
  { name: 'logs', to: '#/logs', seen: 'log-line' },
  { name: 'settings', to: '#/settings', seen: 'settings-content' },
  ...(id ? opened(id) : []),
];

/** Of the settings, with what is seen there. */
const SECTIONS = {
  server: '[data-path^=server]',
  routing: '[data-path^=routing]',
  history: '[data-path^=ledger]',
  budgets: 'budget',
  prices: 'price-open',
  tokens: 'token',
  audit: 'audit-entry',
  import: 'logs-look',
  config: 'config-text',
  about: '[data-section=about] dl',
};

const opened = (id) => [
  { name: 'request', to: `#/history?id=${id}`, seen: 'attempt-row' },
  { name: 'history filters', to: '#/history?q=nothing-of-this', seen: '.hollow' },
  { name: 'usage table', to: '#/usage?period=today&as=table', seen: 'usage-time-table' },
  { name: 'usage 30 days', to: '#/usage?period=30d', seen: 'usage-legend' },
  { name: 'groups', to: '#/providers?view=groups', seen: 'column-main' },
  { name: 'provider', to: '#/providers?provider=first', seen: 'provider-dialog' },
  { name: 'provider keys', to: '#/providers?provider=first&tab=keys', seen: 'key-row' },
  { name: 'provider settings', to: '#/providers?provider=first&tab=settings', seen: 'settings-save' },
  { name: 'new provider', to: '#/providers?add=new', seen: 'preset-openai' },
  { name: 'own provider', to: '#/providers?add=custom', seen: 'base-url' },
  { name: 'rule', to: '#/rules?rule=haiku%20is%20cheap', seen: 'rule-sentence' },
  { name: 'new rule', to: '#/rules?add=new', seen: 'rule-name' },
  { name: 'connect', to: '#/clients?connect=claude-code', seen: 'diff' },
  ...Object.entries(SECTIONS).map(([section, seen]) => ({ name: `settings ${section}`, to: `#/settings?section=${section}`, seen })),
];

/** Opens a place as a link would that is followed from another page, and waits for its data. */
export async function visit(page, place, { empty = false } = {}) {
  const elsewhere = place.to.startsWith('#/rules') ? '#/logs' : '#/rules';
  await page.evaluate((to) => (location.hash = to), elsewhere);
  await page.waitForFunction(() => !document.querySelector('dialog[open]'));
  await page.evaluate((to) => (location.hash = to), place.to);
  await come(page, empty && place.empty ? place.empty : place.seen);
}

/** Waits for the data of a place: what is seen then is a test id or a selector. */
export async function come(page, seen) {
  await page.locator(/^[[.#]/.test(seen) ? seen : `[data-testid="${seen}"]`).first().waitFor();
  await page.waitForFunction(() => !document.querySelector('[data-testid=loading]'));
}

/** Chooses theme and language, as the settings would, and begins anew. */
export async function look(page, theme, language) {
  await page.evaluate(([theme, language]) => {
    localStorage.setItem('turnout.theme', theme);
    localStorage.setItem('turnout.language', language);
  }, [theme, language]);
  await page.reload();
  await page.getByTestId('app-ready').waitFor();
}
