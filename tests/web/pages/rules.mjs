// Rules: told as sentences, put in order, changed by a form, and explained with a request that is not sent.
import assert from 'node:assert/strict';

export const setting = {
  more: `
[[rules]]
name = "helpers"
when = { model = "claude-*-haiku*", client = "claude-code" }
use = { group = "spare", effort = "low" }
[[rules]]
name = "long ones"
when = { tokens_over = 60000 }
use = { provider = "second" }
`,
};

const serious = (lines) => lines.filter((line) => /serious|critical/.test(line));
const order = async (turnout) => (await turnout.admin('GET', '/rules')).items.map((rule) => rule.name);
/** Waits until the daemon has the rules in this order. */
const ordered = (turnout, wanted) => turnout.until('/rules', ({ items }) => items.map((rule) => rule.name).join() === wanted.join());

export default {
  async 'each rule is a sentence, and the end of the list says where the rest goes'({ page, at, enter, picture, axe }) {
    await enter('#/rules');
    await at('rule-helpers').getByText('When the model is claude-*-haiku* and the client is claude-code').waitFor();
    await at('rule-helpers').getByText('group spare, low effort').waitFor();
    await at('rule-none').getByText('the active group, main').waitFor();
    await picture('rules');
    assert.deepEqual(serious(await axe()), []);
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Rules');
  },

  async 'a request that is thought of shows which rule wins'({ page, at, turnout, picture, axe }) {
    await at('explain-body').fill('{"model":"claude-3-5-haiku-latest","max_tokens":9,"messages":[{"role":"user","content":"a title"}]}');
    await at('explain-go').click();
    await page.locator('[data-testid=rule-helpers][data-wins=true]').waitFor();
    await at('explained').getByText('The rule helpers fits.').waitFor();
    assert.equal(await at('candidates').getByRole('listitem').first().getAttribute('data-provider'), 'second');
    await picture('rules-explained');
    assert.deepEqual(serious(await axe()), []);
    assert.equal((await turnout.admin('GET', '/requests')).items.length, 0, 'nothing is sent');
  },

  async 'a rule that is switched off no longer wins, and the answer follows'({ page, at, turnout }) {
    await at('rule-helpers').getByTestId('rule-switch').click();
    await page.locator('[data-testid=rule-helpers][data-enabled=false]').waitFor();
    await page.locator('[data-testid=rule-none][data-wins=true]').waitFor();
    assert.equal((await turnout.admin('GET', '/rules/helpers')).enabled, false);
    await at('rule-helpers').getByTestId('rule-switch').click();
    await page.locator('[data-testid=rule-helpers][data-wins=true]').waitFor();
  },

  async 'a request of the history fills the question in'({ page, at, turnout }) {
    await turnout.ask('hello there', { model: 'claude-opus-4-1' });
    await page.reload();
    await at('rule-helpers').waitFor();
    await at('explain-recent').locator('option', { hasText: 'claude-opus-4-1' }).waitFor({ state: 'attached' });
    await at('explain-recent').selectOption({ index: 1 });
    await page.locator('[data-testid=rule-none][data-wins=true]').waitFor();
    assert.match(await at('explain-body').inputValue(), /claude-opus-4-1/);
  },

  async 'what cannot be explained is said in the daemon’s words'({ at, page }) {
    await at('explain-path').fill('/nowhere');
    await at('explain-go').click();
    await at('explained').locator('.bad').filter({ hasText: /\w{3}/ }).waitFor();
    await at('explain-path').fill('/v1/messages');
    await page.getByRole('heading', { level: 1 }).waitFor();
  },

  async 'a form makes a rule, and says in words what it will be'({ page, at, turnout, picture, axe }) {
    await at('rule-add').click();
    await at('rule-name').fill('pictures');
    await at('fact-add').selectOption('has_images');
    await at('fact-add').selectOption('keyword');
    await at('fact-keyword').locator('input').fill('look');
    await at('fact-keyword').locator('input').press('Enter');
    await at('fact-keyword').locator('input').fill('see, watch,');
    await at('fact-add').selectOption('hour');
    await at('fact-hour').locator('input').fill('9-17');
    await at('use-group').selectOption('spare');
    await at('use-max-tokens').fill('2000');
    const said = (await at('rule-sentence').textContent()).replaceAll(/\s+/g, ' ').trim();
    assert.equal(said, 'When there are images, the text has look, see, or watch, and the hour is 9-17 → group spare, at most 2,000 tokens');
    await picture('rules-form');
    assert.deepEqual(serious(await axe()), []);
    await at('rule-save').click();
    await at('rule-pictures').waitFor();
    assert.deepEqual(await turnout.admin('GET', '/rules/pictures'), {
      name: 'pictures',
      enabled: true,
      when: { has_images: true, keyword: ['look', 'see', 'watch'], hour: '9-17' },
      use: { group: 'spare', max_tokens: 2000 },
    });
    assert.match(page.url(), /#\/rules$/);
  },

  async 'a condition that says nothing is refused at its field, and a pattern that fits no model is warned of'({ page, at, open, turnout, picture }) {
    await open('#/rules?add=new');
    await at('rule-name').fill('tidy');
    await at('use-group').selectOption('spare');
    await at('fact-add').selectOption('model');
    assert.match(await at('rule-sentence').textContent(), /When the model is …/);
    await at('rule-save').click();
    await at('fact-wrong').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.closest('[data-testid]').dataset.testid), 'fact-model');
    await picture('rules-lacks');
    assert.equal((await order(turnout)).includes('tidy'), false);
    await at('fact-model').locator('input').fill('opus');
    await at('fact-fits-none').waitFor();
    await picture('rules-fits-none');
    await at('fact-fits-none').getByRole('button').click();
    assert.equal(await at('fact-model').locator('input').inputValue(), '*opus*');
    await at('fact-fits-none').waitFor({ state: 'detached' });
    await at('fact-model').locator('input').fill('no-such-model');
    await at('fact-fits-none').waitFor();
    await at('rule-save').click();
    await at('rule-tidy').waitFor();
    await turnout.admin('DELETE', '/rules/tidy');
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await at('rule-tidy').waitFor({ state: 'detached' });
  },

  async 'what the daemon finds wrong is told at its field, until that is changed'({ page, at, open, turnout, picture }) {
    await open('#/rules?add=new');
    await at('rule-name').fill('shaky');
    await at('use-group').selectOption('spare');
    await at('use-max-tokens').fill('many');
    await at('fact-add').selectOption('regex');
    await at('fact-regex').locator('input').fill('(');
    await at('rule-save').click();
    await at('fact-wrong').filter({ hasText: /^Is no regular expression/ }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.closest('[data-testid]').dataset.testid), 'fact-regex');
    assert.equal(await at('fact-regex').locator('input').getAttribute('aria-invalid'), 'true');
    assert.equal(await at('rule-error').count(), 0, 'nothing else is left to say');
    await picture('rules-wrong');
    assert.match(await at('rule-sentence').textContent(), /at most many tokens/);
    await at('fact-regex').locator('input').fill('(urgent)');
    await at('fact-wrong').waitFor({ state: 'detached' });
    assert.equal(await at('use-max-tokens').getAttribute('aria-invalid'), 'true', 'the other field is still wrong');
    await page.getByText(/^Must be a whole number/).waitFor();
    assert.equal((await order(turnout)).includes('shaky'), false);
    await page.keyboard.press('Escape');
    const sure = page.getByRole('button', { name: 'Discard' });
    if (await sure.count()) await sure.click();
    await at('rule-dialog').waitFor({ state: 'detached' });
  },

  async 'a mistake is told and nothing typed is lost'({ page, at, turnout }) {
    await at('rule-pictures').getByTestId('rule-menu').click();
    await at('rule-edit').click();
    await at('fact-hour').locator('input').fill('noon');
    await at('rule-save').click();
    await at('fact-wrong').filter({ hasText: 'hours of the day' }).waitFor();
    await at('fact-hour').locator('input').fill('12');
    await page.getByRole('button', { name: 'Remove Images' }).click();
    await at('rule-save').click();
    await at('rule-dialog').waitFor({ state: 'detached' });
    assert.deepEqual((await turnout.admin('GET', '/rules/pictures')).when, { keyword: ['look', 'see', 'watch'], hour: '12' });
  },

  async 'keys put a rule in another place, and it keeps the focus'({ page, at, turnout }) {
    await at('rule-pictures').locator('[data-grip]').focus();
    await page.keyboard.press('Alt+ArrowUp');
    await ordered(turnout, ['helpers', 'pictures', 'long ones']);
    await page.keyboard.press('Alt+ArrowUp');
    await ordered(turnout, ['pictures', 'helpers', 'long ones']);
    assert.equal(await page.evaluate(() => document.activeElement.dataset.grip), 'pictures');
  },

  async 'a rule is dragged to another place; Escape leaves it where it was'({ page, at, turnout }) {
    const grip = await at('rule-pictures').locator('[data-grip]').boundingBox();
    const last = await at('rule-long ones').boundingBox();
    await page.mouse.move(grip.x + 8, grip.y + 8);
    await page.mouse.down();
    await page.mouse.move(last.x + 40, last.y + last.height - 3, { steps: 5 });
    await page.keyboard.press('Escape');
    await page.mouse.up();
    assert.deepEqual(await order(turnout), ['pictures', 'helpers', 'long ones']);
    await page.mouse.move(grip.x + 8, grip.y + 8);
    await page.mouse.down();
    await page.mouse.move(last.x + 40, last.y + last.height - 3, { steps: 5 });
    await page.mouse.up();
    await ordered(turnout, ['helpers', 'long ones', 'pictures']);
  },

  async 'a rule that was put first elsewhere stays first, whatever is moved here'({ page, at, turnout }) {
    await page.reload();
    await at('rule-pictures').waitFor();
    await turnout.admin('POST', '/rules', { name: 'elsewhere', when: { model: 'elsewhere-*' }, use: { group: 'spare' } });
    await turnout.admin('PUT', '/rules', { order: ['elsewhere'] });
    await at('rule-pictures').locator('[data-grip]').focus();
    await page.keyboard.press('Alt+ArrowUp');
    await page.getByTestId('notice').filter({ hasText: 'changed elsewhere' }).waitFor();
    await at('rule-elsewhere').waitFor();
    assert.deepEqual(await order(turnout), ['elsewhere', 'helpers', 'long ones', 'pictures']);
    await turnout.admin('DELETE', '/rules/elsewhere');
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await at('rule-elsewhere').waitFor({ state: 'detached' });
  },

  async 'nothing sticks out of a narrow window'({ page, open }) {
    for (const width of [900, 640, 400]) {
      await page.setViewportSize({ width, height: 820 });
      for (const place of ['#/rules', '#/rules?rule=helpers']) {
        await open(place);
        await page.getByRole('heading', { level: 1 }).waitFor();
        const wide = await page.evaluate(() => [document.documentElement.scrollWidth - innerWidth, document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth]);
        assert.deepEqual(wide, [0, 0], `${place} at ${width}`);
      }
    }
    await page.setViewportSize({ width: 1280, height: 820 });
  },

  async 'in the dark and in Chinese'({ page, open, at, picture, axe }) {
    await page.evaluate(() => {
      localStorage.setItem('turnout.theme', 'dark');
      localStorage.setItem('turnout.language', 'zh-CN');
    });
    await page.reload();
    await open('#/rules');
    await at('explain-go').click();
    await at('candidates').waitFor();
    await picture('rules-zh-dark');
    assert.deepEqual(serious(await axe()), []);
    await open('#/rules?rule=helpers');
    await at('rule-dialog').waitFor();
    await picture('rules-zh-dark-form');
    assert.deepEqual(serious(await axe()), []);
    await page.evaluate(() => localStorage.clear());
    await page.keyboard.press('Escape');
    await page.reload();
  },

  async 'without any rule it says what a rule is for'({ page, at, open, picture }) {
    await open('#/rules');
    for (const name of ['helpers', 'long ones', 'pictures']) {
      await at(`rule-${name}`).getByTestId('rule-menu').click();
      await at('rule-remove').click();
      await at('confirm-go').click();
      await at(`rule-${name}`).waitFor({ state: 'detached' });
    }
    await page.getByText('No rules').waitFor();
    await picture('rules-none');
  },

  async 'an error is the daemon’s sentence, with a way to try again'({ page, at, picture }) {
    await page.route('**/api/v1/rules?*', (route) => route.fulfill({ status: 500, json: { error: { code: 'internal', message: 'the rules are on fire' } } }));
    await page.reload();
    await page.getByText('the rules are on fire').waitFor();
    await picture('rules-error');
    await page.unroute('**/api/v1/rules?*');
    await page.getByRole('button', { name: 'Try now' }).click();
    await at('rule-none').waitFor();
  },
};
