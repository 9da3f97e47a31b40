// The way in, and what was there from the first page on: live rows, failover, switching.
import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Tests in order: each goes on where the one before stopped. */
export default {
  async 'without a session the page tells how to get one'({ page, at, turnout }) {
    const answer = await page.goto(`${turnout.base}/ui/`);
    assert.equal(answer.status(), 401);
    await page.getByText(/turnout\S* ui/).first().waitFor();
    assert.equal(await at('app-ready').count(), 0);
  },

  async 'the one-time link opens the page and leaves no code in the address'({ page, at, enter, turnout }) {
    await enter('', turnout.ui);
    assert.equal(page.url().includes('code='), false, page.url());
    assert.equal(await page.evaluate(() => document.cookie), '', 'scripts can read the session');
    assert.equal((await at('active-group').textContent()).trim(), 'main');
  },

  async 'what could not be asked for is not told as nothing'({ page, at, open }) {
    await open('#/settings');
    await page.route('**/api/v1/notices*', (route) => route.abort());
    await open('#/overview');
    await at('happenings').getByText('could not be loaded').waitFor();
    assert.equal(await at('happenings').getByText(/Nothing failed over/).count(), 0);
    await page.unroute('**/api/v1/notices*');
    await at('happenings').getByRole('button', { name: 'Try now' }).click();
    await at('happenings').getByText(/Nothing failed over/).waitFor();
  },

  async 'a request appears in the list while the page is open'({ page, open, turnout }) {
    await open('#/history');
    const { status, id } = await turnout.ask('hello from the page test');
    assert.equal(status, 200);
    const row = page.locator(`[data-testid="history-row"][data-id="${id}"][data-status="completed"]`);
    await row.waitFor();
    assert.equal(await row.getAttribute('data-provider'), 'first');
  },

  async 'a failover is told as a notice and as a chain of attempts'({ page, at, turnout, picture }) {
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

  async 'a click on a group switches it, and the next request goes there'({ page, at, open, turnout, picture }) {
    await open('#/');
    await at('group-spare-activate').click();
    await page.locator('[data-testid="group-spare"][data-state="active"]').waitFor();
    assert.equal((await turnout.admin('GET', '/status')).active_group, 'spare');
    const { id } = await turnout.ask('who serves now');
    await page.locator(`[data-testid="latest-row"][data-id="${id}"]`).waitFor();
    assert.equal((await turnout.admin('GET', `/requests/${id}`)).provider, 'second');
    await picture('switched');
  },

  async 'two keys go to a page, and a slash to its search, but not while one types'({ page, at, open }) {
    await open('#/overview');
    await page.keyboard.type('gh');
    await at('filter-search').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('go?');
    assert.equal(await at('filter-search').inputValue(), 'go?');
    assert.match(page.url(), /#\/history/);
    assert.equal(await at('shortcuts').count(), 0);
    await at('filter-search').fill('');
    await at('filter-search').blur();
  },

  async 'the palette does what is typed, and goes'({ page, at, open, turnout }) {
    await open('#/overview');
    await page.keyboard.press('Control+k');
    await at('palette-input').fill('switch main');
    await page.keyboard.press('Enter');
    await at('active-group').filter({ hasText: 'main' }).waitFor();
    assert.equal((await turnout.admin('GET', '/status')).active_group, 'main');
    assert.equal(await at('palette').count(), 0);
    await turnout.admin('POST', '/groups/spare/activate');
    await page.locator('[data-testid="group-spare"][data-state="active"]').waitFor();
  },

  async 'a session that is over names the program, and a link opened beside it lets both in'({ page, at, open, turnout, picture }) {
    await open('#/history?status=failed');
    await page.context().clearCookies();
    await open('#/settings?section=tokens');
    await open('#/overview');
    await at('group-main-activate').click();
    await page.locator('[data-testid="gate"][data-line="unauthorised"]').waitFor();
    const program = basename(process.env.TURNOUTD ?? 'turnoutd');
    await at('gate').getByText(`${program} ui`, { exact: true }).waitFor();
    await picture('no-session');
    const beside = await page.context().newPage();
    await beside.goto(await turnout.link());
    await beside.close();
    await page.evaluate(() => dispatchEvent(new Event('focus')));
    await page.locator('[data-testid="app-ready"][data-line="live"]').waitFor();
    assert.match(page.url(), /#\/overview/);
  },

  async 'a dialog begins where one types, and the keys of lists are told'({ page, at, open, picture }) {
    await open('#/rules?add=new');
    await page.waitForFunction(() => document.activeElement?.dataset.testid === 'rule-name');
    await at('fact-add').focus();
    await page.keyboard.press('ArrowDown');
    assert.equal(await page.locator('.fact').count(), 0, 'an arrow key opens the list and adds nothing');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await at('rule-dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('?');
    await at('shortcuts').getByText('In lists').waitFor();
    assert.match(await at('shortcuts').innerText(), /Enter[^]*Home/);
    await picture('shortcuts');
    await page.keyboard.press('Escape');
    await at('shortcuts').waitFor({ state: 'detached' });
    await open('#/overview');
  },

  async 'a switch made elsewhere shows without a reload'({ page, at, turnout }) {
    await turnout.admin('POST', '/groups/main/activate');
    await page.locator('[data-testid="group-main"][data-state="active"]').waitFor();
    assert.equal(await at('group-main-activate').count(), 0);
    await turnout.admin('POST', '/groups/main/pause');
    await page.locator('[data-testid="group-main"][data-state="paused"]').waitFor();
    await at('group-main-resume').click();
    await page.locator('[data-testid="group-main"][data-state="active"]').waitFor();
  },

  async 'pause and mode follow the daemon'({ page, at, turnout }) {
    const main = async () => (await turnout.admin('GET', '/groups')).items.find((group) => group.name === 'main').state;
    await at('group-main-pause').click();
    await page.locator('[data-testid="group-main"][data-state="paused"]').waitFor();
    assert.equal(await main(), 'paused');
    await at('group-main-resume').click();
    await page.locator('[data-testid="group-main"][data-state="active"]').waitFor();
    assert.equal(await main(), 'active');
    for (const [mode, checked] of [['manual', false], ['auto', true]]) {
      await at('mode-toggle').click();
      await page.locator(`[data-testid=mode-toggle][aria-checked=${checked}][data-value=${mode}]`).waitFor();
      assert.equal((await turnout.admin('GET', '/status')).mode, mode);
    }
  },

  async 'keys are shown masked and never whole'({ page, at }) {
    await at('keys-first').click();
    await at('key-row').waitFor();
    const text = await at('keys-dialog').textContent();
    assert.match(text, /…7f3a/);
    assert.equal((await page.content()).includes('sk-of-the-page-tests'), false);
    await page.keyboard.press('Escape');
  },

  async 'the first page loads less than 150 KB of compressed script'({ page, open }) {
    const scripts = [];
    const heard = (answer) => /\.js$/.test(new URL(answer.url()).pathname) && scripts.push(answer);
    page.on('response', heard);
    await page.goto('about:blank');
    await open('#/overview');
    page.off('response', heard);
    const sizes = await Promise.all(scripts.map(async (script) => gzipSync(await script.body()).length));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    console.log(`      ${scripts.length} scripts, ${bytes} bytes`);
    assert.ok(scripts.length > 1 && bytes < 150_000, `${bytes} bytes`);
  },

  async 'a style that the policy forbids would be seen'({ page, trouble }) {
    await page.evaluate(() => document.body.insertAdjacentHTML('beforeend', '<p style="color: red"></p>'));
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
    assert.match(trouble.splice(0).join('\n'), /^console: [^\n]*Content Security Policy[^\n]*$/);
  },

  async 'the link does not work twice'({ page, at, context, turnout }) {
    await context.clearCookies();
    await page.goto(turnout.ui);
    await page.waitForLoadState();
    assert.equal((await context.cookies()).length, 0);
    assert.equal(await at('app-ready').count(), 0);
  },
};

