// Settings: each saved and taken back, tokens shown once, prices, audit, imports, the config as text.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ADMIN } from '../turnoutd.mjs';

export const setting = { more: '\n# a comment that stays\n[ledger]\nretention = "30d"\n' };

const section = async ({ page, at }, name) => {
  await at(`section-${name}`).click();
  await page.locator(`[data-testid="settings-content"][data-section="${name}"]`).waitFor();
};
const row = (page, path) => page.locator(`[data-testid="setting"][data-path="${path}"]`);
const serious = async (axe) => (await axe()).filter((line) => /serious|critical/.test(line));
const one = async (turnout, path) => (await turnout.admin('GET', '/settings')).items.find((item) => item.path === path);
const file = (turnout) => readFileSync(join(turnout.home, 'config.toml'), 'utf8');

/** Tests in order: each goes on where the one before stopped. */
export default {
  async 'a setting is saved when it is left, and goes back to its default'({ page, at, enter, turnout, picture, ...rest }) {
    await enter('#/settings');
    await picture('settings-general');
    await section({ page, at }, 'routing');
    const field = row(page, 'routing.suspend.max').locator('input');
    await field.fill('37');
    await field.press('Enter');
    await row(page, 'routing.suspend.max').getByText('Saved').waitFor();
    assert.equal((await one(turnout, 'routing.suspend.max')).value, 37);
    assert.match(file(turnout), /# a comment that stays/);
    await picture('settings-routing');
    await row(page, 'routing.suspend.max').getByTestId('setting-default').click();
    await page.locator('[data-path="routing.suspend.max"][data-value="100"]').waitFor();
    assert.equal((await one(turnout, 'routing.suspend.max')).written, false);
  },

  async 'what cannot be right is not sent, and a refusal is taken back in the words of the daemon'({ page, turnout }) {
    const field = row(page, 'routing.cooldown').locator('input');
    await field.fill('soon');
    await field.press('Enter');
    await row(page, 'routing.cooldown').getByText('Write a number with its unit').waitFor();
    await field.press('Escape');
    assert.equal(await field.inputValue(), '1ms');
    await page.route('**/api/v1/settings', (route) =>
      route.request().method() === 'PATCH'
        ? route.fulfill({ status: 400, json: { error: { code: 'invalid_request', message: 'too long a rest', request_id: 'req-1' } } })
        : route.continue(),
    );
    await field.fill('90d');
    await field.press('Enter');
    await row(page, 'routing.cooldown').getByText('too long a rest').waitFor();
    assert.equal(await field.inputValue(), '1ms');
    await page.unroute('**/api/v1/settings');
    assert.equal((await one(turnout, 'routing.cooldown')).value, '1ms');
  },

  async 'a switch moves when the daemon has moved'({ page, turnout }) {
    const at = row(page, 'routing.hedge.enabled').getByRole('switch');
    await at.click();
    await page.locator('[data-path="routing.hedge.enabled"][data-value="true"]').waitFor();
    assert.equal((await one(turnout, 'routing.hedge.enabled')).value, true);
    await at.click();
    await page.locator('[data-path="routing.hedge.enabled"][data-value="false"]').waitFor();
  },

  async 'every setting has a name of its own in both languages'({ page, open, turnout, at }) {
    await open('#/settings?q=.');
    await at('setting').first().waitFor();
    const { items } = await turnout.admin('GET', '/settings');
    for (const language of ['en', 'zh-CN']) {
      await page.evaluate((to) => localStorage.setItem('turnout.language', to), language);
      await page.reload();
      await at('setting').first().waitFor();
      const shown = await at('setting').evaluateAll((rows) => rows.map((row) => [row.dataset.path, row.querySelector('.label').textContent]));
      assert.equal(shown.length, items.length - 1, 'all but the budgets, which have a section of their own');
      assert.deepEqual(shown.filter(([path, name]) => path === name), [], language);
    }
    await page.evaluate(() => localStorage.setItem('turnout.language', 'en'));
    await page.reload();
  },

  async 'language and appearance of the config reach the window, and choices here reach the config'({ page, open, turnout, at }) {
    await turnout.admin('PATCH', '/settings', { 'desktop.language': 'zh-CN', 'desktop.theme': 'dark' });
    await open('#/settings?section=general');
    await page.reload();
    await page.locator('html[lang=zh-CN][data-theme=dark]').waitFor();
    await at('language').getByText('English').click();
    await page.locator('html[lang=en]').waitFor();
    const told = () => turnout.admin('GET', '/settings').then(({ items }) => items.find(({ path }) => path === 'desktop.language').value);
    for (let tries = 0; (await told()) !== 'en'; tries += 1) assert.ok(tries < 100, await told());
    await turnout.admin('PATCH', '/settings', { 'desktop.language': null, 'desktop.theme': null });
    await page.reload();
    await page.locator('html[lang=en]:not([data-theme=dark])').waitFor();
  },

  async 'the search finds settings and sections from anywhere on the page'({ page, at, open, picture }) {
    await open('#/settings');
    await page.keyboard.press('/');
    await page.keyboard.type('retention');
    await row(page, 'ledger.retention').waitFor();
    assert.match(page.url(), /q=retention/);
    await picture('settings-search');
    await at('settings-search').fill('whalesong');
    await page.getByText('No setting by that name').waitFor();
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await page.locator('[data-testid="settings-content"][data-section="general"]').waitFor();
  },

  async 'what is kept can be tidied up'({ page, at, picture }) {
    await section({ page, at }, 'history');
    await at('vacuum').click();
    await page.getByText(/the database takes/).waitFor();
    await picture('settings-history');
  },

  async 'a token is made with limits, shown once, changed, and removed'({ page, at, turnout, picture }) {
    await section({ page, at }, 'tokens');
    await at('token-add').click();
    await at('token-name').fill('my ci');
    await at('token-rpm').fill('abc');
    await at('token-dialog').getByText('no spaces').waitFor();
    await at('token-dialog').getByText('Write a whole number above zero').waitFor();
    assert.deepEqual([await at('token-name').getAttribute('aria-invalid'), await at('token-rpm').getAttribute('aria-invalid'), await at('token-tpm').getAttribute('aria-invalid')], ['true', 'true', 'false']);
    assert.equal(await at('token-save').isDisabled(), true);
    await picture('settings-token-wrong');
    await at('token-name').fill('ci');
    await at('token-group-main').check();
    await at('token-rpm').fill('60');
    await at('token-usd').fill('2.5');
    await at('token-expires').fill('2031-01-31');
    await picture('settings-token');
    await at('token-save').click();
    const value = (await at('made').textContent()).trim();
    await picture('settings-token-made');
    assert.equal((await turnout.admin('POST', '/tokens/validate', { token: value })).valid, true);
    await page.getByRole('button', { name: 'I have it' }).click();
    await page.locator('[data-testid="token"][data-name="ci"]').getByText('60 requests a minute').waitFor();
    assert.equal((await page.content()).includes(value), false, 'the value stays in the page');
    await at('token-edit-ci').click();
    await at('token-rpm').fill('');
    await at('token-save').click();
    await at('token-dialog').waitFor({ state: 'detached' });
    const ci = (await turnout.admin('GET', '/tokens')).items.find((token) => token.name === 'ci');
    assert.deepEqual([ci.limits.rpm, ci.limits.usd, ci.groups], [null, 2.5, ['main']]);
    await picture('settings-tokens');
    await at('token-remove-ci').click();
    await at('confirm-go').click();
    await page.locator('[data-testid="token"][data-name="ci"]').waitFor({ state: 'detached' });
    assert.equal((await turnout.admin('GET', '/tokens')).items.some((token) => token.name === 'ci'), false);
  },

  async 'a price of one’s own goes before the list’s'({ page, at, turnout, picture }) {
    await section({ page, at }, 'prices');
    await at('price').first().waitFor();
    await turnout.ask('used lately', { model: 'of-no-list' });
    await section({ page, at }, 'about');
    await section({ page, at }, 'prices');
    const used = page.locator('[data-testid="price"][data-model="of-no-list"][data-known="false"]');
    await used.getByText('no price known').waitFor();
    assert.match(await at('price').nth(1).innerText(), /\$\d/);
    await picture('settings-prices-used');
    await used.getByTestId('price-open').click();
    assert.equal(await at('price-model').inputValue(), 'of-no-list');
    await page.keyboard.press('Escape');
    await at('price-search').fill('no-such-model');
    await page.getByText('No price for a model of that name').waitFor();
    await at('price-add').click();
    assert.equal(await at('price-model').inputValue(), 'no-such-model');
    await at('price-input').fill('0.6');
    await at('price-output').fill('2.2');
    await at('price-save').click();
    await page.locator('[data-testid="price"][data-model="no-such-model"][data-own="true"]').waitFor();
    const [own] = (await turnout.admin('GET', '/prices?q=no-such-model')).items;
    assert.deepEqual([own.input, own.output, own.seller], ['0.6', '2.2', 'config']);
    await picture('settings-price');
    await page.getByRole('button', { name: 'Remove' }).click();
    await at('confirm-go').click();
    await page.getByText('No price for a model of that name').waitFor();
    await at('confirm').waitFor({ state: 'detached' });
    await at('price-search').fill('sonnet');
    await page.locator('[data-testid="price"][data-model*="sonnet"]').first().waitFor();
    await picture('settings-prices');
  },

  async 'a budget is added, changed and removed'({ page, at, turnout, picture }) {
    await section({ page, at }, 'budgets');
    await page.getByText('No budgets yet').waitFor();
    await at('budget-add').click();
    await at('budget-name').fill('daily');
    await at('budget-limit').fill('20');
    await at('budget-save').click();
    await at('budget').waitFor();
    assert.deepEqual((await turnout.admin('GET', '/budgets')).items.map((budget) => [budget.name, budget.limit_usd]), [['daily', '20']]);
    assert.match(file(turnout), /# a comment that stays/);
    await picture('settings-budgets');
    await at('budget-edit-daily').click();
    await at('budget-limit').fill('7.5');
    await at('budget-scope').selectOption('group:main');
    await at('budget-save').click();
    await page.getByTestId('budget').getByText('group main').waitFor();
    assert.deepEqual((await turnout.admin('GET', '/budgets')).items.map((budget) => [budget.limit_usd, budget.group]), [['7.5', 'main']]);
    await at('budget-remove-daily').click();
    await at('confirm-go').click();
    await page.getByText('No budgets yet').waitFor();
  },

  async 'a token’s own limit among the budgets is changed, and taken off, at its token'({ page, at, turnout, picture }) {
    const limits = async () => (await turnout.admin('GET', '/tokens')).items.find((token) => token.name === 'my-ci').limits;
    await turnout.admin('POST', '/tokens', { name: 'my-ci', scopes: ['inference'], limits: { rpm: 60, usd: 5, per: 'day' } });
    await section({ page, at }, 'about');
    await section({ page, at }, 'budgets');
    const line = page.locator('[data-testid="budget"][data-own="my-ci"]');
    await line.getByText('Limit of token my-ci').waitFor();
    await picture('settings-budget-of-token');
    await at('budget-edit-of token my-ci').click();
    assert.equal(await at('token-usd').inputValue(), '5');
    await at('token-usd').fill('7.5');
    await at('token-save').click();
    await line.getByText('$7.50').waitFor();
    assert.equal((await limits()).usd, 7.5);
    await at('budget-remove-of token my-ci').click();
    await at('confirm-go').click();
    await line.waitFor({ state: 'detached' });
    assert.deepEqual([(await limits()).usd, (await limits()).rpm], [null, 60]);
    assert.doesNotMatch(file(turnout), /of token/);
    await turnout.admin('DELETE', '/tokens/my-ci');
  },

  async 'the audit log tells what was done here'({ page, at, picture }) {
    await section({ page, at }, 'audit');
    await page.locator('[data-testid="audit-entry"][data-action="token.add"]').first().waitFor();
    await at('audit-search').fill('price');
    await page.locator('[data-testid="audit-entry"][data-action="token.add"]').first().waitFor({ state: 'detached' });
    await at('audit-entry').first().waitFor();
    await page.getByText(/1 change/).first().click();
    await at('audit-search').fill('');
    await page.locator('[data-testid="audit-entry"][data-action="token.add"]').first().waitFor();
    // What was done has a name in both languages, and tells on what.
    for (const language of ['en', 'zh-CN']) {
      await page.evaluate((to) => localStorage.setItem('turnout.language', to), language);
      await page.reload();
      await at('audit-entry').first().waitFor();
      const shown = await at('audit-entry').evaluateAll((rows) => rows.map((row) => [row.dataset.action, row.querySelector('strong').textContent]));
      assert.deepEqual(shown.filter(([action, name]) => name === action.replaceAll('_', ' ')), [], language);
      await picture(`settings-audit-${language}`);
    }
    await page.locator('[data-testid="audit-entry"][data-action="token.add"]').filter({ hasText: 'my-ci' }).waitFor();
    await page.evaluate(() => localStorage.setItem('turnout.language', 'en'));
    await page.reload();
    await at('audit-search').fill('price');
    await at('audit-entry').first().waitFor();
    await picture('settings-audit');
  },

  async 'Claude Code’s logs are looked at first and then taken in'({ page, at, turnout, picture }) {
    const folder = join(turnout.home, '.claude/projects/p');
    mkdirSync(folder, { recursive: true });
    const line = (id) => JSON.stringify({
      type: 'assistant', timestamp: '2026-01-05T10:00:00.000Z', sessionId: 's', requestId: `req_${id}`, cwd: '/p', version: '2.1.0',
      message: { id: `msg_${id}`, type: 'message', role: 'assistant', model: 'claude-sonnet-4-5', stop_reason: 'end_turn', content: [{ type: 'text', text: 'x' }], usage: { input_tokens: 100, output_tokens: 20, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 } },
    });
    writeFileSync(join(folder, 's.jsonl'), `${line(1)}\n${line(2)}\n`);
    await section({ page, at }, 'import');
    await at('logs-look').click();
    await at('usage-import-report').getByText('2 requests can be taken in').waitFor();
    await picture('settings-logs');
    await at('usage-import-go').click();
    await at('usage-import-report').getByText(/2 requests were taken in/).waitFor();
    await page.keyboard.press('Escape');
  },

  async 'another tool’s settings are shown before they are taken in'({ page, at, turnout, picture }) {
    await at('import-path').fill(join(turnout.home, 'nothing.json'));
    await at('import-look').click();
    await at('import-refused').getByText('cannot be read').waitFor();
    const path = join(turnout.home, 'router.json');
    writeFileSync(path, JSON.stringify({
      Providers: [{ name: 'cheap', api_base_url: 'http://127.0.0.1:9/v1/chat/completions', api_key: '$CHEAP_KEY', models: ['m-1'] }],
      Router: { default: 'cheap,m-1' },
    }));
    await at('import-path').fill(path);
    await at('import-look').click();
    await page.locator('[data-testid="import-report"][data-dry="true"]').waitFor();
    assert.equal((await turnout.admin('GET', '/providers')).items.length, 2);
    await picture('settings-import');
    await at('import-take').click();
    await page.locator('[data-testid="import-report"][data-dry="false"]').waitFor();
    assert.ok((await turnout.admin('GET', '/providers')).items.some((provider) => provider.name === 'cheap'));
  },

  async 'the config is changed as text, mistakes have their place, and leaving loses nothing'({ page, at, turnout, picture }) {
    await section({ page, at }, 'config');
    const text = await at('config-text').inputValue();
    assert.match(text, /# a comment that stays/);
    await at('config-text').fill(`${text}\n[logg]\n`);
    await at('config-mistake').waitFor();
    assert.equal(await at('config-save').isDisabled(), true);
    await picture('settings-config');
    await section({ page, at }, 'about');
    await section({ page, at }, 'config');
    assert.match(await at('config-text').inputValue(), /\[logg\]/);
    await at('config-text').fill(`# ${'long '.repeat(60)}\n${'#\n'.repeat(200)}`);
    const apart = at('config-text').evaluate((area) => {
      area.scrollTop = area.scrollHeight;
      area.dispatchEvent(new Event('scroll'));
      return area.scrollTop - area.previousElementSibling.scrollTop;
    });
    assert.equal(await apart, 0, 'line numbers stand beside their lines, also at the very end');
    await at('config-text').fill(`# from the page test\n${text}`);
    await at('config-mistake').waitFor({ state: 'detached' });
    await at('config-text').press('Control+s');
    await page.getByText('Saved and in force').waitFor();
    assert.match(file(turnout), /^# from the page test/);
  },

  async 'two who write the config do not overwrite each other unseen'({ page, at, turnout }) {
    const text = await at('config-text').inputValue();
    await at('config-text').fill(text.replace('from the page test', 'mine'));
    writeFileSync(join(turnout.home, 'config.toml'), file(turnout).replace('from the page test', 'theirs'));
    await at('config-save').click();
    await at('config-overtaken').waitFor();
    assert.match(file(turnout), /theirs/);
    await page.getByRole('button', { name: 'Take that one' }).click();
    await page.waitForFunction(() => document.querySelector('[data-testid="config-text"]').value.includes('theirs'));
  },

  async 'about tells version, health and files'({ page, at, turnout, picture }) {
    await section({ page, at }, 'about');
    await page.getByText(join(turnout.home, 'config.toml')).waitFor();
    await page.getByText('Healthy').first().waitFor();
    await picture('settings-about');
  },

  async 'an error is told in the words of the daemon, and tried again'({ page, at, open }) {
    await page.route('**/api/v1/settings*', (route) => route.fulfill({ status: 500, json: { error: { code: 'internal', message: 'the file is gone', request_id: 'req-1' } } }));
    await open('#/settings?section=routing');
    await page.reload();
    await page.getByText('the file is gone').waitFor();
    await page.unroute('**/api/v1/settings*');
    await page.getByRole('button', { name: 'Try now' }).click();
    await row(page, 'routing.cooldown').waitFor();
  },

  async 'every section is accessible in light and dark and fits a narrow window'({ page, at, open, axe, picture }) {
    const names = ['general', 'server', 'routing', 'history', 'budgets', 'prices', 'tokens', 'audit', 'import', 'config', 'about'];
    for (const [theme, language] of [['light', 'en'], ['dark', 'zh-CN']]) {
      await page.evaluate(([theme, language]) => (localStorage.setItem('turnout.theme', theme), localStorage.setItem('turnout.language', language)), [theme, language]);
      await page.reload();
      for (const name of names) {
        await section({ page, at }, name);
        await at('loading').first().waitFor({ state: 'detached' });
        assert.deepEqual(await serious(axe), [], `${name} ${theme}`);
        await picture(`settings-${name}-${theme}`);
      }
    }
    for (const width of [900, 640, 400]) {
      await page.setViewportSize({ width, height: 700 });
      for (const name of names) {
        await section({ page, at }, name);
        await at('loading').first().waitFor({ state: 'detached' });
        const over = await page.evaluate(() => document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth);
        assert.equal(over, 0, `${name} sideways at ${width}`);
      }
      await picture(`settings-${width}`);
    }
  },

  async 'the admin token is replaced after a question, and shown once'({ page, at, open, turnout }) {
    await page.setViewportSize({ width: 1280, height: 820 });
    await page.evaluate(() => localStorage.setItem('turnout.language', 'en'));
    await page.reload();
    await section({ page, at }, 'tokens');
    await at('admin-rotate').click();
    await at('confirm-go').click();
    const token = (await at('made').textContent()).trim();
    const asks = (bearer) => fetch(`${turnout.base}/api/v1/status`, { headers: { authorization: `Bearer ${bearer}` } });
    assert.equal((await asks(token)).status, 200);
    assert.equal((await asks(ADMIN)).status, 401);
    await page.getByRole('button', { name: 'I have it' }).click();
    await page.locator('[data-testid="app-ready"][data-line="live"]').waitFor();
    await at('token').first().waitFor();
    assert.equal((await page.content()).includes(token), false, 'the value stays in the page');
  },
};
