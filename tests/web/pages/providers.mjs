// Providers: the list, one provider with its keys and settings, a new one in three steps, groups side by side.
import assert from 'node:assert/strict';

/** A passphrase gives it a keychain of its own, so that keys can be pasted. */
export const setting = { env: { TURNOUT_PASSPHRASE: 'of-the-page-tests', SPARE_KEY: 'sk-of-the-environment-51bd', OPENROUTER_API_KEY: 'sk-or-of-the-page-tests-77aa', NOBODYS_PORT: '9' } };

const sevenths = (page, width) => page.setViewportSize({ width, height: 820 });
const serious = (lines) => lines.filter((line) => /serious|critical/.test(line));
const names = async (list) => list.evaluateAll((cards) => cards.map((card) => card.dataset.testid.replace('card-', '')));

async function sideways(page) {
  return page.evaluate(() => {
    const main = document.querySelector('main');
    return [document.documentElement.scrollWidth - innerWidth, main.scrollWidth - main.clientWidth];
  });
}

/** Takes a card by its grip to the middle of a place. */
async function drag(page, card, to) {
  const from = await card.locator('[data-grip]').boundingBox();
  const goal = await to.boundingBox();
  await page.mouse.move(from.x + 8, from.y + 8);
  await page.mouse.down();
  await page.mouse.move(goal.x + goal.width / 2, goal.y + goal.height - 4, { steps: 6 });
  await page.mouse.up();
}

export default {
  async 'the list tells of each provider how it is'({ page, at, enter, turnout, picture, axe }) {
    await enter('#/providers');
    await turnout.ask('hello');
    await page.locator('[data-testid=provider-first][data-health=healthy]').waitFor();
    await at('provider-second').getByText('Not used since the start').waitFor();
    await picture('providers');
    assert.deepEqual(serious(await axe()), []);
  },

  async 'a test from the list tells how long it took'({ at }) {
    await at('provider-second').getByTestId('provider-test').click();
    await at('provider-second').locator('[data-testid=trial][data-ok=true]').waitFor();
  },

  async 'a switch takes a provider out of use and back'({ page, at, turnout }) {
    await at('provider-second').getByTestId('provider-switch').click();
    await page.locator('[data-testid=provider-second][data-enabled=false]').waitFor();
    assert.equal((await turnout.admin('GET', '/providers/second')).enabled, false);
    await at('provider-second').getByTestId('provider-switch').click();
    await page.locator('[data-testid=provider-second][data-enabled=true]').waitFor();
  },

  async 'a search narrows the list and says when nothing fits'({ page, at }) {
    await page.keyboard.press('Escape');
    await at('provider-search').fill('sec');
    await at('provider-first').waitFor({ state: 'detached' });
    await at('provider-search').fill('nobody');
    await page.getByText('Nothing matches').waitFor();
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await at('provider-first').waitFor();
  },

  async 'the address opens a provider, and what is changed there is saved'({ page, at, open, turnout, picture, axe }) {
    await open('#/providers?provider=first&tab=settings');
    await at('models-big').getByRole('combobox').or(at('models-big').getByRole('textbox')).fill('glm-4.6,glm-4.5,');
    await at('advanced').click();
    await at('limit-rpm').fill('90');
    await at('timeout-first_event').fill('20s');
    await picture('providers-settings');
    assert.deepEqual(serious(await axe()), []);
    await at('settings-test').click();
    await page.locator('[data-testid=trial][data-ok=true]').waitFor();
    assert.equal((await turnout.admin('GET', '/providers/first')).limits.rpm, null, 'a test changes nothing');
    await at('settings-save').click();
    await at('provider-dialog').waitFor({ state: 'detached' });
    const { limits, models } = await turnout.admin('GET', '/providers/first');
    assert.deepEqual([limits.rpm, models.big], [90, ['glm-4.6', 'glm-4.5']]);
    assert.match((await turnout.admin('GET', '/config')).toml, /first_event = "20s"/);
  },

  async 'a mistake in the settings is told in the daemon’s words, and nothing is lost'({ page, at, open }) {
    await open('#/providers');
    await open('#/providers?provider=first&tab=settings');
    await at('advanced').click();
    await at('timeout-idle').fill('soon');
    await at('settings-save').click();
    await page.getByTestId('trial').filter({ hasText: 'idle' }).waitFor();
    assert.equal(await at('timeout-idle').inputValue(), 'soon');
    await page.keyboard.press('Escape');
    await at('provider-dialog').waitFor({ state: 'detached' });
  },

  async 'a key goes in, is tested, replaced and taken out'({ page, at, open, turnout, picture, axe }) {
    await open('#/providers?provider=first&tab=keys');
    await at('key-input').fill('sk-another-key-of-the-page-1234');
    await at('key-save').click();
    const row = page.locator('[data-testid=key-row][data-id="first/1"]');
    await row.getByText('…1234').waitFor();
    await row.getByTestId('key-test').click();
    await row.locator('[data-testid=trial][data-ok=true]').waitFor();
    await row.getByTestId('key-rotate').click();
    await row.getByTestId('rotate-input').fill('sk-another-key-of-the-page-9876');
    await row.getByTestId('rotate-save').click();
    await row.getByText('…9876').waitFor();
    await picture('providers-keys');
    assert.deepEqual(serious(await axe()), []);
    assert.equal((await page.content()).includes('sk-another'), false);
    await turnout.admin('POST', '/providers/first/keys', { value: 'sk-a-key-from-elsewhere-5555' });
    await turnout.admin('DELETE', '/providers/first/keys/1');
    await row.getByTestId('key-remove').click();
    await row.getByTestId('key-remove-go').click();
    await at('key-result').filter({ hasText: 'changed elsewhere' }).waitFor();
    await row.getByText('…5555').waitFor();
    assert.equal((await turnout.admin('GET', '/keys')).items.filter((key) => key.provider === 'first').length, 2, 'another key in its place is left alone');
    await row.getByTestId('key-remove').click();
    await row.getByTestId('key-remove-go').click();
    await row.waitFor({ state: 'detached' });
    assert.equal((await turnout.admin('GET', '/keys')).items.filter((key) => key.provider === 'first').length, 1);
  },

  async 'a key can stay where it is: in the environment'({ page, at, turnout }) {
    await at('key-way').getByText('Environment variable').click();
    await at('key-input').fill('SPARE_KEY');
    await at('key-save').click();
    await page.locator('[data-testid=key-row][data-id="first/1"]').getByText('…51bd').waitFor();
    const { items } = await turnout.admin('GET', '/keys');
    assert.deepEqual(items.filter((key) => key.provider === 'first').map((key) => key.source), ['env:PAGE_KEY', 'env:SPARE_KEY']);
    await page.keyboard.press('Escape');
  },

  async 'the overview has the keys too, and only the end of one comes back'({ page, at, open, turnout }) {
    const held = async () => (await turnout.admin('GET', '/keys')).items.filter((key) => key.provider === 'second').length;
    const before = await held();
    await open('#/overview');
    await at('keys-second').first().click();
    await at('keys-dialog').getByTestId('key-row').waitFor();
    await at('key-input').fill('sk-of-the-overview-0123456789');
    await at('key-save').click();
    await at('key-row').filter({ hasText: '…6789' }).waitFor();
    assert.equal(await held(), before + 1);
    assert.equal((await page.content()).includes('sk-of-the-overview'), false);
    await page.keyboard.press('Escape');
    await at('keys-dialog').waitFor({ state: 'detached' });
    await turnout.admin('DELETE', `/providers/second/keys/${before}`);
  },

  async 'a known provider is added in three steps, after a live test'({ page, at, open, turnout, picture, axe }) {
    await open('#/providers');
    await at('provider-add').click();
    await at('preset-search').fill('deepseek');
    await picture('providers-add-1');
    assert.deepEqual(serious(await axe()), []);
    await page.keyboard.press('Enter');
    await at('base-url').fill(turnout.practice.second);
    await at('key-input').fill('sk-of-a-new-provider-4321');
    await picture('providers-add-2');
    assert.deepEqual(serious(await axe()), []);
    await at('models-ask').click();
    await at('models-told').filter({ hasText: /to choose from/ }).waitFor();
    await at('add-next').click();
    await page.locator('[data-testid=trial][data-ok=true]').waitFor();
    await at('abilities').filter({ hasText: /lists \d+ model/ }).waitFor();
    await picture('providers-add-3');
    assert.deepEqual(serious(await axe()), []);
    await at('add-group').selectOption('main');
    await at('add-save').click();
    await at('add-dialog').waitFor({ state: 'detached' });
    await at('provider-deepseek').waitFor();
    assert.deepEqual((await turnout.admin('GET', '/providers/deepseek')).groups, ['main']);
    const { members } = await turnout.admin('GET', '/groups/main');
    assert.deepEqual(members.map((one) => [one.provider, one.priority]), [['first', 1], ['deepseek', 2]]);
  },

  async 'what is found on this computer stands first, with its key where it is'({ page, at, open }) {
    await open('#/providers');
    await open('#/providers?add=new');
    await at('found-env:OPENROUTER_API_KEY').getByText('…\u206077aa').waitFor();
    await at('found-env:OPENROUTER_API_KEY').click();
    assert.equal(await at('key-input').inputValue(), 'OPENROUTER_API_KEY');
    assert.equal(await at('key-way').getAttribute('data-value'), 'env');
    await page.keyboard.press('Escape');
    await at('add-dialog').waitFor({ state: 'detached' });
  },

  async 'a test that fails says why, and one can go back and on'({ page, at, open, turnout }) {
    await open('#/providers?add=custom');
    await at('provider-name').fill('nobody');
    await at('base-url').fill('http://127.0.0.1:9');
    await at('key-input').fill('sk-of-nobody-0000');
    await at('add-next').click();
    await page.locator('[data-testid=trial][data-ok=false]').filter({ hasText: /^\s*No connection to http\S+: connection refused\s*$/ }).waitFor();
    await page.getByText('You can go back').waitFor();
    await at('add-back').click();
    await turnout.fail('first', '401');
    await at('base-url').fill(turnout.practice.first);
    await at('add-next').click();
    await page.locator('[data-testid=trial][data-ok=false]').filter({ hasText: /^\s*HTTP 401: [^.;()]+\. If its key is wrong, give it another one\./ }).waitFor();
    await turnout.fail('first', 'text');
    await at('test-again').click();
    await page.locator('[data-testid=trial][data-ok=true]').waitFor();
    await at('add-group').selectOption('');
    await at('add-save').click();
    await at('add-dialog').waitFor({ state: 'detached' });
    await at('provider-nobody').waitFor();
    assert.deepEqual((await turnout.admin('GET', '/providers/nobody')).groups, []);
  },

  async 'an address with a variable stays as it is written, and all else is changed beside it'({ page, at, open, turnout }) {
    const written = 'http://127.0.0.1:${NOBODYS_PORT}';
    await turnout.admin('PUT', '/providers/nobody', { base_url: written });
    await open('#/providers?provider=nobody&tab=settings');
    await at('base-url').focus();
    await at('advanced').click();
    await at('limit-rpm').fill('7');
    assert.equal(await at('base-url').inputValue(), written);
    await at('settings-save').click();
    await at('provider-dialog').waitFor({ state: 'detached' });
    const { base_url, limits } = await turnout.admin('GET', '/providers/nobody');
    assert.deepEqual([base_url, limits.rpm], ['http://127.0.0.1:9', 7]);
    assert.ok((await turnout.admin('GET', '/config')).toml.includes(written));
  },

  async 'a provider is dragged to another place and to another group'({ page, at, open, turnout, picture, axe }) {
    await open('#/providers?view=groups');
    await at('column-main').getByTestId('card-deepseek').waitFor();
    await picture('providers-groups');
    assert.deepEqual(serious(await axe()), []);
    await drag(page, at('column-main').getByTestId('card-first'), at('column-main').getByTestId('card-deepseek'));
    await page.waitForFunction(() => document.querySelector('[data-testid=members-main] li').dataset.testid === 'card-deepseek');
    await turnout.until('/groups/main', ({ members }) => members.find((m) => m.priority === 1).provider === 'deepseek');
    await drag(page, at('column-main').getByTestId('card-deepseek'), at('column-spare').getByTestId('card-second'));
    await at('column-spare').getByTestId('card-deepseek').waitFor();
    await turnout.until('/groups/main', ({ members }) => members.length === 1);
    await turnout.until('/providers/deepseek', ({ groups }) => groups.join() === 'spare');
  },

  async 'keys move it too, and the focus stays with it'({ page, at, turnout }) {
    const grip = at('column-spare').getByTestId('card-deepseek').locator('[data-grip]');
    await grip.focus();
    await page.keyboard.press('Alt+ArrowUp');
    await at('board-said').filter({ hasText: 'number 1 in spare' }).waitFor({ state: 'attached' });
    assert.deepEqual(await names(at('members-spare').getByRole('listitem')), ['deepseek', 'second']);
    await page.keyboard.press('Alt+ArrowLeft');
    await at('column-main').getByTestId('card-deepseek').waitFor();
    await page.waitForFunction(() => document.activeElement?.dataset.grip === 'main deepseek');
    await turnout.until('/groups/spare', ({ members }) => members.length === 1);
    await turnout.until('/groups/main', ({ members }) => members.length === 2);
    const { members } = await turnout.admin('GET', '/groups/main');
    assert.deepEqual(members.map((one) => one.provider).sort(), ['deepseek', 'first']);
  },

  async 'policy and weight are set on the board'({ page, at, turnout }) {
    await at('column-main').getByTestId('group-policy').selectOption('weighted');
    const weight = at('column-main').getByTestId('card-first').getByTestId('member-weight');
    await weight.fill('3');
    await weight.press('Enter');
    await turnout.until('/groups/main', ({ members }) => members.find((m) => m.provider === 'first').weight === 3);
    assert.equal((await turnout.admin('GET', '/groups/main')).policy, 'weighted');
  },

  async 'groups are added, named, activated and removed'({ page, at, turnout }) {
    await at('group-add').click();
    const ticked = at('group-dialog').locator('input[type=checkbox]:checked');
    assert.deepEqual(await ticked.evaluateAll((all) => all.map((one) => one.value)), ['first']);
    await at('group-name').fill('night');
    await at('group-save').click();
    await at('column-night').waitFor();
    await at('column-night').getByTestId('group-activate').click();
    await page.locator('[data-testid=column-night][data-state=active]').waitFor();
    await at('column-night').getByTestId('group-menu').click();
    await at('group-edit').click();
    await at('group-name').fill('late');
    await at('group-save').click();
    await at('column-late').waitFor();
    assert.equal((await turnout.admin('GET', '/status')).active_group, 'late', 'the chosen group stays chosen under its new name');
    await at('column-main').getByTestId('group-activate').click();
    await page.locator('[data-testid=column-main][data-state=active]').waitFor();
    await at('column-late').getByTestId('group-menu').click();
    await at('group-remove').click();
    await at('confirm-go').click();
    await at('column-late').waitFor({ state: 'detached' });
  },

  async 'the last one of a group takes it along only when asked'({ page, at }) {
    await at('column-spare').getByTestId('card-second').getByTestId('member-menu').click();
    await at('member-out').click();
    await page.getByText('a group cannot be empty').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await at('column-spare').getByTestId('card-second').waitFor();
  },

  async 'removing a provider says which groups it leaves'({ page, at, open, turnout }) {
    await open('#/providers');
    await at('provider-deepseek').getByTestId('provider-menu').click();
    await at('provider-remove').click();
    await page.getByText('It is taken out of main.').waitFor();
    await turnout.admin('POST', '/rules', { name: 'cheap', when: { background: true }, use: { provider: 'deepseek' } });
    await at('confirm-go').click();
    await page.getByTestId('notice').filter({ hasText: 'deepseek was not removed' }).waitFor();
    assert.equal((await turnout.admin('GET', '/groups/main')).members.length, 2, 'what cannot go keeps its places in groups');
    await turnout.admin('DELETE', '/rules/cheap');
    await at('provider-deepseek').getByTestId('provider-menu').click();
    await at('provider-remove').click();
    await at('confirm-go').click();
    await at('provider-deepseek').waitFor({ state: 'detached' });
    assert.deepEqual((await turnout.admin('GET', '/groups/main')).members.map((one) => one.provider), ['first']);
  },

  async 'nothing sticks out of a narrow window'({ page, open }) {
    for (const [width, place] of [[900, '#/providers'], [900, '#/providers?view=groups'], [640, '#/providers'], [640, '#/providers?view=groups'], [400, '#/providers?provider=first&tab=settings']]) {
      await sevenths(page, width);
      await open(place);
      assert.deepEqual(await sideways(page), [0, 0], `${place} at ${width}`);
    }
    await sevenths(page, 1280);
  },

  async 'only the content of a dialog scrolls, not the dialog as well'({ page, open, at }) {
    await page.setViewportSize({ width: 1280, height: 520 });
    for (const place of ['#/providers?add=new', '#/providers?provider=first&tab=settings']) {
      await open('#/providers');
      await open(place);
      await at('preset-openai').or(at('settings-save')).waitFor();
      const [dialog, body] = await page.locator('dialog').evaluate((it) => [it, it.querySelector('.body')].map((one) => one.scrollHeight - one.clientHeight));
      assert.equal(dialog, 0, place);
      assert.ok(body > 0, `${place} is long enough to scroll`);
    }
    await page.keyboard.press('Escape');
    await at('provider-dialog').waitFor({ state: 'detached' });
    await sevenths(page, 1280);
  },

  async 'what the daemon refuses is told, with a way to try again'({ page, open, at }) {
    await page.route('**/api/v1/presets*', (route) => route.fulfill({ status: 500, json: { error: { code: 'internal', message: 'the list of presets is gone' } } }));
    await open('#/providers?add=new');
    await page.getByText('the list of presets is gone').waitFor();
    await page.unroute('**/api/v1/presets*');
    await page.getByRole('button', { name: 'Try now' }).click();
    await at('preset-openai').waitFor();
    await page.keyboard.press('Escape');
  },

  async 'in the dark and in Chinese'({ page, open, at, picture, axe }) {
    await page.evaluate(() => {
      localStorage.setItem('turnout.theme', 'dark');
      localStorage.setItem('turnout.language', 'zh-CN');
    });
    await page.reload();
    for (const [name, place] of [['list', '#/providers'], ['groups', '#/providers?view=groups'], ['state', '#/providers?provider=first'], ['settings', '#/providers?provider=first&tab=settings'], ['add', '#/providers?add=new']]) {
      await open(place);
      await page.getByRole('heading', { level: 1 }).waitFor();
      if (name === 'settings') await at('advanced').click();
      await picture(`providers-zh-dark-${name}`);
      assert.deepEqual(serious(await axe()), []);
    }
  },
};
