// What holds for every place of the window alike, whatever is on it: everybody can read it, nothing moves unasked, it fits.
import assert from 'node:assert/strict';
import { pale } from './contrast.mjs';
import { look, visit } from './places.mjs';

const LOOKS = [
  ['light', 'en'],
  ['dark', 'zh-CN'],
  ['light', 'zh-CN'],
  ['dark', 'en'],
];
/** A wide window, a small one, 200 % of a common one, a phone's. */
const SIZES = [
  [1400, 900],
  [900, 700],
  [640, 410],
  [360, 720],
];

/** All calls but those of the frame of the window. */
const PAGES_OWN = /\/api\/v1\/(?!(status|groups|providers|keys|stream|session)(\?|$))/;

/** Goes through all places and gathers what is wrong with any, so that one run tells all. */
async function each(page, places, options, judge) {
  const wrong = [];
  for (const place of places) {
    try {
      await visit(page, place, options);
      wrong.push(...(await judge(place)).map((line) => `${place.name}: ${line}`));
    } catch (error) {
      wrong.push(`${place.name}: ${String(error.message).split('\n')[0]}`);
    }
  }
  return wrong;
}

/** axe and contrast in every theme and language. */
export async function readable({ page, axe }, places, options) {
  const wrong = [];
  for (const [theme, language] of LOOKS) {
    await look(page, theme, language);
    const found = await each(page, places, options, async () => [...(await axe()), ...(await page.evaluate(pale))]);
    wrong.push(...found.map((line) => `${theme} ${language} ${line}`));
  }
  await look(page, 'light', 'en');
  assert.deepEqual(wrong, []);
}

/** What nothing can be had of but the frame of the window: the daemon's sentence, and one more try, for everybody to read. */
export async function refused({ page, axe }, places) {
  const message = 'The ledger could not be read: disk I/O error in ledger.db.';
  const answer = (route) => route.fulfill({ status: 500, json: { error: { code: 'ledger', message, request_id: 'req-1' } } });
  await page.route(PAGES_OWN, answer);
  const wrong = [];
  for (const [theme, language] of LOOKS) {
    await look(page, theme, language);
    const found = await each(page, places.map((place) => ({ ...place, seen: `#content :text("${message}")` })), {}, async () => {
      const again = page.locator('#content button').filter({ hasText: /^(Try now|立即重试)$/ });
      return [...(await axe()), ...(await page.evaluate(pale)), ...((await again.count()) ? [] : ['there is no way to try again'])];
    });
    wrong.push(...found.map((line) => `${theme} ${language} ${line}`));
  }
  await page.unroute(PAGES_OWN, answer);
  await look(page, 'light', 'en');
  assert.deepEqual(wrong, []);
}

/** What moves, a line each: on every place once it is there, and while a page waits and a switch flips. */
export async function moving({ page, at }, places, options) {
  const moves = () => page.evaluate(() => document.getAnimations().map((it) => `${it.animationName ?? it.transitionProperty} of ${it.effect.target.getAttribute('class')}`));
  const wrong = await each(page, places, options, moves);
  const note = async (name) => wrong.push(...(await moves()).map((line) => `${name}: ${line}`));
  await visit(page, places[0], options);
  const checked = await at('mode-toggle').getAttribute('aria-checked');
  await at('mode-toggle').click();
  await page.locator(`[data-testid=mode-toggle]:not([aria-checked=${checked}])`).waitFor();
  await note('a switch');
  await at('mode-toggle').click();
  await page.locator(`[data-testid=mode-toggle][aria-checked=${checked}]`).waitFor();
  let answer;
  const asked = new Promise((resolve) => (answer = resolve));
  await page.route('**/api/v1/rules*', async (route) => (await asked, route.continue()));
  await page.evaluate(() => (location.hash = '#/rules'));
  await at('loading').first().waitFor({ state: 'attached' });
  await note('a page that waits');
  answer();
  await at('explain-go').waitFor();
  await page.unroute('**/api/v1/rules*');
  return wrong;
}

export async function fits({ page }, places, options) {
  const wrong = [];
  for (const language of ['en', 'zh-CN']) {
    await look(page, 'light', language);
    for (const [width, height] of SIZES) {
      await page.setViewportSize({ width, height });
      const found = await each(page, places, options, () => page.evaluate(wide));
      wrong.push(...found.map((line) => `${language} ${width} px, ${line}`));
    }
    await page.setViewportSize({ width: 1280, height: 820 });
  }
  await look(page, 'light', 'en');
  assert.deepEqual(wrong, []);
}

/** Runs in the page: what is wider than the room it has. A table may scroll within its own frame. */
function wide() {
  const frames = [document.documentElement, document.querySelector('main'), ...document.querySelectorAll('dialog[open], dialog[open] .body')];
  return frames.filter((it) => it.scrollWidth > it.clientWidth).map((it) => `${it.localName}.${it.className} is ${it.scrollWidth - it.clientWidth} px too wide`);
}
