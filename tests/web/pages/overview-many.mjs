// The overview of one who has many: twelve groups of eight providers, some of them for practice.
import assert from 'node:assert/strict';

const names = Array.from({ length: 8 }, (_, index) => `provider-with-a-long-name-${index}`);
const groups = Array.from({ length: 12 }, (_, index) => `group-${String(index).padStart(2, '0')}`);
const providers = names.map((name) => `[[providers]]\nname = "${name}"\ndialect = "practice"\n`);
const members = names.map((provider, index) => `{ provider = "${provider}", priority = ${index + 1} }`).join(', ');

export const setting = { more: providers.join('') + groups.map((name) => `[[groups]]\nname = "${name}"\nmembers = [${members}]\n`).join('') };

export default {
  async 'the active group is open and the others take a line each'({ at, enter, picture }) {
    await enter('#/overview');
    await at('group-main').waitFor();
    assert.equal(await at('group-main-fold').count(), 0);
    assert.equal(await at('group-group-11').count(), 0);
    await picture('overview-many');
    await at('groups-all').click();
    for (const name of groups) assert.equal(await at(`group-${name}-fold`).getAttribute('aria-expanded'), 'false');
    const tall = await at('group-group-11').evaluate((card) => card.getBoundingClientRect().height);
    assert.ok(tall < 50, `${tall} px`);
    await at('groups-all').click();
  },

  async 'a group is found by its name or a provider'({ page, at }) {
    await page.keyboard.press('/');
    await page.keyboard.type('group-07');
    await at('group-group-08').waitFor({ state: 'detached' });
    assert.equal(await at('group-group-07').count(), 1);
    await at('groups-search').fill('second');
    await at('group-spare').waitFor();
    assert.equal(await at('group-group-07').count(), 0);
    await at('groups-search').fill('nobody');
    await page.getByText('No group by that name.').waitFor();
    await at('groups-search').fill('');
  },

  async 'practice can fail on purpose beside real providers'({ page, at, turnout, picture }) {
    await at('group-group-03-activate').click();
    await page.locator('[data-testid="group-group-03"][data-state="active"]').waitFor();
    await at('member-group-03-provider-with-a-long-name-0').getByTestId('practice-outage').click();
    await page.locator('[data-testid="practice-outage"][aria-checked="true"]').first().waitFor();
    assert.equal((await turnout.admin('GET', '/status')).practice_outage, true);
    const { status, id } = await turnout.ask('go on without it');
    const { provider, attempts } = await turnout.admin('GET', `/requests/${id}`);
    assert.deepEqual([status, provider, attempts[0].provider], [200, 'provider-with-a-long-name-1', 'provider-with-a-long-name-0']);
    await picture('overview-many-open');
    await at('practice-outage').first().click();
    await page.locator('[data-testid="practice-outage"][aria-checked="false"]').first().waitFor();
  },

  async 'nothing sticks out, and axe finds nothing grave'({ page, axe }) {
    assert.deepEqual((await axe()).filter((line) => /serious|critical/.test(line)), []);
    for (const width of [1280, 900, 640]) {
      await page.setViewportSize({ width, height: 820 });
      const over = await page.evaluate(() => document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth);
      assert.equal(over, 0, `${width} px`);
    }
  },
};
