// Data that takes its time: each page says that it is on its way, and nothing jumps when it comes.
import assert from 'node:assert/strict';
import { come, places } from '../places.mjs';
import { busy } from '../traffic.mjs';

export const setting = busy.setting;

/** What counts as a good page (web.dev: Cumulative Layout Shift). */
const GOOD = 0.1;
const LATE_MS = 400;
/** The line itself is not slow here: without it there is no page. */
const SHELL = /\/api\/v1\/(stream|session)(\?|$)/;

let all = [];
let end;

/** Runs in the page before its scripts: what moved without anybody's doing, and whose places. */
function watch() {
  globalThis.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      const sources = entry.sources.map(({ node }) => node?.dataset?.testid ?? node?.getAttribute?.('class') ?? node?.nodeName);
      globalThis.shifts.push({ value: entry.value, sources });
    }
  }).observe({ type: 'layout-shift', buffered: true });
}

/** What jumped, as one line, or null. */
const jumped = (page) =>
  page.evaluate((good) => {
    const sum = globalThis.shifts.reduce((sum, { value }) => sum + value, 0);
    const worst = [...globalThis.shifts].sort((a, b) => b.value - a.value)[0];
    return sum < good ? null : `moves by ${sum.toFixed(3)}, most of all ${worst.sources.join(', ')}`;
  }, GOOD);

async function settled(page, place) {
  await come(page, place.seen);
  // Two frames, so that what the last change moved was seen.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

const late = async (route) => {
  if (SHELL.test(route.request().url())) return route.fallback();
  await new Promise((resolve) => setTimeout(resolve, LATE_MS));
  return route.fallback();
};

export default {
  async 'there is traffic of every kind'({ enter, page, turnout }) {
    end = await busy.traffic(turnout);
    all = places(await busy.failover(turnout));
    await page.addInitScript(watch);
    await enter('#/overview');
  },

  async 'a page that is opened in the window waits with a skeleton and does not jump'({ page }) {
    const wrong = [];
    await page.route('**/api/v1/**', late);
    for (const place of all) {
      await page.evaluate((to) => (location.hash = to), place.to.startsWith('#/logs') ? '#/rules' : '#/logs');
      await page.waitForFunction(() => !document.querySelector('dialog[open]'));
      await page.locator('[data-testid=log-line], [data-testid=explain-go]').first().waitFor();
      await page.evaluate(() => (globalThis.shifts = []));
      await page.evaluate((to) => (location.hash = to), place.to);
      await settled(page, place);
      const line = await jumped(page);
      if (line) wrong.push(`${place.name} ${line}`);
    }
    assert.deepEqual(wrong, []);
  },

  async 'a window that is opened there does not jump either'({ page, turnout, at }) {
    const wrong = [];
    for (const place of all) {
      await page.goto('about:blank');
      await page.goto(`${turnout.base}/ui/${place.to}`);
      await at('app-ready').waitFor();
      await settled(page, place);
      const line = await jumped(page);
      if (line) wrong.push(`${place.name} ${line}`);
    }
    await page.unroute('**/api/v1/**', late);
    assert.deepEqual(wrong, []);
  },

  async 'what is on its way is told on every page'({ page, turnout, at }) {
    const wrong = [];
    let answer;
    let asked = new Promise((resolve) => (answer = resolve));
    // What the frame of the window needs comes at once; what the page alone asks for does not.
    const held = /\/health|\/api\/v1\/(requests|usage|presets|detect|rules|clients|connect|logs|settings|prices|tokens|audit|config|about|health|budgets|models)/;
    await page.route(held, async (route) => (await asked, route.fallback().catch(() => {})));
    for (const place of all.filter(({ name }) => !WITHOUT.has(name))) {
      asked = new Promise((resolve) => (answer = resolve));
      await page.goto('about:blank');
      await page.goto(`${turnout.base}/ui/${place.to}`);
      await at('app-ready').waitFor();
      await at('loading').first().waitFor({ state: 'attached', timeout: 3000 }).catch(() => wrong.push(place.name));
      answer();
      await settled(page, place);
    }
    await page.unroute(held);
    await end();
    assert.deepEqual(wrong, []);
  },
};

/** They need nothing but what the frame of the window has fetched already, or begin with a form. */
const WITHOUT = new Set(['overview', 'providers', 'groups', 'playground', 'provider', 'provider keys', 'provider settings', 'own provider', 'settings', 'settings import']);
