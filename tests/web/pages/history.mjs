// The history and the detail of a request: what a person finds, opens, sends again and takes along.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

export const setting = { more: '[ledger]\ncapture_bodies = "all"\n' };
export const browser = { bypassCSP: true, acceptDownloads: true };

const row = (page, id) => page.locator(`[data-testid="history-row"][data-id="${id}"]`);
const ids = (at) => at('history-row').evaluateAll((rows) => rows.map((one) => one.dataset.id));
const sideways = (page) =>
  page.evaluate(() => {
    const main = document.querySelector('main');
    return [document.documentElement.scrollWidth - innerWidth, main.scrollWidth - main.clientWidth];
  });

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

  async 'the chain of attempts is on one axis, each with its verdict'({ page, at, picture }) {
    await row(page, made.moved).click();
    await page.locator('[data-testid="attempt-row"][data-provider="second"][data-verdict="ok"]').waitFor();
    const chain = await at('attempt-row').evaluateAll((rows) => rows.map((one) => one.dataset.provider));
    assert.deepEqual(chain, ['first', 'second']);
    await at('why').locator('summary').click();
    await at('why').getByText('tried when those before it fail').waitFor();
    await picture('history-detail');
    await page.keyboard.press('Escape');
    await at('history-detail').waitFor({ state: 'detached' });
  },
};
