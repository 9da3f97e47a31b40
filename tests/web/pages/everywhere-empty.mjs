// Every page of a fresh start, without data: everybody can read it, nothing moves unasked, nothing scrolls sideways.
import assert from 'node:assert/strict';
import { fits, moving, readable } from '../looks.mjs';
import { places } from '../places.mjs';

export const setting = { fresh: true };

const all = places();
const options = { empty: true };

export default {
  async 'axe finds nothing, and every text stands out, in both themes and languages'(tools) {
    await tools.enter('#/overview', tools.turnout.ui);
    await readable(tools, all, options);
  },

  async 'nothing moves where less motion is asked for'(tools) {
    assert.deepEqual(await moving(tools, all, options), []);
  },

  async 'it fits small windows, and 200 % of a common one'(tools) {
    await fits(tools, all, options);
  },
};
