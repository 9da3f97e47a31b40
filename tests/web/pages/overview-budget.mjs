// The overview while a budget decides where requests go, and what happened in the window's own language.
import assert from 'node:assert/strict';

export const setting = {
  more: `
[ledger]
budgets = [{ name = "daily", limit_usd = 0.0001, per = "day", at = [1.0], then = "group:spare" }]
`,
};

export default {
  async 'a budget that put another group in charge is told, with the way back'({ page, at, enter, turnout, picture, axe }) {
    await enter('#/overview');
    assert.equal(await at('spent').count(), 0);
    await turnout.ask('more than a budget allows');
    await at('spent').waitFor();
    await page.getByText(/spare has taken over since \d/).waitFor();
    assert.match(await at('spent').textContent(), /Budget daily: \$0\.000\d of \$0\.0001 a day/);
    assert.match(await at('happening').first().textContent(), /Budget daily: 100%.*\$0\.000\d of \$0\.0001 are spent; group spare took over/);
    await picture('overview-spent');
    assert.deepEqual((await axe()).filter((line) => /serious|critical/.test(line)), []);
    await at('spent-back').click();
    await at('spent').waitFor({ state: 'detached' });
    assert.equal((await turnout.admin('GET', '/status')).active_group, 'main');
  },

  async 'one that is set to refuse requests while its group serves is told once, with both'({ page, at, turnout, picture }) {
    const weekly = (then) => turnout.admin('PATCH', '/settings', { 'ledger.budgets': [{ name: 'weekly', limit_usd: 0.0001, per: 'week', at: [1], then }] });
    await weekly('group:spare');
    await turnout.ask('more than this one allows too');
    await page.getByText(/spare has taken over since \d/).waitFor();
    await weekly('block');
    await page.getByText(/A budget is spent: requests are refused until/).waitFor();
    await page.getByText(/spare has taken over since \d/).waitFor();
    assert.deepEqual(await at('spent').evaluateAll((all) => all.map(({ dataset }) => dataset.name)), ['weekly']);
    await picture('overview-spent-refuses');
    await at('spent-back').click();
    await at('spent-back').waitFor({ state: 'detached' });
    assert.equal((await turnout.admin('GET', '/status')).active_group, 'main');
    await page.getByText(/A budget is spent: requests are refused until/).waitFor();
  },

  async 'what happened is told in Chinese where the facts are told'({ page, at, open, picture }) {
    const at_ = '2026-01-05T10:00:00Z';
    const items = [
      { id: 3, kind: 'failover', title: 'Switched to second', body: 'Switched from first to second: first is overloaded', at: at_, page: '/history', provider: 'first', group: 'spare', to: 'second', reason: 'overloaded', cost_usd: '0.43', more: 2 },
      { id: 2, kind: 'budget', title: 'Budget daily: 100 %', body: '5 of 5 US dollars are spent', at: at_, page: '/usage', provider: null, group: 'spare', budget: { name: 'daily', share: 1, spent_usd: '5', limit_usd: '5', done: 'chosen' } },
      { id: 1, kind: 'all-down', title: 'Nothing can serve', body: 'No provider can serve now', at: at_, page: '/overview', provider: null, group: null },
    ];
    await page.route('**/api/v1/notices**', (route) => route.fulfill({ json: { items, next_cursor: null } }));
    await page.evaluate(() => (localStorage['turnout.language'] = 'zh-CN'));
    await page.reload();
    await open('#/overview');
    await at('happening').nth(2).waitFor();
    const told = (await at('happening').allTextContents()).join('\n');
    assert.match(told, /已从 first 切换到 second（组 spare）：first 过载；切换约损失 \$0\.4300 的缓存 （另有 2 条类似通知）/);
    assert.match(told, /预算 daily：100%[^\n]*已花费 \$5\.00，限额 \$5\.00；已改由组 spare 服务/);
    assert.doesNotMatch(told, /Switched|spent|serve/, 'nothing of the daemon’s English is left');
    await picture('overview-happened-zh');
  },
};
