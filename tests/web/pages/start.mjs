// The first minute: from a fresh start without any config to a client's first answered request, step by step.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// A key that is found but never used for real: whatever would leave this machine meets a closed port.
export const setting = { fresh: true, env: { DEEPSEEK_API_KEY: 'sk-of-the-page-tests-9f2c', HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '127.0.0.1,localhost' } };

const step = (page, id, what) => page.locator(`[data-testid="step-${id}"][${what}="true"]`);
const began = performance.now();
const seconds = () => `${((performance.now() - began) / 1000).toFixed(1)} s`;

async function admin(turnout, method, path, body) {
  const token = readFileSync(join(turnout.home, 'data/tokens/admin'), 'utf8').trim();
  const answer = await fetch(`${turnout.base}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.json();
}

async function remove(turnout, path) {
  const token = readFileSync(join(turnout.home, 'data/tokens/admin'), 'utf8').trim();
  const answer = await fetch(`${turnout.base}/api/v1${path}`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } });
  assert.ok(answer.ok, `DELETE ${path}: ${answer.status}`);
}

/** Tests in order: each goes on where the one before stopped. */
export default {
  async 'a fresh start shows the first steps'({ page, at, enter, turnout, picture }) {
    mkdirSync(join(turnout.home, '.claude'));
    await enter('#/overview', turnout.ui);
    await at('first-run').waitFor();
    await at('found').waitFor();
    assert.match(await at('found').textContent(), /DEEPSEEK_API_KEY …9f2c/);
    assert.equal(await page.locator('[data-testid^="step-"][data-done="true"]').count(), 0);
    console.log(`      the steps are there after ${seconds()}`);
    await picture('start');
  },

  async 'a test request is answered at once, and its way can be seen'({ page, at, turnout, picture }) {
    await at('test-send').click();
    await at('test-answer').getByText('Practice provider here').waitFor();
    console.log(`      the first answer is there after ${seconds()}`);
    await step(page, 'try', 'data-done').waitFor();
    const link = await at('test-request').getAttribute('href');
    const id = new URLSearchParams(link.split('?')[1]).get('id');
    assert.equal((await admin(turnout, 'GET', `/requests/${id}`)).provider, 'practice');
    await picture('start-answered');
    await at('practice-outage').click();
    await page.locator('[data-testid="practice-outage"][aria-checked="true"]').waitFor();
    await at('practice-outage').click();
    await page.locator('[data-testid="practice-outage"][aria-checked="false"]').waitFor();
    assert.equal(await at('practice-outage').count(), 1, 'there is one switch');
  },

  async 'a tool is connected with the changes shown first'({ page, at, turnout }) {
    await at('start-connect-claude-code').click();
    await at('diff').waitFor();
    await at('connect-go').click();
    await at('connect-done').waitFor();
    await page.getByTestId('connect-dialog').getByRole('button', { name: 'Done' }).click();
    await step(page, 'connect', 'data-done').waitFor();
    assert.equal((await admin(turnout, 'GET', '/clients')).items.find((one) => one.id === 'claude-code').connected, true);
  },

  async 'its first answer ticks the last step'({ page, at, turnout, picture }) {
    assert.equal(await at('start-waiting').getAttribute('data-seen'), 'false');
    const { env } = JSON.parse(readFileSync(join(turnout.home, '.claude/settings.json'), 'utf8'));
    const answer = await fetch(`${env.ANTHROPIC_BASE_URL}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${env.ANTHROPIC_AUTH_TOKEN}`, 'anthropic-version': '2023-06-01', 'user-agent': 'claude-cli/2.1.329 (external, cli)' },
      body: JSON.stringify({ model: 'claude-opus-4-1', max_tokens: 32, messages: [{ role: 'user', content: 'hello' }] }),
    });
    assert.equal(answer.status, 200);
    await step(page, 'answer', 'data-done').waitFor();
    console.log(`      a client's first answered request is seen after ${seconds()}`);
    await picture('start-client');
  },

  async 'a provider that serves nothing yet is not told as done'({ page, at, turnout, picture }) {
    await admin(turnout, 'POST', '/providers', { name: 'mine', dialect: 'anthropic', base_url: turnout.practice.first, keys: ['env:DEEPSEEK_API_KEY'] });
    await admin(turnout, 'POST', '/groups', { name: 'own', members: [{ provider: 'mine' }] });
    await page.reload();
    await at('start-idle').filter({ hasText: 'mine is set up, but requests go to practice.' }).waitFor();
    await step(page, 'provider', 'data-done').waitFor({ state: 'detached' });
    await picture('start-idle');
    await at('start-activate').click();
    await step(page, 'provider', 'data-done').waitFor();
    assert.equal((await admin(turnout, 'GET', '/status')).active_group, 'own');
    await picture('start-serves');
    await admin(turnout, 'POST', '/groups/practice/activate');
    await remove(turnout, '/groups/own');
    await remove(turnout, '/providers/mine');
    await page.reload();
    await page.locator('[data-testid="step-provider"][data-done="false"]').waitFor();
  },

  async 'what was found is used with one click, and the steps stay until they are put away'({ page, at, turnout, picture }) {
    await at('found').getByRole('button').click();
    await step(page, 'provider', 'data-done').waitFor();
    assert.ok((await admin(turnout, 'GET', '/groups')).items.some((group) => group.members.some((member) => member.provider === 'deepseek')));
    assert.equal(await at('first-run').getAttribute('data-over'), 'true');
    await picture('start-over');
    await page.reload();
    await at('first-run').waitFor();
    await at('first-run-away').click();
    await at('first-run').waitFor({ state: 'detached' });
    await page.reload();
    await at('status-line').waitFor();
    assert.equal(await at('first-run').count(), 0);
  },

  async 'they come again from the settings and from the palette, and a step can be skipped'({ page, at, open }) {
    await open('#/settings');
    await at('first-run-again').click();
    await at('first-run').waitFor();
    await at('first-run-away').click();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('First steps');
    await page.keyboard.press('Enter');
    await at('first-run').waitFor();
    await at('skip-try').or(at('test-answer')).or(step(page, 'try', 'data-done')).first().waitFor();
  },

  async 'an error of a test request is told in the words of the daemon, a skipped step stays skipped'({ page, at, enter, open, context }) {
    await page.route('**/api/v1/requests?*', (route) => route.fulfill({ json: { items: [], next_cursor: null } }));
    await page.route('**/api/v1/playground', (route) => route.fulfill({ status: 503, json: { type: 'error', error: { type: 'overloaded_error', message: 'nothing can serve just now' } } }));
    await open('#/overview');
    await page.reload();
    await at('test-send').click();
    await page.getByText('nothing can serve just now').waitFor();
    await at('skip-try').click();
    await step(page, 'try', 'data-skipped').waitFor();
    await page.reload();
    await step(page, 'try', 'data-skipped').waitFor();
    await page.unroute('**/api/v1/playground');
    await page.unroute('**/api/v1/requests?*');
  },

  async 'is accessible in light and dark, in both languages, and fits a narrow window'({ page, at, open, axe, picture }) {
    await page.route('**/api/v1/requests?*', (route) => route.fulfill({ json: { items: [], next_cursor: null } }));
    for (const [theme, language] of [['light', 'en'], ['dark', 'zh-CN']]) {
      await page.evaluate(([theme, language]) => {
        localStorage.setItem('turnout.theme', theme);
        localStorage.setItem('turnout.language', language);
        localStorage.setItem('turnout.start.skipped', '');
      }, [theme, language]);
      await open('#/overview');
      await page.reload();
      await at('first-run').waitFor();
      await at('test-send').waitFor();
      assert.deepEqual((await axe()).filter((line) => /serious|critical/.test(line)), [], theme);
      await picture(`start-${theme}`);
    }
    for (const width of [900, 640, 400]) {
      await page.setViewportSize({ width, height: 700 });
      const over = await page.evaluate(() => document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth);
      assert.equal(over, 0, `sideways at ${width}`);
      await picture(`start-${width}`);
    }
  },
};
