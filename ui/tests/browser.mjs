// The built page in a real Chromium against the mock server: what only a browser can show, such as the content
// policy, layout, scrolling, focus, and the event stream over a real socket. `npm run build` first.
//   node tests/browser.mjs        CHROMIUM=/path/to/chromium overrides which one
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { start } from '../mock/server.mjs';
import { open } from './chromium.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SECONDS = 15_000;

/** A page on a mock of its own; fails on any script error, policy violation or call to elsewhere. */
async function visit(name, { scenario = 'full', place = 'overview', ...options }, steps) {
  await test(name, { timeout: 60_000 }, async () => {
    const server = await start({ scenario });
    const { context, close } = await open(options);
    const wrong = [];
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(SECONDS);
      page.on('pageerror', (error) => wrong.push(error.message));
      page.on('console', (message) => /Content Security Policy/.test(message.text()) && wrong.push(message.text()));
      page.on('request', (request) => {
        if (!request.url().startsWith(server.url)) wrong.push(`a call to ${request.url()}`);
      });
      await page.goto(`${server.url}/ui/#/${place}`);
      await steps(page, server, context);
      assert.deepEqual(wrong, []);
    } finally {
      await close();
      await server.stop();
    }
  });
}

/** Waits until a question about the page is answered as wanted. */
async function until(page, question, wanted = true, argument) {
  await page.waitForFunction(
    ({ question, wanted, argument }) => JSON.stringify(new Function('it', `return ${question}`)(argument)) === JSON.stringify(wanted),
    { question, wanted, argument },
    { timeout: SECONDS },
  );
}

const ready = (page) => page.getByTestId('app-ready').waitFor();
const text = (page, id) => page.getByTestId(id).innerText();

await visit('a_click_switches_the_group', {}, async (page, { mock }) => {
  await ready(page);
  assert.equal(await text(page, 'active-group'), 'main');
  await page.getByTestId('group-backup-activate').click();
  await page.getByTestId('active-group').filter({ hasText: 'backup' }).waitFor();
  await page.getByTestId('active-provider').filter({ hasText: 'relay' }).waitFor();
  assert.equal(await page.getByTestId('group-backup-activate').count(), 0);
  await page.getByTestId('group-main-pause').click();
  await page.getByTestId('group-main-resume').waitFor();
  assert.deepEqual(mock.calls.map(([, path]) => path), ['/groups/backup/activate', '/groups/main/pause']);
});

await visit('the_mode_follows_the_daemon', {}, async (page) => {
  await ready(page);
  await page.getByTestId('mode-toggle').click();
  await page.locator('[data-testid=mode-toggle][aria-checked=false][data-value=manual]').waitFor();
});

await visit('a_key_goes_in_and_only_its_end_comes_back', {}, async (page, { mock }) => {
  await ready(page);
  await page.getByTestId('keys-relay').first().click();
  await page.getByTestId('key-row').nth(1).waitFor();
  await page.getByTestId('key-input').fill('sk-test-0123456789');
  await page.getByTestId('key-save').click();
  await page.getByTestId('key-row').filter({ hasText: '…6789' }).waitFor();
  assert.deepEqual(mock.calls.at(-1), ['POST', '/providers/relay/keys', { value: 'sk-test-0123456789' }]);
  assert.ok(!(await page.content()).includes('sk-test'));
  await page.keyboard.press('Escape');
  await page.getByTestId('keys-dialog').waitFor({ state: 'detached' });
});

await visit('a_lost_line_is_told_and_comes_back_by_itself', {}, async (page, { mock }) => {
  await ready(page);
  mock.offline = true;
  mock.cut();
  await page.getByTestId('connection-lost').waitFor();
  assert.equal(await text(page, 'active-provider'), 'anthropic');
  mock.active = 'backup';
  mock.serving = 'relay';
  mock.offline = false;
  await page.getByTestId('active-group').filter({ hasText: 'backup' }).waitFor();
  await page.getByTestId('connection-lost').waitFor({ state: 'detached' });
});

await visit('without_a_session_it_says_how_to_get_in', { scenario: 'unauthorised' }, async (page) => {
  await page.getByText('turnoutd ui', { exact: true }).waitFor();
  assert.equal(await page.getByTestId('app-ready').count(), 0);
});

await visit('a_group_without_a_key_is_told_and_left', { scenario: 'nokey', viewport: { width: 1280, height: 820 } }, async (page) => {
  await page.locator('[data-testid=status-line][data-state=degraded]').waitFor();
  assert.equal(await text(page, 'active-group'), 'st');
  assert.equal(await text(page, 'left-group'), 'in group practice');
  await page.getByTestId('member-st-station').filter({ hasText: 'No key' }).waitFor();
  assert.equal(await page.locator('[data-testid^=group-][data-state]').first().getAttribute('data-testid'), 'group-st');
});

await visit('practice_can_fail_on_purpose', { scenario: 'practice' }, async (page, { mock }) => {
  await page.getByTestId('practice-outage').click();
  await page.locator('[data-testid=status-line][data-state=down]').waitFor();
  await page.getByTestId('practice-outage').click();
  await page.locator('[data-testid=status-line][data-state=ok]').waitFor();
  assert.deepEqual(mock.calls.map(([, , body]) => body), [{ on: true }, { on: false }]);
});

await visit('the_whole_token_is_copied_while_it_is_hidden', { place: 'clients', permissions: ['clipboard-read', 'clipboard-write'] }, async (page) => {
  await page.getByText('Copy the lines').click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /export ANTHROPIC_AUTH_TOKEN=tnt-/);
  assert.ok(!(await page.content()).includes('tnt-'));
});

await visit('everything_is_reached_by_keyboard', {}, async (page) => {
  await ready(page);
  const reached = new Set();
  for (let i = 0; i < 60; i += 1) {
    await page.keyboard.press('Tab');
    reached.add(await page.evaluate(() => document.activeElement?.dataset.testid ?? document.activeElement?.tagName));
  }
  for (const id of ['nav-history', 'mode-toggle', 'group-main-pause', 'group-backup-activate', 'keys-relay', 'latest-row']) {
    assert.ok(reached.has(id), `Tab never came to ${id}`);
  }
});

await visit('the_palette_does_what_is_typed', {}, async (page, { mock }) => {
  await ready(page);
  await page.keyboard.press('Control+k');
  await page.getByTestId('palette-input').fill('switch backup');
  await page.keyboard.press('Enter');
  await page.getByTestId('active-group').filter({ hasText: 'backup' }).waitFor();
  assert.deepEqual(mock.calls.map(([, path]) => path), ['/groups/backup/activate']);
  assert.equal(await page.getByTestId('palette').count(), 0);
});

await visit('two_keys_go_to_a_page_but_not_while_typing', {}, async (page) => {
  await ready(page);
  await page.keyboard.type('gh');
  await page.getByTestId('filter-search').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('go?');
  assert.equal(await page.getByTestId('filter-search').inputValue(), 'go?');
  assert.match(page.url(), /#\/history/);
  await page.getByTestId('filter-search').blur();
  await page.keyboard.press('?');
  await page.getByTestId('shortcuts').waitFor();
  await page.keyboard.press('Escape');
  await page.getByTestId('shortcuts').waitFor({ state: 'detached' });
});

for (const [width, height] of [[360, 720], [640, 720], [900, 700], [1400, 900]]) {
  for (const place of ['overview', 'history', 'clients']) {
    await visit(`nothing_sticks_out_of_${place}_at_${width}`, { place, scenario: 'failover', viewport: { width, height } }, async (page) => {
      await ready(page);
      await page.waitForTimeout(300);
      const wide = await page.evaluate(() => {
        const main = document.querySelector('main');
        return [document.documentElement.scrollWidth - innerWidth, main.scrollWidth - main.clientWidth];
      });
      assert.deepEqual(wide, [0, 0]);
    });
  }
}

for (const colorScheme of ['light', 'dark']) {
  for (const [place, scenario] of [['overview', 'down'], ['overview', 'nokey'], ['overview', 'practice'], ['history', 'full'], ['clients', 'full']]) {
    const name = `axe_finds_nothing_in_${place}_${scenario}_${colorScheme}`;
    await visit(name, { place, scenario, colorScheme, bypassCSP: true }, async (page) => {
      await ready(page);
      if (place === 'history') {
        await page.getByTestId('history-row').nth(4).click();
        await page.getByTestId('attempt-row').first().waitFor();
      }
      await page.waitForTimeout(300);
      await page.evaluate(AXE);
      const found = await page.evaluate(async () => {
        const { violations } = await globalThis.axe.run();
        return violations.map((v) => `${v.impact} ${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 4).join(' | ')}`);
      });
      assert.deepEqual(found, []);
    });
  }
}
