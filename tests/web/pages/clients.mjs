// Client programs: connected and put back with the changes shown first, seen when they call, and settings to copy for the rest.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const browser = { permissions: ['clipboard-read', 'clipboard-write'] };

const settings = (turnout) => join(turnout.home, '.claude/settings.json');
const claude = async (turnout) => (await turnout.admin('GET', '/clients')).items.find((one) => one.id === 'claude-code');
const card = (page, standing) => page.locator(`[data-testid="client-claude-code"][data-standing="${standing}"]`);

/** Tests in order: each goes on where the one before stopped. */
export default {
  async 'each program tells how it stands'({ page, at, enter, turnout, picture }) {
    mkdirSync(join(turnout.home, '.claude'), { recursive: true });
    writeFileSync(settings(turnout), '{\n  "model": "opus"\n}\n');
    await enter('#/clients');
    await card(page, 'vendor').waitFor();
    await page.locator('[data-testid="client-codex"][data-standing="absent"]').waitFor();
    await picture('clients');
  },

  async 'what would change is shown before anything is written'({ page, at, turnout, picture }) {
    await at('connect-claude-code').click();
    await at('diff').waitFor();
    const diff = await at('diff').textContent();
    assert.match(diff, /ANTHROPIC_BASE_URL/);
    assert.equal(diff.includes('client-token-of-the-page-tests'), false, 'the token stands in the diff');
    assert.match(page.url(), /connect=claude-code/);
    await picture('clients-connect');
    await page.keyboard.press('Escape');
    await at('connect-dialog').waitFor({ state: 'detached' });
    assert.equal(page.url().includes('connect='), false, page.url());
    assert.equal(JSON.parse(readFileSync(settings(turnout), 'utf8')).env, undefined);
  },

  async 'the own login travels beside the token where that is wished'({ page, open, at }) {
    await open('#/clients?connect=claude-code');
    await at('diff').waitFor();
    await at('own-login').check();
    await page.getByTestId('diff').getByText('ANTHROPIC_CUSTOM_HEADERS').waitFor();
    await at('own-login').uncheck();
    await page.getByTestId('diff').getByText('ANTHROPIC_AUTH_TOKEN').waitFor();
  },

  async 'a click writes it, and the lamp waits for the first request'({ page, at, turnout, picture }) {
    await at('connect-go').click();
    await at('connect-done').waitFor();
    const written = JSON.parse(readFileSync(settings(turnout), 'utf8'));
    assert.equal(written.env.ANTHROPIC_BASE_URL, turnout.base);
    assert.equal(written.model, 'opus');
    assert.equal((await claude(turnout)).connected, true);
    assert.equal(await at('connect-waiting').getAttribute('data-seen'), 'false');
    await picture('clients-waiting');
    const answer = await fetch(`${turnout.base}/v1/messages`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${written.env.ANTHROPIC_AUTH_TOKEN}`,
        'anthropic-version': '2023-06-01',
        'user-agent': 'claude-cli/2.1.329 (external, cli)',
        'x-app': 'cli',
      },
      body: JSON.stringify({ model: 'claude-opus-4-1', max_tokens: 32, messages: [{ role: 'user', content: 'hello' }] }),
    });
    assert.equal(answer.status, 200);
    await page.locator('[data-testid="connect-waiting"][data-seen="true"]').waitFor();
    await picture('clients-called');
    await page.getByRole('button', { name: 'Done' }).click();
    await card(page, 'here').waitFor();
  },

  async 'a change made in the file shows when the window is looked at again'({ page, turnout }) {
    const text = readFileSync(settings(turnout), 'utf8');
    writeFileSync(settings(turnout), text.replace(turnout.base, 'https://elsewhere.example'));
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await card(page, 'elsewhere').waitFor();
    writeFileSync(settings(turnout), text);
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await card(page, 'here').waitFor();
  },

  async 'disconnecting puts back what stood there'({ page, at, turnout, picture }) {
    await at('disconnect-claude-code').click();
    await at('diff').waitFor();
    await picture('clients-disconnect');
    await at('connect-go').click();
    await at('connect-done').waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    await card(page, 'vendor').waitFor();
    assert.equal((await claude(turnout)).connected, false);
    assert.ok(existsSync(settings(turnout)));
  },

  async 'a file that Claude Code ignores is warned of before and after, and never told as connected'({ page, open, at, turnout, picture }) {
    writeFileSync(settings(turnout), '{\n  // mine\n  "model": "opus"\n}\n');
    await open('#/clients');
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await at('connect-claude-code').click();
    await at('connect-ignored').filter({ hasText: 'comments or trailing commas' }).waitFor();
    await at('diff').waitFor();
    await picture('clients-ignored-before');
    await at('connect-go').getByText('Write them anyway').click();
    await at('connect-done').filter({ hasText: 'no effect yet' }).waitFor();
    assert.equal(await page.getByText('points here now').count(), 0);
    await picture('clients-ignored-after');
    await page.getByRole('button', { name: 'Done' }).click();
    await card(page, 'ignored').filter({ hasText: 'Written, but not read' }).waitFor();
    await picture('clients-ignored');
    // Whoever mends it beside the window need not come back to it for that to show.
    writeFileSync(settings(turnout), readFileSync(settings(turnout), 'utf8').replace(/ *\/\/ mine\n/, ''));
    await card(page, 'here').waitFor({ timeout: 5_000 });
    await turnout.admin('POST', '/clients/claude-code/disconnect', {});
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await card(page, 'vendor').waitFor();
  },

  async 'who is disconnected hears where the program calls again'({ page, open, at, turnout }) {
    writeFileSync(settings(turnout), '{ "env": { "ANTHROPIC_BASE_URL": "https://old-relay.example" } }\n');
    await open('#/clients?connect=claude-code');
    await at('diff').waitFor();
    await at('connect-go').click();
    await at('connect-done').waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    await at('disconnect-claude-code').click();
    await at('diff').waitFor();
    await at('connect-go').click();
    await at('connect-back').filter({ hasText: 'It calls old-relay.example again' }).waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    assert.match(readFileSync(settings(turnout), 'utf8'), /old-relay\.example/);
    writeFileSync(settings(turnout), '{}\n');
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await card(page, 'vendor').waitFor();
  },

  async 'settings for other programs can be copied, with a token that is hidden until asked for'({ page, open, at, turnout }) {
    await open('#/clients?for=openai');
    await at('connect-snippet').waitFor();
    assert.equal((await at('connect-snippet').textContent()).includes('client-token-of'), false);
    await page.getByRole('button', { name: 'Copy the lines' }).click();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(copied, new RegExp(`${turnout.base}/v1.*client-token-of-the-page-tests`));
    await at('token-toggle').click();
    assert.match(await at('connect-snippet').textContent(), /client-token-of-the-page-tests/);
    await page.getByTestId('guide').getByText('Cursor').click();
    await page.getByText('Override OpenAI Base URL').waitFor();
    assert.match(page.url(), /for=cursor/);
    assert.equal((await at('base-url').textContent()).trim(), turnout.base);
  },

  async 'broken settings and a refusal are told in the words of the daemon'({ page, open, at, turnout, picture }) {
    writeFileSync(settings(turnout), '{ broken');
    await open('#/clients');
    await page.reload();
    await card(page, 'broken').waitFor();
    await picture('clients-broken');
    await page.route('**/api/v1/clients*', (route) =>
      route.fulfill({ status: 500, json: { error: { code: 'internal', message: 'the folder cannot be read', request_id: 'req-1' } } }),
    );
    await page.reload();
    await page.getByText('the folder cannot be read').waitFor();
    await page.unroute('**/api/v1/clients*');
    await page.getByRole('button', { name: 'Try now' }).click();
    await at('client-codex').waitFor();
    writeFileSync(settings(turnout), '{}');
  },

  async 'fits a narrow window, is accessible, and speaks Chinese'({ page, open, at, axe, picture }) {
    for (const theme of ['light', 'dark']) {
      await page.evaluate((theme) => localStorage.setItem('turnout.theme', theme), theme);
      await page.evaluate((language) => localStorage.setItem('turnout.language', language), theme === 'dark' ? 'zh-CN' : 'en');
      await open('#/clients');
      await page.reload();
      await at('client-codex').waitFor();
      await at('connect-snippet').waitFor();
      assert.deepEqual((await axe()).filter((line) => /serious|critical/.test(line)), []);
      await picture(`clients-${theme}`);
      await at('connect-codex').click();
      await at('diff').waitFor();
      assert.deepEqual((await axe()).filter((line) => /serious|critical/.test(line)), []);
      await page.keyboard.press('Escape');
    }
    for (const width of [900, 640, 400]) {
      await page.setViewportSize({ width, height: 700 });
      const over = await page.evaluate(() => document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth);
      assert.equal(over, 0, `sideways at ${width}`);
      await picture(`clients-${width}`);
    }
  },
};
