// Pictures of every page, to be looked at: without data, with data, when calls fail; light and dark; in each language;
// with data also in small windows.
//   node shots.mjs [PART OF A NAME…]     such as `history`, `-dark`, `zh`, `-640`; without one, all
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { browse, pictures } from './browser.mjs';
import { busy } from './traffic.mjs';
import { world } from './turnoutd.mjs';

const PAGES = ['overview', 'history', 'usage', 'providers', 'rules', 'playground', 'clients', 'logs', 'settings'];
const STATES = ['empty', 'full', 'error'];
const THEMES = ['light', 'dark'];
const LANGUAGES = ['en', 'zh-CN'];
/** Of the window, in pixels: the usual one, half a screen, and the zoom of 200 %. */
const [USUAL, ...NARROW] = [1280, 900, 640];
const HEIGHT = 820;
/** What the shell itself needs; the rest fails in the state `error`. */
const SHELL = /\/api\/v1\/(status|groups|providers|keys|stream|session)(\?|$)/;

const folder = join(pictures, '..', 'shots');
mkdirSync(folder, { recursive: true });
const wanted = process.argv.slice(2);
const sheets = STATES.flatMap((state) => THEMES.flatMap((theme) => LANGUAGES.map((language) => ({ state, theme, language, width: USUAL }))));
const narrow = NARROW.flatMap((width) => LANGUAGES.map((language) => ({ state: 'full', theme: 'light', language, width })));
const all = [...sheets, ...narrow].flatMap((sheet) => PAGES.map((page) => ({ page, ...sheet })));
const chosen = all.filter((shot) => wanted.every((word) => name(shot).includes(word)));
if (chosen.length === 0) throw new Error(`no picture has ${wanted.join(' and ')} in its name`);

function name({ page, state, theme, language, width }) {
  return `${page}-${state}-${theme}-${language}${width === USUAL ? '' : `-${width}`}`;
}

for (const state of STATES) {
  const shots = chosen.filter((shot) => shot.state === state);
  if (shots.length === 0) continue;
  const turnout = await world(state === 'empty' ? { fresh: true } : busy.setting);
  const end = state === 'empty' ? async () => {} : await busy.traffic(turnout);
  const browser = await browse(turnout);
  const { page } = browser;
  page.setDefaultTimeout(30_000);
  try {
    await browser.enter('#/overview', turnout.ui);
    if (state === 'error') {
      const body = JSON.stringify({ error: { code: 'ledger', message: 'The ledger could not be read: disk I/O error in ledger.db.', request_id: 'req-1' } });
      await page.route(/\/api\/v1\//, (route) =>
        SHELL.test(route.request().url()) ? route.fallback() : route.fulfill({ status: 500, contentType: 'application/json', body }),
      );
    }
    for (const shot of shots) {
      await page.evaluate(({ theme, language }) => {
        localStorage.setItem('turnout.theme', theme);
        localStorage.setItem('turnout.language', language);
      }, shot);
      await page.goto('about:blank'); // so that the page begins anew
      await page.setViewportSize({ width: shot.width, height: HEIGHT });
      await page.goto(`${turnout.base}/ui/#/${shot.page}`);
      await page.getByTestId('app-ready').waitFor();
      await page.waitForTimeout(900); // a picture has nothing to wait for
      const file = join(folder, `${name(shot)}.png`);
      await page.screenshot({ path: file });
      console.log(file);
    }
  } finally {
    await browser.end();
    await end();
    await turnout.end();
  }
}

// All pages of a state on one sheet, for a first look.
for (const sheet of [...sheets, ...narrow]) {
  const files = PAGES.map((page) => ({ ...sheet, page })).filter((shot) => wanted.every((word) => name(shot).includes(word))).map((shot) => join(folder, `${name(shot)}.png`));
  if (files.length < 2) continue;
  const file = join(folder, `${name({ ...sheet, page: 'sheet' })}.png`);
  try {
    execFileSync('montage', [...files, '-tile', '3x', '-geometry', '800x+8+8', file], { stdio: 'ignore' });
    console.log(file);
  } catch {
    // without ImageMagick there are the pictures alone
  }
}
