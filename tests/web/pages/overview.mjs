// The overview with real traffic: what runs, what waits, what failed over and why, and one click to change it.
import assert from 'node:assert/strict';

const grave = async (axe) => (await axe()).filter((line) => /serious|critical/.test(line));
const look = (page, theme, language) =>
  page.evaluate(([theme, language]) => {
    localStorage['turnout.theme'] = theme;
    localStorage['turnout.language'] = language;
  }, [theme, language]);
const widths = async (page) => {
  for (const width of [1280, 900, 640, 360]) {
    await page.setViewportSize({ width, height: 520 });
    const over = await page.evaluate(() => {
      const main = document.querySelector('main');
      const { scrollWidth, scrollHeight } = document.documentElement;
      return [scrollWidth - innerWidth, scrollHeight - innerHeight, main.scrollWidth - main.clientWidth];
    });
    assert.deepEqual(over, [0, 0, 0], `${width} px: only the page scrolls, and only down`);
  }
  await page.setViewportSize({ width: 1280, height: 820 });
};

/** An hour as the daemon tells it: 30 steps, traffic at the end, failures in one of them. */
function hour() {
  const steps = (of) => Array.from({ length: 30 }, (_, index) => of(index));
  const requests = steps((i) => (i < 8 ? 0 : (i * 7) % 11));
  const failures = steps((i) => (i === 20 ? 4 : i === 21 ? 1 : 0));
  const tokens = requests.map((n) => n * 900);
  const ttft_ms = requests.map((n, i) => (n ? 400 + ((i * 131) % 300) : null));
  const total = { requests, failures, tokens, ttft_ms, cost_usd: requests.map((n) => `0.0${n}`) };
  const of = (provider) => ({ provider, attempts: requests, failures, tokens, ttft_ms });
  return { since: '', until: '', step_seconds: 120, total, providers: [of('first')] };
}

export default {
  async 'without any request it says what to do next'({ page, at, enter, picture }) {
    await enter('#/overview');
    await page.getByText('No requests yet').waitFor();
    await page.getByText(/Nothing failed over since/).waitFor();
    await page.getByText('Nothing runs at the moment.').waitFor();
    assert.equal(await at('status-line').getAttribute('data-state'), 'ok');
    await picture('overview-empty');
  },

  async 'a request shows while it runs, with its provider and its tries'({ page, at, turnout, picture }) {
    await turnout.fail('first', 'text;deltas=40;gap=120ms');
    const asked = turnout.ask('take your time', { stream: true });
    const row = page.locator('[data-testid="running-row"][data-provider="first"]');
    await row.waitFor();
    await page.locator('[data-testid="running-row"][data-status="streaming"]').waitFor();
    assert.equal((await turnout.admin('GET', '/connections')).items[0].id, await row.getAttribute('data-id'));
    await row.getByText(/tokens/).waitFor();
    await picture('overview-running');
    await asked;
    await row.waitFor({ state: 'detached' });
    await turnout.fail('first', 'text');
  },

  async 'what failed over and why is told, and stays after a reload'({ page, at, turnout, picture }) {
    await turnout.fail('first', '529;retry_after=none');
    await turnout.ask('please fail over');
    const told = page.locator('[data-testid="happening"][data-kind="failover"]');
    await told.first().waitFor();
    assert.match(await told.first().textContent(), /first is overloaded/);
    await turnout.fail('first', 'text');
    await page.reload();
    await told.first().waitFor();
    assert.equal(await told.count(), (await turnout.admin('GET', '/notices')).items.filter((n) => n.kind === 'failover').length);
    await picture('overview-happened');
    await told.first().getByRole('link').click();
    await page.waitForURL(/#\/(providers|history|overview)?/);
    await page.goto(`${turnout.base}/ui/#/overview`);
    await at('happenings').waitFor();
  },

  async 'a request that waits is tried at once on request'({ page, at, turnout, picture, axe }) {
    // Without failover they stay with the active group.
    await turnout.admin('PUT', '/mode', { mode: 'manual' });
    await turnout.fail('first', '529;retry_after=300');
    const first = turnout.ask('wait for me');
    const second = turnout.ask('and for me');
    await at('waiting-row').nth(1).waitFor();
    assert.deepEqual(
      (await turnout.admin('GET', '/suspended')).items.map((it) => it.id).sort(),
      (await at('waiting-row').evaluateAll((rows) => rows.map((row) => row.dataset.id))).sort(),
    );
    assert.equal(await at('status-line').getAttribute('data-state'), 'suspended');
    await at('suspended').filter({ hasText: '2' }).waitFor();
    await picture('overview-waiting');
    assert.deepEqual(await grave(axe), []);

    await at('waiting-row').first().getByTestId('redirect').click();
    await at('to-second').click();
    await at('waiting-row').nth(1).waitFor({ state: 'detached' });

    await at('waiting-row').first().getByTestId('fail').click();
    await at('confirm-go').click();
    await at('waiting').waitFor({ state: 'detached' });
    const ends = (await Promise.all([first, second])).map((answer) => answer.status).sort();
    assert.equal(ends[0], 200);
    assert.ok(ends[1] >= 500, `${ends[1]}`);
  },

  async 'all that wait are tried at once from the palette'({ page, at, turnout }) {
    const asked = ['one', 'two'].map((text) => turnout.ask(text));
    await at('waiting-row').nth(1).waitFor();
    await turnout.fail('first', 'text');
    await page.keyboard.press('Control+k');
    await at('palette-input').fill('try all');
    await page.keyboard.press('Enter');
    assert.deepEqual((await Promise.all(asked)).map((answer) => answer.status), [200, 200]);
    await at('waiting').waitFor({ state: 'detached' });
    await turnout.admin('PUT', '/mode', { mode: 'auto' });
  },

  async 'a provider that rests is tried again on request'({ page, at, turnout }) {
    await turnout.fail('first', '529;retry_after=300');
    await turnout.ask('rest a while');
    await at('reset-first').click();
    await at('reset-first').waitFor({ state: 'detached' });
    const first = await turnout.admin('GET', '/providers/first');
    assert.equal(first.cooling_until, null);
    await turnout.fail('first', 'text');
  },

  async 'a rest is told for the model that it is of, and nobody is told as serving what rests'({ page, at, turnout, picture, axe }) {
    const opus = { model: 'claude-opus-4-5' };
    await turnout.fail('first', '529;retry_after=300');
    await turnout.ask('rest for opus', opus);
    await turnout.fail('first', 'text');
    await turnout.ask('sonnet goes on');
    await at('member-main-first').getByText(/Rests for claude-opus-4-5 · \d/).waitFor();
    await at('status-line').getByText(/first rests for claude-opus-4-5, back in .*; other models go on/).waitFor();
    assert.equal(await at('active-provider').textContent().then((text) => text.trim()), 'first');
    await picture('overview-model-rests');
    await turnout.fail('second', '529;retry_after=300');
    const waits = turnout.ask('nobody takes it', opus);
    await at('waiting-row').waitFor();
    await at('status-line').getByText(/One request waits for a provider. Other requests go to first/).waitFor();
    await at('in-flight').getByText('0').waitFor();
    await at('now').getByText('Nothing runs: one request waits').waitFor();
    await picture('overview-model-waits');
    assert.deepEqual(await grave(axe), []);
    await at('waiting-row').getByTestId('fail').click();
    await at('confirm-go').click();
    await waits;
    await at('status-line').getByText(/Nothing takes claude-opus-4-5 for another .* Other requests go to first/).waitFor();
    await look(page, 'dark', 'zh-CN');
    await page.reload();
    await at('status-line').getByText(/claude-opus-4-5 在 .* 内没有服务商能处理/).waitFor();
    await picture('overview-model-stuck-zh-dark');
    await look(page, 'light', 'en');
    await page.goto(`${turnout.base}/ui/#/providers`);
    await page.reload();
    await at('provider-first').getByText(/Rests for claude-opus-4-5/).waitFor();
    await picture('providers-model-rests');
    await page.goto(`${turnout.base}/ui/#/overview`);
    await turnout.fail('second', 'text');
    await turnout.admin('POST', '/providers/second/reset');
    await at('reset-first').click();
    await at('reset-first').waitFor({ state: 'detached' });
    await page.locator('[data-testid="status-line"][data-state="ok"]').waitFor();
  },

  async 'a group folds and unfolds, and is switched to either way'({ page, at, turnout }) {
    await at('group-spare-fold').click();
    await page.locator('[data-testid="group-spare-fold"][aria-expanded="false"]').waitFor();
    assert.equal(await at('member-spare-second').getAttribute('data-health'), 'healthy');
    await at('group-spare-activate').click();
    await page.locator('[data-testid="group-spare"][data-state="active"]').waitFor();
    assert.equal((await turnout.admin('GET', '/status')).active_group, 'spare');
    await at('group-main-activate').click();
    await page.locator('[data-testid="group-main"][data-state="active"]').waitFor();
  },

  async 'the last hour and what is left of limits are beside each provider'({ page, at, turnout, picture, axe }) {
    await page.route('**/api/v1/series**', (route) => route.fulfill({ json: hour() }));
    await page.route('**/api/v1/providers?**', async (route) => {
      const answer = await route.fetch();
      const told = await answer.json();
      const soon = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString();
      told.items[0].quotas = [
        { key: 'first/0', model: null, what: '5h', unit: 'share', left: 0.42, resets_at: soon(160), told_at: soon(0), used_up_at: soon(70) },
        { key: 'first/0', model: null, what: '7d', unit: 'share', left: 0.81, resets_at: soon(5000), told_at: soon(0), used_up_at: null },
      ];
      await route.fulfill({ response: answer, json: told });
    });
    await page.reload();
    const limits = at('limits-first').first();
    await limits.waitFor();
    assert.match(await limits.textContent(), /5-hour window.*42%.*used up about \d\d:\d\d at this pace · resets \d\d:\d\d/);
    assert.match(await limits.textContent(), /Weekly window.*81%/);
    await at('member-main-first').getByRole('img', { name: /Last hour: \d+ tried, 5 failed/ }).waitFor();
    assert.equal(await at('status-line').getByRole('img').count(), 3);
    await picture('overview-light');
    assert.deepEqual(await grave(axe), []);
    await widths(page);
  },

  async 'it is for everybody: dark, Chinese, narrow'({ page, at, axe, picture }) {
    await look(page, 'dark', 'zh-CN');
    await page.reload();
    await at('limits-first').first().waitFor();
    await picture('overview-dark-zh');
    assert.deepEqual(await grave(axe), []);
    await widths(page);
    await page.setViewportSize({ width: 640, height: 820 });
    await picture('overview-narrow');
    await page.setViewportSize({ width: 900, height: 700 });
    await picture('overview-900');
    await page.setViewportSize({ width: 1280, height: 820 });
    await look(page, 'light', 'en');
    await page.unroute('**/api/v1/series**');
    await page.unroute('**/api/v1/providers?**');
  },

  async 'charts that cannot be had leave the figures alone, and a failed load says why'({ page, at, turnout, picture }) {
    const refusal = (message) => ({ status: 500, json: { error: { code: 'internal', message, request_id: 'req-0' } } });
    await page.route('**/api/v1/series**', (route) => route.fulfill(refusal('no series')));
    await page.route('**/api/v1/notices**', (route) => route.fulfill(refusal('the notices are gone')));
    await page.reload();
    await page.getByText('the notices are gone').waitFor();
    const { today } = await turnout.admin('GET', '/status');
    assert.equal(await at('today-requests').textContent(), String(today.requests));
    assert.equal(await page.getByText('no series').count(), 0);
    await picture('overview-error');
    await page.unroute('**/api/v1/notices**');
    await page.unroute('**/api/v1/series**');
    await at('happenings').getByText('Try now').click();
    await at('happening').first().waitFor();
  },

  async 'everything on it is reached by keyboard'({ page, at }) {
    await at('mode-toggle').focus();
    const reached = new Set();
    for (let i = 0; i < 30; i += 1) {
      await page.keyboard.press('Tab');
      reached.add(await page.evaluate(() => document.activeElement?.dataset.testid));
    }
    for (const id of ['group-main-pause', 'keys-first', 'group-spare-fold', 'group-spare-activate', 'latest-row']) {
      assert.ok(reached.has(id), `Tab never came to ${id}`);
    }
  },
};
