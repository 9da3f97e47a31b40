// A long history: it is scrolled without the page ever standing still. TURNOUT_FILL sets how many requests there are.
import assert from 'node:assert/strict';
import { fill } from '../fill.mjs';

const ROWS = Number(process.env.TURNOUT_FILL ?? 20_000);
/** What a page and its rows may take of a processor, in several tasks; on a busy machine each takes longer by the clock. */
const WORK_MS = 75;
const LONGEST_MS = 500;
const PAGES = 30;

export default {
  async 'scrolling through many requests has no long task'({ page, at, context, enter, turnout, picture }) {
    const report = await fill(turnout, ROWS);
    assert.equal(report.taken, ROWS);
    await enter('#/history');
    await at('history-row').first().waitFor();
    await page.locator(`[data-testid="history-totals"][data-requests="${ROWS}"][data-part="false"]`).waitFor();
    await page.evaluate(() => {
      globalThis.tasks = [];
      new PerformanceObserver((list) => globalThis.tasks.push(...list.getEntries().map((entry) => Math.round(entry.duration)))).observe({
        type: 'longtask',
      });
    });
    const cdp = await context.newCDPSession(page);
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    const busy = async () => (await cdp.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration').value * 1000;
    const port = page.getByRole('grid');
    await port.focus();
    const begun = await busy();
    let steps = 0;
    for (; steps < PAGES; steps += 1) {
      const known = await port.evaluate((grid) => grid.scrollHeight);
      await page.keyboard.press('End');
      if (known / 34 >= ROWS) break;
      await page.waitForFunction((known) => document.querySelector('[role=grid]').scrollHeight > known, known, { polling: 50 });
    }
    const worked = (await busy()) - begun;
    for (const key of ['PageUp', 'PageUp', 'ArrowUp', 'k', 'Home', 'PageDown', 'j']) await page.keyboard.press(key);
    assert.ok((await at('history-row').count()) < 80);
    const [held, tasks] = await port.evaluate((grid) => [Math.floor(grid.scrollHeight / 34), globalThis.tasks]);
    const longest = Math.max(0, ...tasks);
    const each = Math.round(worked / steps);
    console.log(`      ${held} of ${ROWS} rows held; ${each} ms of work a page; longest task ${longest} ms by the clock (0: none over 50)`);
    await picture('history-long');
    assert.ok(each < WORK_MS, `${each} ms of work for a page and its rows`);
    assert.ok(longest < LONGEST_MS, `long tasks: ${tasks.join(', ')} ms`);
  },

  async 'a session is found among many, and where it ends'({ page, at, open }) {
    const last = `00000000-0000-4000-8000-${String(Math.floor((ROWS - 1) / 400) * 400).padStart(12, '0')}`;
    await open(`#/history?session=${last}`);
    await at('chip-session').waitFor();
    await page.locator('[data-testid="history-totals"][data-part="false"]').waitFor();
    const requests = Number(await at('history-totals').getAttribute('data-requests'));
    assert.equal(requests, ((ROWS - 1) % 400) + 1);
  },

  async 'new rows do not move what is being read'({ page, open, turnout }) {
    await open('#/history');
    await page.getByTestId('history-row').first().waitFor();
    await page.getByRole('grid').evaluate((grid) => (grid.scrollTop = 34 * 20));
    await page.waitForFunction(() => document.querySelector('[data-testid="history-row"][aria-rowindex="32"]'));
    const top = () =>
      page.evaluate(() => {
        const { left, top } = document.querySelector('[role=grid]').getBoundingClientRect();
        return document.elementFromPoint(left + 40, top + 28 + 10).closest('[data-testid=history-row]').dataset.id;
      });
    const before = await top();
    for (const n of [1, 2, 3]) await turnout.ask(`news ${n}`);
    const news = page.getByRole('button', { name: '3 new requests' });
    await news.waitFor();
    assert.equal(await top(), before);
    await news.click();
    await page.waitForFunction(() => document.querySelector('[role=grid]').scrollTop === 0);
    await page.locator('[data-testid="history-row"][data-provider="first"]').nth(2).waitFor();
  },
};
