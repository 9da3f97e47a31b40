// The playground: one question to several at once, streamed by the real turnoutd from practice providers.
import assert from 'node:assert/strict';

export const setting = { more: '[ledger]\ncapture_bodies = "all"\n' };

const run = (page, to) => page.locator(`[data-testid="run"][data-to="${to}"]`);
const state = (page, to, wanted) => page.locator(`[data-testid="run"][data-to="${to}"][data-state="${wanted}"]`);

async function target(at, index, to, model) {
  await at('target-place').nth(index).selectOption(to);
  await at('target-model').nth(index).fill(model);
}

export default {
  async 'at first it says what to do, and a model of whoever serves is chosen already'({ page, at, enter, turnout, axe, picture }) {
    await enter('#/playground');
    await page.waitForFunction(() => document.querySelector('[data-testid="target-model"]').value !== '');
    assert.equal(await at('playground-send').isEnabled(), false, 'nothing is asked yet');
    const offered = (await turnout.admin('GET', '/models')).items;
    const model = await at('target-model').inputValue();
    assert.equal(offered.find((one) => one.id === model).owned_by, (await turnout.admin('GET', '/status')).active_provider, model);
    await page.getByText('Answers appear here').waitFor();
    for (const theme of ['light', 'dark']) {
      await page.evaluate((value) => (document.documentElement.dataset.theme = value), theme);
      assert.deepEqual((await axe()).filter((line) => /serious|critical/.test(line)), [], theme);
      await picture(`playground-empty-${theme}`);
    }
    await page.evaluate(() => (document.documentElement.dataset.theme = 'light'));
  },

  async 'two providers answer side by side, sent by the keyboard'({ page, at, turnout, axe, picture }) {
    await turnout.fail('first', 'text;say=A short answer of the first.');
    await turnout.fail('second', 'text;say=And one of the second, which has more to say.');
    await target(at, 0, 'provider:first', 'claude-sonnet-4-5');
    await at('target-add').click();
    await target(at, 1, 'provider:second', 'claude-haiku-4-5');
    await at('playground-add-system').click();
    await at('playground-system').fill('Be brief.');
    await at('playground-max-tokens').fill('200');
    await at('playground-temperature').fill('0.5');
    await at('playground-prompt').fill('Who are you?');
    await page.keyboard.press('Control+Enter');
    await state(page, 'provider:first', 'done').waitFor();
    await state(page, 'provider:second', 'done').waitFor();
    assert.match(await run(page, 'provider:first').getByTestId('run-text').textContent(), /answer of the first/);
    assert.match(await run(page, 'provider:second').getByTestId('run-text').textContent(), /one of the second/);
    const id = await run(page, 'provider:second').getAttribute('data-id');
    const said = await turnout.admin('GET', `/requests/${id}`);
    assert.deepEqual([said.provider, said.client, said.model_requested, said.stream], ['second', 'playground', 'claude-haiku-4-5', true]);
    await page.waitForFunction(() => [...document.querySelectorAll('[data-testid="run-cost"]')].every((cost) => /\$/.test(cost.textContent)));
    assert.match(await run(page, 'provider:second').getByTestId('run-tokens').textContent(), new RegExp(`${said.output_tokens} out`));
    for (const theme of ['light', 'dark']) {
      await page.evaluate((value) => (document.documentElement.dataset.theme = value), theme);
      assert.deepEqual((await axe()).filter((line) => /serious|critical/.test(line)), [], theme);
      await picture(`playground-${theme}`);
    }
    await page.evaluate(() => (document.documentElement.dataset.theme = 'light'));
  },

  async 'an answer becomes part of the conversation'({ page, at }) {
    await run(page, 'provider:first').getByTestId('run-go-on').click();
    assert.equal(await at('playground-turn').count(), 2);
    await at('playground-prompt').fill('And then?');
    await at('playground-send').click();
    await state(page, 'provider:first', 'done').waitFor();
  },

  async 'a slow answer is stopped alone, and its upstream with it'({ page, at, turnout, picture }) {
    await turnout.fail('first', 'text;gap=250ms;deltas=60;say=Word after word after word after word after word after word after word after word after word.');
    await at('playground-prompt').fill('Slowly, please.');
    await at('playground-send').click();
    await state(page, 'provider:first', 'streaming').waitFor();
    await state(page, 'provider:second', 'done').waitFor();
    await picture('playground-streaming');
    const id = await run(page, 'provider:first').getAttribute('data-id');
    await run(page, 'provider:first').getByTestId('run-stop').click();
    await state(page, 'provider:first', 'stopped').waitFor();
    await page.locator('[data-testid="playground-send"]').waitFor();
    await turnout.fail('first', 'text');
    for (let tries = 0; ; tries += 1) {
      const { status } = await turnout.admin('GET', `/requests/${id}`);
      if (status === 'cancelled') break;
      assert.ok(tries < 200, `still ${status}`);
      await page.evaluate(() => fetch('/api/v1/status').then((answer) => answer.text()));
    }
  },

  async 'answers go on while one looks elsewhere'({ page, at, turnout }) {
    await turnout.fail('second', 'text;gap=40ms;deltas=12;say=One two three four five six seven eight nine ten eleven twelve.');
    await at('playground-send').click();
    await state(page, 'provider:second', 'streaming').waitFor();
    await at('nav-history').click();
    await at('history-row').first().waitFor();
    await at('nav-playground').click();
    await state(page, 'provider:second', 'done').waitFor();
    assert.match(await run(page, 'provider:second').getByTestId('run-text').textContent(), /twelve/);
    await turnout.fail('second', 'text');
  },

  async 'a refusal is told in the provider’s words and leads into the history'({ page, at, turnout, picture }) {
    await turnout.fail('first', '400;message=this model takes no temperature');
    await at('playground-send').click();
    await state(page, 'provider:first', 'failed').waitFor();
    await run(page, 'provider:first').getByTestId('run-error').filter({ hasText: 'takes no temperature' }).waitFor();
    await picture('playground-error');
    const id = await run(page, 'provider:first').getAttribute('data-id');
    assert.equal((await turnout.admin('GET', `/requests/${id}`)).status, 'failed');
    await turnout.fail('first', 'text');
    await run(page, 'provider:first').getByTestId('run-again').click();
    await state(page, 'provider:first', 'done').waitFor();
    await run(page, 'provider:first').getByTestId('run-history').click();
    await page.waitForURL(/#\/history\?id=req-/);
    await page.goBack();
  },

  async 'a stream that breaks off keeps its words and says so'({ page, at, turnout }) {
    await turnout.fail('first', 'cut;after=3;content=text;say=These words come before the cut and these do not');
    await at('playground-send').click();
    await run(page, 'provider:first').and(page.locator('[data-state="broken"], [data-state="failed"]')).waitFor();
    assert.notEqual((await run(page, 'provider:first').getByTestId('run-text').textContent()).trim(), '');
    await turnout.fail('first', 'text');
  },

  async 'as routed goes where any request would go'({ page, at, turnout }) {
    await at('target-remove').nth(1).click();
    await target(at, 0, '', 'claude-sonnet-4-5');
    await at('playground-send').click();
    await state(page, '', 'done').waitFor();
    await run(page, '').getByTestId('run-served').filter({ hasText: 'first' }).waitFor();
    await turnout.admin('POST', '/groups/spare/activate');
    await at('playground-send').click();
    await run(page, '').getByTestId('run-served').filter({ hasText: 'second' }).waitFor();
    await turnout.admin('POST', '/groups/main/activate');
  },

  async 'what was written is there after a reload, and no key is'({ page, at }) {
    await at('playground-prompt').fill('Remember me.');
    await at('playground-prompt').blur();
    await page.reload();
    await at('playground-prompt').waitFor();
    assert.equal(await at('playground-prompt').inputValue(), 'Remember me.');
    assert.equal(await at('target-model').first().inputValue(), 'claude-sonnet-4-5');
    const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }));
    assert.doesNotMatch(kept, /sk-|token"/);
    await at('playground-fresh').click();
    assert.equal(await at('playground-prompt').inputValue(), '');
  },

  async 'a request of the history is opened here, without what cannot be said again'({ page, at, open, turnout }) {
    const tools = [{ name: 'look', description: 'looks', input_schema: { type: 'object' } }];
    const { id } = await turnout.ask('What did I ask?', { system: 'Be exact.', tools });
    await open(`#/playground?request=${id}`);
    await at('playground-notice').filter({ hasText: '1 part' }).waitFor();
    assert.equal(await at('playground-prompt').inputValue(), 'What did I ask?');
    assert.equal(await at('playground-system').inputValue(), 'Be exact.');
    assert.equal(await at('target-model').first().inputValue(), 'claude-sonnet-4-5');
    assert.equal(page.url().includes('request='), false, 'a reload does not take it again');
    await open('#/playground?request=req-of-nobody');
    await at('playground-notice').waitFor();
    await at('playground-fresh').click();
  },

  async 'it fits a narrow window, and speaks Chinese'({ page, at, open, picture }) {
    await at('playground-prompt').fill('Hello');
    await at('target-add').click();
    await target(at, 1, 'provider:second', 'claude-haiku-4-5');
    await at('playground-send').click();
    await state(page, 'provider:second', 'done').waitFor();
    for (const width of [900, 640, 400]) {
      await page.setViewportSize({ width, height: 820 });
      const wider = await page.evaluate(() => document.getElementById('content').scrollWidth - document.getElementById('content').clientWidth);
      assert.equal(wider, 0, `${width} px`);
      await picture(`playground-${width}`);
    }
    await page.setViewportSize({ width: 1280, height: 820 });
    await page.evaluate(() => localStorage.setItem('turnout.language', 'zh-CN'));
    await page.reload();
    await page.getByRole('button', { name: '发送' }).waitFor();
    await picture('playground-zh');
  },
};
