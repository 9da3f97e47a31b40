// Every page and what opens on it, with data: everybody can read it, nothing moves unasked, nothing scrolls sideways.
import assert from 'node:assert/strict';
import { pale } from '../contrast.mjs';
import { fits, moving, readable, refused } from '../looks.mjs';
import { places } from '../places.mjs';
import { busy } from '../traffic.mjs';

export const setting = busy.setting;

let all = [];
let end;

export default {
  async 'there is traffic of every kind'({ enter, turnout }) {
    end = await busy.traffic(turnout);
    all = places(await busy.failover(turnout));
    await enter('#/overview');
  },

  async 'axe finds nothing, and every text stands out, in both themes and languages'(tools) {
    await readable(tools, all);
  },

  async 'so it is where calls fail: the sentence of the daemon, and a way to try again'(tools) {
    // The others need nothing but what the frame of the window has.
    const asking = ['overview', 'history', 'usage', 'rules', 'clients', 'logs', 'settings routing', 'settings budgets', 'settings tokens', 'settings prices', 'settings audit', 'settings config'];
    await refused(tools, all.filter(({ name }) => asking.includes(name)));
  },

  async 'a text that is pale would be seen'({ page }) {
    await page.evaluate(() => {
      document.querySelector('main').insertAdjacentHTML('beforeend', '<p id="pale">pale</p>');
      Object.assign(document.getElementById('pale').style, { color: '#888', background: '#ddd' });
    });
    assert.deepEqual(await page.evaluate(pale), ['2.61 “pale” in p.']);
    await page.evaluate(() => document.getElementById('pale').remove());
  },

  async 'nothing moves where less motion is asked for, and something does where it is not'(tools) {
    assert.deepEqual(await moving(tools, all), []);
    await tools.page.emulateMedia({ reducedMotion: 'no-preference' });
    assert.notEqual((await moving(tools, all)).length, 0, 'what is counted can be seen at all');
    await tools.page.emulateMedia({ reducedMotion: 'reduce' });
  },

  async 'it fits small windows, and 200 % of a common one'(tools) {
    await fits(tools, all);
    await end();
  },
};
