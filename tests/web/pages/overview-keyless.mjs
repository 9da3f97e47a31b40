// The overview where the active group has no key: it is told, and requests go to the next group that can serve.
import assert from 'node:assert/strict';

export const setting = {
  more: `
[[providers]]
name = "station"
dialect = "anthropic"
base_url = "http://127.0.0.1:9"
keys = ["env:NOBODY_SET_THIS"]
[[groups]]
name = "st"
members = [{ provider = "station", priority = 1 }]
`,
};

export default {
  async 'a group without a key is told and left'({ page, at, enter, turnout, picture }) {
    await turnout.admin('POST', '/groups/st/activate');
    await enter('#/overview');
    await page.locator('[data-testid=status-line][data-state=degraded]').waitFor();
    assert.equal((await at('active-group').innerText()).trim(), 'st');
    assert.equal((await at('left-group').innerText()).trim(), 'in group main');
    await at('member-st-station').filter({ hasText: 'No key' }).waitFor();
    assert.equal(await page.locator('[data-testid^=group-][data-state]').first().getAttribute('data-testid'), 'group-st');
    await picture('overview-keyless');
  },
};
