// Usage: what it says of an empty ledger, of Claude Code's own logs taken in, and of requests that go by.
import assert from 'node:assert/strict';
import { writeClaudeLogs } from '../claude_logs.mjs';

export const setting = {
  more: `
[[ledger.budgets]]
name = "month"
limit_usd = 20
per = "month"
[[ledger.budgets]]
name = "careful"
limit_usd = 0.0001
per = "hour"
then = "group:spare"
`,
};

const DAYS = 75;
let answers = 0;
const total = async (turnout, query = '') => (await turnout.admin('GET', `/usage?by=model&limit=1000${query}`)).total;
const number = (text) => Number(text.replace(/[^\d.]/g, ''));
const params = (page) => Object.fromEntries(new URLSearchParams(page.url().split('?')[2] ?? page.url().split('#')[1].split('?')[1]));

async function looks(page, axe, picture, name) {
  for (const theme of ['light', 'dark']) {
    await page.evaluate((value) => (document.documentElement.dataset.theme = value), theme);
    assert.deepEqual((await axe()).filter((line) => /serious|critical/.test(line)), [], `${name} ${theme}`);
    await picture(`${name}-${theme}`);
  }
  await page.evaluate(() => (document.documentElement.dataset.theme = 'light'));
}

export default {
  async 'nothing used: what to do next, and budgets that stand all the same'({ page, at, enter, axe, picture }) {
    await enter('#/usage');
    await at('usage-empty-import').waitFor();
    await page.locator('[data-testid="budget"][data-name="month"]').waitFor();
    await looks(page, axe, picture, 'usage-empty');
  },

  async 'logs that are not there are told in the daemon’s words, and can be tried again'({ page, at, picture, turnout }) {
    await at('usage-empty-import').click();
    await at('usage-import-error').filter({ hasText: '.claude/projects' }).waitFor();
    await picture('usage-import-error');
    answers = writeClaudeLogs(turnout.home, { days: DAYS });
    await page.getByRole('button', { name: 'Try now' }).click();
    await at('usage-import-report').waitFor();
  },

  async 'logs are looked at first and taken in on a word'({ page, at, picture, turnout }) {
    const report = at('usage-import-report');
    assert.equal(await report.getAttribute('data-dry'), 'true');
    assert.equal(await report.getAttribute('data-taken'), String(answers));
    assert.equal((await total(turnout)).requests, 0, 'a look writes nothing');
    await picture('usage-import');
    await at('usage-import-go').click();
    await page.locator('[data-testid="usage-import-report"][data-dry="false"]').waitFor();
    assert.equal((await total(turnout)).requests, answers);
    await page.keyboard.press('Escape');
    await at('usage-chart').waitFor();
  },

  async 'figures are the daemon’s, for the period in the address'({ page, at, open, turnout }) {
    await open('#/usage?period=30d');
    await page.locator('[data-testid="usage-chart"][data-steps="30"]').waitFor();
    const first = await page.evaluate(() => {
      const day = new Date();
      return new Date(day.getFullYear(), day.getMonth(), day.getDate() - 29).toISOString();
    });
    const said = await total(turnout, `&since=${first}`);
    assert.equal(number(await at('usage-requests').innerText()), said.requests);
    assert.equal(number(await at('usage-cost').innerText()), Math.round(Number(said.cost_usd) * 100) / 100);
    assert.match(await at('usage-requests-change').innerText(), /than|before|×/);
    assert.match(await at('usage-saved').innerText(), /saved about \$/);
  },

  async 'the chart stands apart by model, the largest and the others, and as a table'({ page, at, axe, picture }) {
    await at('usage-metric').getByText('Tokens').click();
    await at('usage-legend').getByText('Others').waitFor();
    assert.equal(await at('usage-legend').locator('li').count(), 8);
    await looks(page, axe, picture, 'usage');
    await page.getByTestId('usage-chart').hover({ position: { x: 500, y: 120 } });
    await at('usage-tip').waitFor();
    await picture('usage-tip');
    await at('usage-as-table').click();
    await at('usage-time-table').waitFor();
    assert.equal(params(page).as, 'table');
    assert.equal(await at('usage-time-table').locator('thead th').count(), 10);
    await picture('usage-table');
    await at('usage-as-table').click();
  },

  async 'metric and stack are in the address and outlive a reload'({ page, at }) {
    await at('usage-metric').getByText('Requests').click();
    await at('usage-stack').getByText('By provider').click();
    await page.waitForURL(/show=requests/);
    await page.reload();
    await page.locator('[data-testid="usage-metric"][data-value="requests"]').waitFor();
    await page.locator('[data-testid="usage-stack"][data-value="provider"]').waitFor();
    await at('usage-chart').waitFor();
  },

  async 'a stretch dragged over becomes the period, and back undoes it'({ page, at, open }) {
    await open('#/usage?period=30d');
    await at('usage-legend').getByText('claude-opus').waitFor();
    const box = await at('usage-chart').boundingBox();
    await page.mouse.move(box.x + 300, box.y + 80);
    await page.mouse.down();
    await page.mouse.move(box.x + 420, box.y + 80, { steps: 4 });
    await page.mouse.up();
    await page.locator('[data-testid="usage-period"][data-value="custom"]').waitFor();
    assert.match(await at('usage-since').inputValue(), /^\d{4}-\d\d-\d\d$/);
    await page.goBack();
    await page.locator('[data-testid="usage-period"][data-value="30d"]').waitFor();
  },

  async 'a bar clicked shows its day by hours, and so does a line of the table'({ page, at, open }) {
    await open('#/usage?period=30d');
    await at('usage-legend').getByText('claude-opus').waitFor();
    await at('usage-chart').click({ position: { x: 500, y: 150 } });
    await page.waitForFunction(() => /^2[345]$/.test(document.querySelector('[data-testid="usage-chart"]')?.dataset.steps ?? ''));
    assert.equal(await at('usage-since').inputValue(), await at('usage-until').inputValue());
    await open('#/usage?period=30d&as=table');
    await at('usage-time-table').locator('tbody a').first().click();
    await page.waitForURL(/period=custom/);
    await page.waitForFunction(() => !document.querySelector('[data-testid="usage-time-table"] tbody a'));
  },

  async 'any days can be chosen; a long stretch is drawn by weeks'({ page, at, open }) {
    await open('#/usage');
    await at('usage-chart').waitFor();
    await at('usage-period').getByText('Custom').click();
    await at('usage-since').fill('2025-12-01');
    await page.waitForURL(/since=2025-12-01/);
    await page.waitForFunction(() => Number(document.querySelector('[data-testid="usage-chart"]')?.dataset.steps) > 40);
    await at('usage-week').getByText('93').waitFor();
  },

  async 'the breakdown sorts, is searched, and leads into the history'({ page, at, open, picture }) {
    await open('#/usage?period=30d');
    await at('usage-line').first().waitFor();
    const names = () => at('usage-line').evaluateAll((rows) => rows.map((row) => row.dataset.key));
    const byCost = await names();
    await at('usage-sort-name').click();
    await page.waitForFunction((first) => document.querySelector('[data-testid="usage-line"]').dataset.key !== first, byCost[0]);
    const byName = await names();
    assert.deepEqual(byName, [...byName].sort((a, b) => a.localeCompare(b)));
    await at('usage-by').getByText('Session').click();
    await page.locator('[data-testid="usage-breakdown"][data-by="session"]').waitFor();
    assert.equal(await at('usage-line').count(), 12);
    await at('usage-all').click();
    await page.waitForFunction(() => document.querySelectorAll('[data-testid="usage-line"]').length > 12);
    await page.keyboard.press('Escape');
    await page.locator('body').click({ position: { x: 600, y: 5 } });
    await page.keyboard.press('/');
    await page.keyboard.type('session-7');
    await page.waitForFunction(() => [...document.querySelectorAll('[data-testid="usage-line"]')].every((row) => row.dataset.key.includes('session-7')));
    await picture('usage-sessions');
    await open('#/usage?period=30d');
    await page.locator('[data-testid="usage-line"][data-key="claude-opus-4-5"] a').click();
    await page.waitForURL(/#\/history\?.*model=claude-opus-4-5/);
  },

  async 'a model without a price is told, and gets one'({ page, at, open, turnout, picture }) {
    await open('#/usage?period=30d');
    await at('usage-unpriced').waitFor();
    await at('usage-prices').click();
    const line = page.locator('[data-testid="price-line"][data-model="of-no-list-1"]');
    await line.getByTestId('price-set').click();
    const form = at('price-dialog');
    await form.getByTestId('price-input').fill('1.5');
    assert.equal(await form.getByTestId('price-save').isEnabled(), false);
    await form.getByTestId('price-output').fill('6');
    await picture('usage-prices');
    await form.getByTestId('price-save').click();
    await page.locator('[data-testid="price-line"][data-model="of-no-list-1"][data-priced="true"]').waitFor();
    const [price] = (await turnout.admin('GET', '/prices?q=of-no-list-1')).items;
    assert.deepEqual([price.input, price.output], ['1.5', '6']);
    // A price that is there is changed, with all of its rates.
    await turnout.admin('PUT', '/prices/of-no-list-1', { input: '1.5', output: '6', cache_write_5m: '2' });
    await page.keyboard.press('Escape');
    await at('usage-prices').click();
    await line.getByTestId('price-set').click();
    await form.getByTestId('price-input').fill('1.6');
    await form.getByTestId('price-save').click();
    await form.waitFor({ state: 'detached' });
    const [changed] = (await turnout.admin('GET', '/prices?q=of-no-list-1')).items;
    assert.deepEqual([changed.input, changed.cache_write_5m], ['1.6', '2']);
    await page.keyboard.press('Escape');
  },

  async 'a request that goes by moves the figures without a reload'({ page, at, open, turnout }) {
    await open('#/usage?period=today');
    const before = (await total(turnout, `&since=${new Date(Date.now() - 86_400_000).toISOString()}`)).requests;
    await page.locator('[data-testid="usage-chart"]:not([data-steps="30"]), [data-testid="usage-empty-import"]').first().waitFor();
    const count = (await at('usage-requests').count()) ? number(await at('usage-requests').innerText()) : 0;
    assert.ok(count <= before);
    await turnout.ask('one more');
    await page.waitForFunction((n) => Number(document.querySelector('[data-testid="usage-requests"]')?.textContent.trim()) === n, count + 1);
    await page.locator('[data-testid="budget"][data-name="careful"]:not([data-state="ok"])').waitFor();
    await at('usage-budgets').getByText('spare').waitFor();
  },

  async 'tries that failed are told apart from requests that failed'({ page, at, open, turnout, picture }) {
    // The budget made the group with `second` the active one.
    await turnout.fail('second', '529;retry_after=none');
    await turnout.ask('answered by the other one', { model: 'claude-haiku-4-5' });
    await turnout.fail('second', 'text');
    await open('#/usage?period=today&by=provider');
    await at('usage-sort-failures').getByText('Failed tries').waitFor();
    await page.locator('[data-testid="usage-line"][data-key="second"] .c-failures.warn').waitFor();
    assert.equal(number(await at('usage-failures').innerText()), 0);
    assert.match(await page.locator('[data-testid="usage-line"][data-key="second"] .c-failures').innerText(), /^1 \/ \d+%$/);
    assert.match(await at('usage-sort-duration').innerText(), /Tries took/);
    assert.match(await at('usage-apart').innerText(), /Failed tries: 1; requests that failed in the end: 0/);
    await picture('usage-tries');
    await at('usage-by').getByText('Client').click();
    await page.locator('[data-testid="usage-breakdown"][data-by="client"]').waitFor();
    assert.equal(await at('usage-sort-failures').innerText(), 'Failed');
    assert.equal(await at('usage-apart').count(), 0);
  },

  async 'an error is told in the daemon’s words, and tried again'({ page, at, open, picture }) {
    await open('#/overview');
    const body = JSON.stringify({ error: { code: 'ledger_unavailable', message: 'the history cannot be read: the disk is gone', request_id: 'req-1' } });
    await page.route('**/api/v1/usage*', (route) => route.fulfill({ status: 503, contentType: 'application/json', body }));
    await open('#/usage');
    await page.getByText('the disk is gone').first().waitFor();
    await picture('usage-error');
    await page.unroute('**/api/v1/usage*');
    await at('usage-again').click();
    await at('usage-chart').waitFor();
  },

  async 'it fits a narrow window and a magnified one'({ page, at, open, picture }) {
    for (const width of [900, 640, 400]) {
      await page.setViewportSize({ width, height: 820 });
      await open('#/usage?period=30d');
      await at('usage-legend').waitFor();
      const wider = await page.evaluate(() => document.getElementById('content').scrollWidth - document.getElementById('content').clientWidth);
      assert.equal(wider, 0, `${width} px`);
      await picture(`usage-${width}`);
    }
    await page.setViewportSize({ width: 1280, height: 820 });
  },

  async 'it speaks Chinese'({ page, at, open, picture }) {
    await page.evaluate(() => localStorage.setItem('turnout.language', 'zh-CN'));
    await open('#/usage?period=30d');
    await page.reload();
    await at('usage-legend').waitFor();
    await page.getByRole('heading', { name: '预算' }).waitFor();
    await page.setViewportSize({ width: 1280, height: 1500 });
    await picture('usage-zh');
  },
};
