// A fresh Chromium, let in by the one-time link, watched for all that the page must never do.
import { readFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { chromium } from 'playwright-core';

export const pictures = process.env.TURNOUT_ARTIFACTS
  ? join(process.env.TURNOUT_ARTIFACTS, 'web/')
  : new URL('../../target/artifacts/web/', import.meta.url).pathname;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const ARGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'];
const TYPES = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.html': 'text/html; charset=utf-8' };

/** A browser for one turnoutd. `options` are Playwright's for a context. */
export async function browse(turnout, options = {}) {
  mkdirSync(pictures, { recursive: true });
  const profile = mkdtempSync(join(tmpdir(), 'turnout-web-profile-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: ARGS,
    viewport: { width: 1280, height: 820 },
    locale: 'en-US',
    timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  if (process.env.TURNOUT_UI_DIST) await serve(page, process.env.TURNOUT_UI_DIST);
  const trouble = [];
  watch(page, turnout.base, trouble);
  const open = async (place) => {
    await page.goto(`${turnout.base}/ui/${place}`);
    await page.getByTestId('app-ready').waitFor();
  };
  return {
    context,
    page,
    trouble,
    at: (id) => page.getByTestId(id),
    /** Lets the page in and opens a place such as `#/history`. */
    async enter(place = '#/overview', link = undefined) {
      await page.goto(link ?? (await turnout.link()));
      // The browser follows the link's redirect without asking what is served in the page's place.
      if (process.env.TURNOUT_UI_DIST) await page.reload();
      await page.getByTestId('app-ready').waitFor();
      await open(place);
    },
    open,
    picture: (name) => page.screenshot({ path: join(pictures, `${name}.png`) }),
    /** What axe finds wrong, a line each. The page's policy is not for what is evaluated, so it need not be bypassed. */
    async axe() {
      await page.evaluate(AXE);
      return page.evaluate(async () => {
        const { violations } = await globalThis.axe.run();
        return violations.map((v) => `${v.impact} ${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 4).join(' | ')}`);
      });
    },
    async end() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** The page must not throw, complain, or call anything but its own origin. */
function watch(page, base, trouble) {
  page.on('pageerror', (error) => trouble.push(`threw: ${error.message}`));
  // A refused call is the test's own doing where it makes one; what a script or the policy says is not.
  page.on('console', (line) => {
    if (line.type() === 'error' && !/Failed to load resource/.test(line.text())) trouble.push(`console: ${line.text()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(base) && !/^(data|blob):/.test(request.url())) trouble.push(`called ${request.url()}`);
  });
}

/** `TURNOUT_UI_DIST` puts a build of the page in the place of the one inside the program, to test it without building that. */
async function serve(page, dist) {
  await page.route('**/ui/**', async (route) => {
    const url = new URL(route.request().url());
    const file = join(dist, url.pathname.replace(/^\/ui\//, '') || 'index.html');
    if (url.search || !existsSync(file)) return route.continue();
    const entry = file.endsWith('index.html');
    const real = entry ? await route.fetch() : null;
    if (real && real.status() !== 200) return route.fulfill({ response: real });
    const headers = { ...(real?.headers() ?? {}), 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' };
    delete headers['content-length'];
    return route.fulfill({ status: 200, headers, body: readFileSync(file) });
  });
}
