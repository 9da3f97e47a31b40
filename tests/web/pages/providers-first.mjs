// The first provider of one's own: from nothing but practice to an active group, without a keychain.
import assert from 'node:assert/strict';

export const setting = { fresh: true, env: { MY_KEY: 'sk-of-the-first-provider-90ab' } };

export default {
  async 'the practice provider is told as what it is, and has no keys'({ page, at, enter, turnout }) {
    await enter('#/providers', turnout.ui);
    await at('provider-practice').getByText('Built in, for practice').waitFor();
    await page.goto(`${turnout.base}/ui/#/providers?provider=practice`);
    await at('provider-tab').waitFor();
    assert.equal(await at('provider-tab').getByText('Keys').count(), 0);
    await page.keyboard.press('Escape');
    await at('provider-dialog').waitFor({ state: 'detached' });
  },

  async 'what cannot be saved is told at its field, before it is tried'({ page, at, open, turnout, picture }) {
    await open('#/providers?add=custom');
    await page.locator('[data-testid=key-way][data-value=env]').waitFor();
    await at('key-input').fill('MY_KEY');
    await at('base-url').fill('not an address');
    await page.getByText('This is no address.').waitFor();
    await at('provider-name').fill('My flaky one');
    await page.getByText('It is a part of addresses').waitFor();
    await picture('providers-told-at-the-field');
    assert.equal(await at('add-next').isEnabled(), false);
    await at('base-url').fill(new URL(turnout.practice.first).host);
    await at('provider-name').fill('mine');
    assert.equal(await at('base-url').inputValue(), turnout.practice.first.replace(/\/$/, ''), 'it was given its scheme');
    assert.equal(await at('add-next').isEnabled(), true);
    await at('base-url').fill('relay.example');
    await at('provider-name').focus();
    assert.equal(await at('base-url').inputValue(), 'https://relay.example');
  },

  async 'without a keychain this is told before a key is pasted, and a variable will do'({ page, at, turnout, picture }) {
    await at('base-url').fill(turnout.practice.first);
    assert.equal(await at('key-way').getAttribute('data-value'), 'env');
    await at('key-way').getByText('Paste it').click();
    await page.getByText('There is no keychain on this computer').waitFor();
    await at('key-input').fill('sk-pasted-1234');
    assert.equal(await at('add-next').isEnabled(), false);
    await picture('providers-no-keychain');
    await at('key-way').getByText('Environment variable').click();
    await at('key-input').fill('MY_KEY');
    await at('add-next').click();
    await page.locator('[data-testid=trial][data-ok=true]').waitFor();
  },

  async 'the first one gets a group of its own, which serves at once'({ page, at }) {
    assert.equal(await at('add-group-name').inputValue(), 'main');
    assert.equal(await at('add-activate').isChecked(), true);
    await at('add-save').click();
    await at('add-dialog').waitFor({ state: 'detached' });
    await at('provider-mine').waitFor();
    const status = await page.evaluate(async () => (await fetch('/api/v1/status')).json());
    assert.equal(status.active_group, 'main');
    const { keys } = await page.evaluate(async () => (await fetch('/api/v1/providers/mine')).json());
    assert.equal(keys, 1);
  },
};
