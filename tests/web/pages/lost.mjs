// The line is lost, and comes back: on every page this is told, what is shown is fresh then, and nothing typed is gone.
// Once the line alone is cut, which mends itself; once the daemon dies and has forgotten the session when it is back.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pale } from '../contrast.mjs';
import { visit } from '../places.mjs';

export const setting = { cuttable: true, more: '[ledger]\ncapture_bodies = "all"\n', env: { TURNOUT_PASSPHRASE: 'of-the-page-tests' } };

let request;
let news = 0;
const provider = async (turnout) => {
  const name = `new-${(news += 1)}`;
  await turnout.admin('POST', '/providers', { name, dialect: 'anthropic', base_url: turnout.practice.first, keys: ['env:PAGE_KEY'] });
  return `[data-testid="provider-${name}"]`;
};
const rule = async (turnout) => {
  const name = `new-${(news += 1)}`;
  await turnout.admin('POST', '/rules', { name, when: { model: 'x-*' }, use: { group: 'spare' } });
  return `[data-testid="rule-${name}"]`;
};
const asked = async (turnout) => {
  const { id } = await turnout.ask('while nobody looked');
  return `[data-testid="history-row"][data-id="${id}"]`;
};
const count = async (turnout) => {
  await turnout.ask('one more');
  const { total } = await turnout.admin('GET', '/usage?by=model&limit=1000');
  return `[data-testid="usage-requests"]:text("${total.requests}")`;
};
const changed = async (turnout) => {
  const value = 40 + (news += 1);
  await turnout.admin('PATCH', '/settings', { 'routing.suspend.max': value });
  return `[data-path="routing.suspend.max"][data-value="${value}"]`;
};
const token = async (turnout) => {
  const name = `new-${(news += 1)}`;
  await turnout.admin('POST', '/tokens', { name, scopes: ['inference'] });
  return `[data-testid="token"][data-name="${name}"]`;
};
const budget = async (turnout) => {
  const name = `new-${(news += 1)}`;
  await turnout.admin('PUT', '/config', await written(turnout, `[[ledger.budgets]]\nname = "${name}"\nlimit_usd = 5\nper = "day"\n`));
  return `[data-testid="budget"][data-name="${name}"]`;
};
const written = async (turnout, more) => ({ toml: `${(await turnout.admin('GET', '/config')).toml}\n${more}` });
const mode = async (turnout) => {
  const { mode } = await turnout.admin('GET', '/status');
  const next = mode === 'auto' ? 'manual' : 'auto';
  await turnout.admin('PUT', '/mode', { mode: next });
  return `[data-testid="mode-toggle"][data-value="${next}"]`;
};
const logged = async (turnout) => {
  const name = `new-${(news += 1)}`;
  await turnout.admin('POST', '/groups', { name, members: [{ provider: 'first' }] });
  return `[data-testid="log-line"]:has-text("${name}")`;
};
const client = async (turnout) => {
  const file = join(turnout.home, '.claude/settings.json');
  const elsewhere = readFileSync(file, 'utf8') === '{}';
  writeFileSync(file, elsewhere ? '{"env":{"ANTHROPIC_BASE_URL":"https://elsewhere.example","ANTHROPIC_AUTH_TOKEN":"x"}}' : '{}');
  return `[data-testid="client-claude-code"][data-standing="${elsewhere ? 'elsewhere' : 'vendor'}"]`;
};

/** `typed`: fields by test id, or by a selector, and what is written into each; `enter` tries to send it while the line is lost. `change` tells where it must show. */
const places = () => [
  { to: '#/overview', seen: 'status-line', change: mode },
  { to: '#/history', seen: 'history-row', change: asked },
  { to: `#/history?id=${request}`, seen: 'attempt-row', press: 'replay', typed: { 'replay-model': 'another-model' }, change: asked },
  { to: '#/usage?period=today', seen: 'usage-legend', change: count },
  { to: '#/usage?period=today', seen: 'usage-legend', press: ['usage-prices', 'price-set'], typed: { 'price-input': '1.5' }, change: count },
  { to: '#/providers', seen: 'provider-test', typed: { 'provider-search': 'new-' }, change: provider },
  { to: '#/providers?add=custom', seen: 'base-url', typed: { 'provider-name': 'typed', 'base-url': 'http://127.0.0.1:9', 'key-input': 'sk-typed' }, change: provider },
  { to: '#/providers?provider=first&tab=keys', seen: 'key-row', typed: { 'key-input': 'sk-typed' }, change: provider },
  { to: '#/providers?provider=first&tab=settings', seen: 'settings-save', press: 'advanced', typed: { 'limit-rpm': '77' }, change: provider },
  { to: '#/rules', seen: 'explain-go', typed: { 'explain-body': '{"model":"typed"}' }, change: rule },
  { to: '#/rules?add=new', seen: 'rule-name', typed: { 'rule-name': 'typed', 'use-max-tokens': '99' }, change: rule },
  { to: '#/playground', seen: 'playground-prompt', typed: { 'playground-prompt': 'typed' }, change: async (turnout) => `${(await provider(turnout)).replace(/.*provider-(.*)"\]/, 'option[value="provider:$1"]')}` },
  { to: '#/clients', seen: 'client-codex', change: client },
  { to: '#/logs', seen: 'log-line', typed: { 'log-search': 'new-' }, change: logged },
  { to: '#/settings?section=routing', seen: 'setting', typed: { '[data-path="routing.cooldown"] input': '17s' }, enter: true, change: changed },
  { to: '#/settings?section=tokens', seen: 'token-add', press: 'token-add', typed: { 'token-name': 'typed', 'token-rpm': '12' }, change: token },
  { to: '#/settings?section=budgets', seen: 'budget-add', press: 'budget-add', typed: { 'budget-name': 'typed', 'budget-limit': '3' }, change: budget },
  { to: '#/settings?section=config', seen: 'config-text', typed: { 'config-text': '# typed' }, change: changed, fresh: '[data-testid="config-overtaken"]' },
];

const field = (page, name) => (/^\[/.test(name) ? page.locator(name) : page.getByTestId(name).first());

/** Opens a place, fills in what can be typed, and looks whether it is there. */
async function begin({ page }, place) {
  await visit(page, place);
  for (const button of [place.press ?? []].flat()) await page.getByTestId(button).first().click();
  for (const [name, text] of Object.entries(place.typed ?? {})) await field(page, name).fill(text);
}
async function kept({ page }, place) {
  for (const [name, text] of Object.entries(place.typed ?? {})) assert.equal(await field(page, name).inputValue(), text, name);
}

/** Goes through all places and gathers what is wrong with any. */
async function each(tools, steps) {
  const wrong = [];
  for (const place of places()) {
    try {
      await begin(tools, place);
      await steps(place);
      await kept(tools, place);
    } catch (error) {
      wrong.push(`${place.to} ${place.press ?? ''}: ${String(error.message).split('\n').slice(0, 4).join(' ')}`);
      await tools.picture(`lost-${wrong.length}`);
      await tools.turnout.wire.mend().catch(() => {});
      await tools.page.reload();
      await tools.at('app-ready').waitFor();
    }
    await tools.page.keyboard.press('Escape');
    // Drafts that outlive their page are put away.
    await tools.page.evaluate(() => localStorage.clear());
    await tools.page.reload();
    await tools.at('app-ready').waitFor();
  }
  assert.deepEqual(wrong, []);
}

/** It is told, also to those who cannot reach the page behind a dialog. */
async function told({ page, at }) {
  await at('connection-lost').waitFor();
  if (await page.locator('dialog[open]').count()) await at('dialog-lost').first().waitFor();
}

export default {
  async 'there is something to look at'({ enter, turnout }) {
    mkdirSync(join(turnout.home, '.claude'));
    writeFileSync(join(turnout.home, '.claude/settings.json'), '{}');
    request = (await turnout.ask('something to look at')).id;
    await turnout.ask('without a price', { model: 'of-no-list' });
    await enter('#/overview');
  },

  async 'a line that was cut mends itself on every page, with what is new, and nothing typed is gone'(tools) {
    const { page, at, turnout } = tools;
    await each(tools, async (place) => {
      turnout.wire.cut();
      await told(tools);
      const fresh = await place.change(turnout);
      if (place.enter) await page.keyboard.press('Enter');
      await kept(tools, place);
      await turnout.wire.mend();
      await at('connection-lost').waitFor({ state: 'detached' });
      await page.locator('[data-testid="app-ready"][data-line="live"]').waitFor();
      await page.locator(place.fresh ?? fresh).first().waitFor({ state: 'attached' });
    });
  },

  async 'a daemon that died and came back lets each page in again by a link, and nothing typed is gone'(tools) {
    const { page, at, context, turnout, axe, picture } = tools;
    let looked = false;
    await each(tools, async (place) => {
      await turnout.kill();
      await told(tools);
      await turnout.again();
      await page.locator('[data-testid="gate"][data-line="unauthorised"]').waitFor();
      assert.equal(await at('app-ready').count(), 0);
      if (!looked) {
        assert.deepEqual([...(await axe()), ...(await page.evaluate(pale))], []);
        await picture('lost-gate');
        looked = true;
      }
      const fresh = await place.change(turnout);
      const beside = await context.newPage();
      await beside.goto(await turnout.link());
      await beside.close();
      await page.evaluate(() => dispatchEvent(new Event('focus')));
      await page.locator('[data-testid="app-ready"][data-line="live"]').waitFor();
      await at('gate').waitFor({ state: 'detached' });
      await page.locator(place.fresh ?? fresh).first().waitFor({ state: 'attached' });
    });
  },
};
