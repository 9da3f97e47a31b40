// The page as the real turnoutd serves it, in a real browser, reached by the one-time link.
// Closing line: N passed, N failed. Pictures go to the target folder.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { world } from './turnoutd.mjs';

const pictures = new URL('../../target/artifacts/web/', import.meta.url).pathname;
mkdirSync(pictures, { recursive: true });
const profile = mkdtempSync(join(tmpdir(), 'turnout-web-profile-'));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'],
  viewport: { width: 1280, height: 820 },
  locale: 'en-US',
  reducedMotion: 'reduce',
});
const page = await browser.newPage();
page.setDefaultTimeout(10_000);
/** What the page must never do: throw, or call anything but its own origin. */
const trouble = [];
let turnout;

const at = (id) => page.getByTestId(id);
const open = (hash) => page.goto(`${turnout.base}/ui/${hash}`);
const picture = (name) => page.screenshot({ path: join(pictures, `${name}.png`) });

const tests = {
  async 'without a session the page tells how to get one'() {
    const answer = await page.goto(`${turnout.base}/ui/`);
    assert.equal(answer.status(), 401);
    await page.getByText('turnout ui').first().waitFor();
    assert.equal(await at('app-ready').count(), 0);
    watch(); // from here on nothing may go wrong inside the page
  },

  async 'the one-time link opens the page and leaves no code in the address'() {
    await page.goto(turnout.ui);
    await at('app-ready').waitFor();
    assert.equal(page.url().includes('code='), false, page.url());
    assert.equal(await page.evaluate(() => document.cookie), '', 'scripts can read the session');
    assert.equal((await at('active-group').textContent()).trim(), 'main');
  },

  async 'a request appears in the list while the page is open'() {
    await open('#/history');
    await at('app-ready').waitFor();
    const { status, id } = await turnout.ask('hello from the page test');
    assert.equal(status, 200);
    const row = page.locator(`[data-testid="history-row"][data-id="${id}"][data-status="completed"]`);
    await row.waitFor();
    assert.equal(await row.getAttribute('data-provider'), 'first');
  },

  async 'a failover is told as a notice and as a chain of attempts'() {
    await turnout.fail('first', '529;retry_after=none');
    const { status, id } = await turnout.ask('please fail over');
    assert.equal(status, 200);
    await page.locator('[data-testid="notice"][data-kind="failover"]').waitFor();
    await page.locator(`[data-testid="history-row"][data-id="${id}"]`).click();
    await page.locator('[data-testid="attempt-row"][data-provider="second"][data-verdict="ok"]').waitFor();
    const chain = await at('attempt-row').evaluateAll((rows) => rows.map((row) => row.dataset.provider));
    assert.deepEqual(chain, ['first', 'second']);
    assert.match((await at('detail-cost').first().textContent()) ?? '', /\$/);
    await picture('failover');
    await turnout.fail('first', 'text');
  },

  async 'a click on a group switches it, and the next request goes there'() {
    await open('#/');
    await at('group-spare-activate').click();
    await page.locator('[data-testid="group-spare"][data-state="active"]').waitFor();
    assert.equal((await turnout.admin('GET', '/status')).active_group, 'spare');
    const { id } = await turnout.ask('who serves now');
    await page.locator(`[data-testid="latest-row"][data-id="${id}"]`).waitFor();
    assert.equal((await turnout.admin('GET', `/requests/${id}`)).provider, 'second');
    await picture('switched');
  },

  async 'a switch made elsewhere shows without a reload'() {
    await turnout.admin('POST', '/groups/main/activate');
    await page.locator('[data-testid="group-main"][data-state="active"]').waitFor();
    await turnout.admin('POST', '/groups/main/pause');
    await page.locator('[data-testid="group-main"][data-state="paused"]').waitFor();
    await at('group-main-resume').click();
    await page.locator('[data-testid="group-main"][data-state="active"]').waitFor();
  },

  async 'keys are shown masked and never whole'() {
    await at('keys-first').click();
    await at('key-row').waitFor();
    const text = await at('keys-dialog').textContent();
    assert.match(text, /…7f3a/);
    assert.equal((await page.content()).includes('sk-of-the-page-tests'), false);
    await page.keyboard.press('Escape');
  },

  async 'the page calls nothing but its own origin and throws nothing'() {
    assert.deepEqual(trouble, []);
  },

  async 'the link does not work twice'() {
    await browser.clearCookies();
    await page.goto(turnout.ui);
    await page.waitForLoadState();
    assert.equal((await browser.cookies()).length, 0);
    assert.equal(await at('app-ready').count(), 0);
  },
};

function watch() {
  page.on('pageerror', (error) => trouble.push(`threw: ${error.message}`));
  page.on('console', (line) => line.type() === 'error' && trouble.push(`console: ${line.text()}`));
  page.on('request', (request) => {
    if (!request.url().startsWith(turnout.base) && !request.url().startsWith('data:')) {
      trouble.push(`called ${request.url()}`);
    }
  });
}

let failed = 0;
try {
  turnout = await world();
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.log(`ok    ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL  ${name}\n      ${String(error.message).split('\n').join('\n      ')}`);
      await picture(`failed-${failed}`).catch(() => {});
    }
  }
  if (failed) console.log(turnout.log());
} finally {
  await browser.close();
  await turnout?.end();
  rmSync(profile, { recursive: true, force: true });
}
console.log(`${Object.keys(tests).length - failed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
