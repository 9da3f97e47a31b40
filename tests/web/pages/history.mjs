// The history and the detail of a request: what a person finds, opens, sends again and takes along.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

export const setting = {
  more: `
[[rules]]
name = "small ones elsewhere"
when = { model = "claude-3-5-haiku*" }
use = { provider = "second", model = "deepseek-chat-v3.1" }
[ledger]
capture_bodies = "all"
`,
};
export const browser = { acceptDownloads: true };

const row = (page, id) => page.locator(`[data-testid="history-row"][data-id="${id}"]`);
const ids = (at) => at('history-row').evaluateAll((rows) => rows.map((one) => one.dataset.id));
const sideways = (page) =>
  page.evaluate(() => {
    const main = document.querySelector('main');
    return [document.documentElement.scrollWidth - innerWidth, main.scrollWidth - main.clientWidth];
  });

/** Waits until what was said in a request is written, which is a moment after its end. */
async function kept(turnout, id) {
  while ((await turnout.admin('GET', `/requests/${id}/bodies`)).items.length === 0);
}

/** Requests by what they are in the tests. */
const made = {};

export default {
  async 'without requests it says how to get some'({ page, enter, picture }) {
    await enter('#/history');
    await page.getByText('No requests yet').waitFor();
    await picture('history-empty');
  },

  async 'what runs and ends shows by itself, with its totals'({ page, at, turnout }) {
    made.first = (await turnout.ask('first words')).id;
    await row(page, made.first).waitFor();
    await turnout.fail('first', '529;retry_after=none');
    made.moved = (await turnout.ask('move over')).id;
    await turnout.fail('second', '529;retry_after=none');
    const failed = await turnout.admin('GET', '/requests?limit=1');
    assert.equal(failed.items[0].id, made.moved);
    await turnout.fail('first', 'text');
    await turnout.fail('second', 'text');
    made.stream = (await turnout.ask('as a stream', { stream: true })).id;
    await row(page, made.stream).waitFor();
    await page.locator('[data-testid="history-totals"][data-requests="3"]').waitFor();
    assert.deepEqual(await ids(at), [made.stream, made.moved, made.first]);
  },

  async 'the chain of attempts is on one axis, each with its verdict, and why it went there'({ page, at, picture }) {
    await row(page, made.moved).click();
    await page.locator('[data-testid="attempt-row"][data-provider="second"][data-verdict="ok"]').waitFor();
    const chain = await at('attempt-row').evaluateAll((rows) => rows.map((one) => one.dataset.provider));
    assert.deepEqual(chain, ['first', 'second']);
    await at('why').locator('summary').click();
    await at('why').getByText('tried when those before it fail').waitFor();
    await picture('history-detail');
  },

  async 'the next and the one before are a press away, Escape closes'({ page, at }) {
    await at('older').click();
    await page.locator(`[data-testid="history-detail"][data-id="${made.first}"]`).waitFor();
    await page.keyboard.press('k');
    await page.locator(`[data-testid="history-detail"][data-id="${made.moved}"]`).waitFor();
    await page.keyboard.press('Escape');
    await at('history-detail').waitFor({ state: 'detached' });
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.locator(`[data-testid="history-detail"][data-id="${made.first}"]`).waitFor();
    await page.keyboard.press('Escape');
    await at('history-detail').waitFor({ state: 'detached' });
  },

  async 'tokens stand beside the price that held'({ page, at, open, turnout }) {
    await open(`#/history?id=${made.first}`);
    const { cost_usd } = await turnout.admin('GET', `/requests/${made.first}`);
    assert.equal((await at('detail-cost').textContent()).trim(), `$${cost_usd}`);
    await page.getByText('$3.00 / M').waitFor();
    await page.getByText(/Price of claude-sonnet-4-5/).waitFor();
  },

  async 'texts that were kept are readable, streams as what they say'({ page, at, open, turnout, picture, axe }) {
    await kept(turnout, made.stream);
    await open(`#/history?id=${made.stream}`);
    await at('bodies').locator('> summary').click();
    const answer = page.locator('[data-testid="body"][data-attempt="1"][data-part="answer"]');
    await answer.locator('> summary').click();
    assert.match((await answer.getByTestId('said').textContent()) ?? '', /as a stream/);
    const asked = page.locator('[data-testid="body"][data-attempt="0"][data-part="request"]');
    await asked.locator('> summary').click();
    assert.match((await asked.locator('pre').last().textContent()) ?? '', /\n  "stream": true/);
    assert.equal((await page.content()).includes('sk-of-the-page-tests'), false);
    await answer.scrollIntoViewIfNeeded();
    await picture('history-bodies');
    assert.deepEqual((await axe()).filter((line) => /serious|critical/.test(line)), []);
  },

  async 'a request goes along as curl, without its token'({ page, at, context, turnout }) {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await at('curl').click();
    await page.getByText('Set TURNOUT_TOKEN to a client token').waitFor();
    const command = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(command, new RegExp(`^curl '${turnout.base}/v1/messages'`));
    assert.match(command, /"as a stream"/);
    assert.equal(command.includes('client-token-of'), false);
  },

  async 'sent again elsewhere, both answers stand side by side'({ page, at, turnout, picture, axe }) {
    await at('replay').click();
    await at('replay-provider').selectOption('second');
    await at('replay-go').click();
    await at('replay-result').waitFor();
    assert.equal(await at('replay-result').getAttribute('data-same'), 'false');
    await picture('history-replay');
    assert.deepEqual((await axe()).filter((line) => /serious|critical/.test(line)), []);
    const again = (await turnout.admin('GET', '/requests?limit=1')).items[0];
    assert.deepEqual([again.replay_of, again.provider], [made.stream, 'second']);
    await page.keyboard.press('Escape');
    await at('replay-dialog').waitFor({ state: 'detached' });
    await at('history-detail').waitFor();
    await page.route('**/replay', (route) => route.fulfill({ status: 409, json: { error: { code: 'conflict', message: 'it is not kept' } } }));
    await at('replay').click();
    await at('replay-go').click();
    await at('replay-error').getByText('it is not kept').waitFor();
    await page.unroute('**/replay');
    await page.keyboard.press('Escape');
    made.again = again.id;
  },

  async 'a request that was sent again leads back to where it came from'({ page, open }) {
    await open(`#/history?id=${made.again}`);
    await page.getByRole('link', { name: made.stream }).click();
    await page.locator(`[data-testid="history-detail"][data-id="${made.stream}"]`).waitFor();
  },

  async 'filters narrow the list, stand in the address, and go away'({ page, at, open, picture, axe }) {
    await open('#/history');
    await at('filter-status').selectOption('retried');
    await page.locator('[data-testid="history-totals"][data-requests="1"][data-part="false"]').waitFor();
    assert.match(await at('history-totals').textContent(), /^\s*1\s+request matches/, 'all that match, not those that are loaded');
    assert.deepEqual(await ids(at), [made.moved]);
    assert.match(page.url(), /status=retried/);
    await page.reload();
    await row(page, made.moved).waitFor();
    await at('filter-status').selectOption('');
    await at('filter-provider').selectOption('second');
    await row(page, made.again).waitFor();
    assert.deepEqual(await ids(at), [made.again, made.moved]);
    await at('filter-more').click();
    await at('filter-client').fill('replay');
    await page.keyboard.press('Enter');
    await row(page, made.moved).waitFor({ state: 'detached' });
    assert.deepEqual(await ids(at), [made.again]);
    await picture('history-filters');
    assert.deepEqual((await axe()).filter((line) => /serious|critical/.test(line)), []);
    await at('filter-more').click();
    await at('chip-client').click();
    await row(page, made.moved).waitFor();
    await at('filter-provider').selectOption('');
    await at('filter-more').click();
    await at('filter-failed-at').selectOption('first');
    await row(page, made.first).waitFor({ state: 'detached' });
    assert.deepEqual(await ids(at), [made.moved], 'it failed at the first, and the second answered');
    await at('filter-more').click();
    await at('chip-failed_provider').click();
    await row(page, made.first).waitFor();
    await at('filter-search').fill('no such thing');
    await page.getByText('Nothing matches').waitFor();
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await row(page, made.first).waitFor();
    assert.match(page.url(), /#\/history$/);
  },

  async 'times narrow too'({ page, at, open }) {
    await open('#/history?until=2020-01-01T00:00:00Z');
    await page.getByText('Nothing matches').waitFor();
    await at('filter-period').selectOption('hour');
    await row(page, made.first).waitFor();
    assert.match(page.url(), /#\/history\?period=hour$/);
    await at('filter-period').selectOption('custom');
    await at('filter-since').fill('2030-01-01T00:00');
    await page.getByText('Nothing matches').waitFor();
    assert.match(page.url(), /since=2029-12-31T23/);
  },

  async 'what a request shares with others is a link to all of them'({ page, at, open }) {
    await open(`#/history?id=${made.moved}`);
    await at('history-detail').getByRole('link', { name: 'page', exact: true }).click();
    await row(page, made.first).waitFor();
    assert.match(page.url(), /token=page/);
    assert.deepEqual(await ids(at), [made.stream, made.moved, made.first]);
  },

  async 'columns are chosen and stay chosen'({ page, at, open, picture }) {
    await open('#/history');
    await at('columns').click();
    await at('column-session').check();
    await at('column-cost').uncheck();
    await picture('history-columns');
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('columnheader', { name: 'Session' }).waitFor();
    await page.reload();
    await page.getByRole('columnheader', { name: 'Session' }).waitFor();
    assert.equal(await page.getByRole('columnheader', { name: 'Cost' }).count(), 0);
    await at('columns').click();
    await page.getByRole('button', { name: 'Defaults' }).click();
    await page.getByRole('columnheader', { name: 'Cost' }).waitFor({ state: 'attached' });
    await page.keyboard.press('Escape');
  },

  async 'the history becomes a file, whole or as it is filtered'({ page, at, open }) {
    const saved = async () => {
      const waiting = page.waitForEvent('download');
      await at('export-go').click();
      const download = await waiting;
      return [download.suggestedFilename(), readFileSync(await download.path(), 'utf8')];
    };
    await at('export').click();
    const [name, whole] = await saved();
    assert.equal(name, 'turnout.csv');
    assert.equal(whole.trim().split('\n').length, 5);
    await open(`#/history?q=${made.moved}`);
    await row(page, made.moved).waitFor();
    await at('export').click();
    await at('export-format').getByText('JSON', { exact: true }).click();
    const [, found] = await saved();
    assert.deepEqual(JSON.parse(found).map((one) => one.id), [made.moved], 'the daemon filters');
    await open('#/history?status=retried');
    await row(page, made.moved).waitFor();
    // What the daemon has no filter for is held here, or written piece by piece where the browser can.
    await page.evaluate(() => (window.showSaveFilePicker = undefined));
    await at('export').click();
    await at('export-format').getByText('JSON', { exact: true }).click();
    const [, filtered] = await saved();
    assert.deepEqual(JSON.parse(filtered).map((one) => one.id), [made.moved]);
    await page.evaluate(() => {
      window.written = [];
      const file = { write: async (text) => window.written.push(text), close: async () => window.written.push('end'), abort: async () => {} };
      window.showSaveFilePicker = async () => ({ createWritable: async () => file });
    });
    await at('export').click();
    await at('export-go').click();
    await at('export-dialog').waitFor({ state: 'detached' });
    const written = await page.evaluate(() => window.written);
    assert.equal(written.at(-1), 'end');
    assert.match(written.join(''), new RegExp(made.moved));
  },

  async 'what a translation could not carry is told'({ page, at, open, turnout }) {
    const third = { name: 'third', dialect: 'openai-chat', base_url: `${turnout.practice.second}/v1`, keys: ['env:PAGE_KEY'] };
    await turnout.admin('POST', '/providers', third);
    const { id } = await turnout.ask('with a rare wish', { top_k: 7, metadata: { user_id: 'me' } });
    await kept(turnout, id);
    const { replay } = await turnout.admin('POST', `/requests/${id}/replay`, { provider: 'third' });
    await open(`#/history?id=${replay.id}`);
    await at('losses').getByText('top_k', { exact: true }).waitFor();
    await at('losses').getByText('The client speaks anthropic, the provider openai-chat.').waitFor();
    await turnout.admin('DELETE', '/providers/third');
  },

  async 'a request on hold says so, and how long it was'({ page, at, open, turnout, picture }) {
    await open('#/history');
    await turnout.fail('first', '529;retry_after=none');
    await turnout.fail('second', '529;retry_after=none');
    const answer = turnout.ask('please wait');
    const held = page.locator('[data-testid="history-row"][data-mark="suspended"]');
    await held.first().waitFor();
    const id = await held.first().getAttribute('data-id');
    await held.first().click();
    await page.locator('[data-testid="wait-row"][data-kind="suspended"]').last().waitFor();
    await picture('history-held');
    // A pause that nobody notices is not drawn; they grow from try to try, and the latest is in sight.
    await turnout.until(`/requests/${id}`, ({ mark, attempts }) => mark === 'suspended' && Date.now() - Date.parse(attempts.at(-1).started_at) > 150);
    await turnout.fail('first', 'text');
    await turnout.fail('second', 'text');
    // It may be trying by itself at this moment.
    await turnout.admin('POST', `/suspended/${id}/release`).catch(() => {});
    assert.equal((await answer).status, 200);
    await page.locator(`[data-testid="history-detail"][data-id="${id}"][data-status="completed"]`).waitFor();
    await page.locator('[data-testid="wait-row"][data-kind="suspended"]').last().waitFor();
    await picture('history-was-held');
  },

  async 'a request that nobody served, and that was given up, is not called what providers answered before'({ page, at, open, turnout, picture }) {
    await turnout.fail('first', '529;retry_after=60');
    await turnout.fail('second', '529;retry_after=60');
    const waiting = async (n) => {
      for (;;) {
        const { items } = await turnout.admin('GET', '/suspended');
        // A pause that nobody notices is not drawn.
        if (items.length >= n && items.every(({ since }) => Date.now() - Date.parse(since) > 150)) return items;
      }
    };
    const answers = [turnout.ask('given up, tried')];
    await waiting(1);
    answers.push(turnout.ask('given up, never tried'));
    for (const { id } of await waiting(2)) await turnout.admin('POST', `/suspended/${id}/fail`);
    const [, { id }] = await Promise.all(answers);
    await turnout.fail('first', 'text');
    await turnout.fail('second', 'text');
    for (const name of ['first', 'second']) await turnout.admin('POST', `/providers/${name}/reset`);
    assert.equal((await turnout.admin('GET', `/requests/${id}`)).attempts.length, 0);
    await open(`#/history?id=${id}`);
    await at('history-detail').getByText('not served', { exact: true }).waitFor();
    await page.locator('[data-testid="wait-row"]').getByText('no provider served it').waitFor();
    assert.equal(await at('attempt-row').count(), 0);
    await picture('history-given-up');
  },

  async 'a request that its token was refused for says so, and that no text of it is kept'({ at, open, turnout }) {
    const { token } = await turnout.admin('POST', '/tokens', { name: 'slow', limits: { rpm: 1 } });
    const headers = { 'content-type': 'application/json', 'x-api-key': token };
    const body = JSON.stringify({ model: 'claude-sonnet-4-5', max_tokens: 5, messages: [{ role: 'user', content: 'again' }] });
    const ask = async () => (await fetch(`${turnout.base}/v1/messages`, { method: 'POST', headers, body })).status;
    assert.deepEqual([await ask(), await ask()], [200, 429]);
    const { items: [refused] } = await turnout.admin('GET', '/requests?status=failed&limit=1');
    await open(`#/history?id=${refused.id}`);
    assert.match(await at('bodies-none').textContent(), /refused this request by itself/);
    assert.equal(await at('bodies-none').locator('a').count(), 0, 'nothing to keep, whatever is set');
    assert.match(await at('history-detail').locator('.sub').textContent(), /token’s limit/);
    await turnout.admin('DELETE', '/tokens/slow');
  },

  async 'where another model was used, both names can be read in every width'({ page, at, open, turnout, picture }) {
    const { id } = await turnout.ask('a small one', { model: 'claude-3-5-haiku-latest' });
    for (const width of [1280, 900, 640]) {
      await page.setViewportSize({ width, height: 820 });
      await open('#/history');
      const names = row(page, id).locator('.c-model > .ellipsis');
      await names.nth(1).waitFor();
      assert.deepEqual(await names.allTextContents(), ['claude-3-5-haiku-latest', 'deepseek-chat-v3.1']);
      assert.deepEqual(await names.evaluateAll((all) => all.map((one) => one.scrollWidth - one.clientWidth)), [0, 0], `cut at ${width}`);
      assert.deepEqual(await sideways(page), [0, 0], `at ${width}`);
      await picture(`history-two-names-${width}`);
    }
    await page.setViewportSize({ width: 1280, height: 820 });
    assert.equal(await at('history-totals').getAttribute('data-part'), 'false');
  },

  async 'an answer cut midway says that it failed, and nothing of a next provider'({ page, at, open, turnout, picture }) {
    await turnout.fail('first', 'cut');
    const { id } = await turnout.ask('cut midway', { stream: true });
    await turnout.fail('first', 'text');
    await open(`#/history?id=${id}`);
    const attempt = page.locator('[data-testid="attempt-row"][data-verdict="next-provider"]');
    await attempt.getByText('failed', { exact: true }).waitFor();
    assert.equal(await attempt.getByText('next provider').count(), 0);
    assert.equal(await at('history-detail').getByText(/broke off in the middle/).count(), 1, 'told once');
    await picture('history-cut');
  },

  async 'an error is told in the words of the daemon, and tried again'({ page, open, picture }) {
    const refuse = (route) => route.fulfill({ status: 503, json: { error: { code: 'ledger_unavailable', message: 'the disk is full' } } });
    await page.route('**/api/v1/requests?*', refuse);
    await open('#/history?q=words');
    await page.getByText('the disk is full').waitFor();
    await picture('history-error');
    await page.unroute('**/api/v1/requests?*', refuse);
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.getByText('Nothing matches').waitFor();
  },

  async 'a request that is gone says so'({ page, open }) {
    await open('#/history?id=req-0000');
    await page.getByText('may be older than what is kept').waitFor();
  },

  async 'it fits and can be read in both themes, both languages and small windows'({ page, at, open, axe, picture }) {
    for (const [theme, language] of [['light', 'en'], ['dark', 'zh-CN']]) {
      await page.evaluate(([theme, language]) => {
        localStorage.setItem('turnout.theme', theme);
        localStorage.setItem('turnout.language', language);
      }, [theme, language]);
      for (const width of [1280, 900, 640]) {
        await page.setViewportSize({ width, height: 820 });
        await open('#/overview');
        await open('#/history');
        await page.reload();
        await row(page, made.moved).waitFor();
        assert.deepEqual(await sideways(page), [0, 0], `the list at ${width}`);
        await picture(`history-list-${theme}-${width}`);
        await row(page, made.moved).click();
        await at('attempt-row').nth(1).waitFor();
        assert.deepEqual(await sideways(page), [0, 0], `the detail at ${width}`);
        await picture(`history-open-${theme}-${width}`);
        assert.deepEqual((await axe()).filter((line) => /serious|critical/.test(line)), [], `${theme} at ${width}`);
        await page.keyboard.press('Escape');
      }
    }
  },
};
