// The window without a mouse: every page and what opens on it is walked through by Tab alone, what opens closes by Escape
// and gives the focus back, and nothing that is removed takes the focus with it.
import assert from 'node:assert/strict';
import { places, visit } from '../places.mjs';
import { busy } from '../traffic.mjs';

export const setting = { ...busy.setting, env: { TURNOUT_PASSPHRASE: 'of-the-page-tests' } };

/** More stops than any place has. */
const MOST = 260;
let all = [];

/** Runs in the page: what has the focus, whether one sees that and it, and all that Tab should come to. */
function stop() {
  const name = (it) => it.dataset.testid ?? it.dataset.grip ?? it.getAttribute('aria-label') ?? it.name ?? (it.textContent.trim().slice(0, 24) || it.localName);
  const scope = document.querySelector('dialog[open]') ?? document;
  const element = document.activeElement;
  if (element === document.body || !scope.contains(element)) return null;
  globalThis.stops ??= new Map();
  if (!globalThis.stops.has(element)) globalThis.stops.set(element, globalThis.stops.size);
  const ringed = (it) => {
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(it);
    return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 1 && !/(, 0\)|transparent)$/.test(outlineColor);
  };
  // A radio button lies within its label, a field of tags within its frame.
  const frames = [element, element.closest('label'), element.parentElement, element.parentElement?.parentElement].filter(Boolean);
  const box = (element.matches('.unseen') ? element.closest('label') : element).getBoundingClientRect();
  const [x, y] = [box.x + box.width / 2, box.y + Math.min(box.height, innerHeight) / 2];
  const top = document.elementFromPoint(x, y);
  const within = box.width > 0 && x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
  const covered = top && !element.contains(top) && !top.contains(element) && !element.labels?.[0]?.contains(top) && !top.closest('[data-testid=notice]');
  return { number: globalThis.stops.get(element), name: name(element), ringed: frames.some(ringed), within, covered: covered ? name(top) : null };
}

/** Runs in the page: what can be worked but was not come to, and what is clicked but cannot be come to. */
function missed() {
  const scope = document.querySelector('dialog[open]') ?? document;
  const come = [...(globalThis.stops?.keys() ?? [])];
  const name = (it) => it.dataset.testid ?? it.getAttribute('aria-label') ?? `${it.localName}.${it.className} “${it.textContent.trim().slice(0, 24)}”`;
  const workable = [...scope.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')].filter(
    (it) => it.tabIndex === 0 && it.checkVisibility({ visibilityProperty: true }) && !it.matches(':disabled') && !it.closest('[inert], [popover]:not(:popover-open)'),
  );
  const group = (it) => (it.type === 'radio' ? come.some((one) => one.type === 'radio' && one.name === it.name) : false);
  const left = workable.filter((it) => !come.includes(it) && !group(it)).map((it) => `Tab never came to ${name(it)}`);
  // The list of requests and of lines has keys of its own, a chart has its table.
  const known = 'a, button, input, select, textarea, label, summary, [tabindex]:not(main), [role=option], [role=row], [data-testid=usage-chart], .tags';
  const clicked = [...scope.querySelectorAll('*')].filter((it) => it.checkVisibility() && getComputedStyle(it).cursor === 'pointer' && !it.closest(known) && !it.querySelector(known));
  return [...left, ...clicked.map((it) => `only a mouse works ${name(it)}`)];
}

async function walk(page) {
  const wrong = new Set();
  await page.evaluate(() => {
    globalThis.stops = new Map();
    if (!document.querySelector('dialog[open]')) document.activeElement?.blur();
  });
  let seen = 0;
  let around = 0;
  for (let step = 0; step < MOST && around < 3; step += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(stop);
    // Beyond the last stop is the browser's own frame; it comes around from there.
    if (!at || at.number < seen) {
      around += 1;
      continue;
    }
    if (at.number === seen) seen += 1;
    if (!at.ringed) wrong.add(`one does not see that ${at.name} has the focus`);
    if (!at.within) wrong.add(`${at.name} has the focus out of sight`);
    if (at.covered) wrong.add(`${at.name} has the focus behind ${at.covered}`);
  }
  if (around < 3) wrong.add(`Tab never comes around: it is kept by ${(await page.evaluate(stop))?.name}`);
  return [...wrong, ...(await page.evaluate(missed))];
}

/** Calls of the page that have no answer yet. */
const asked = new Set();

function follow(page) {
  page.on('request', (request) => /\/api\/v1\/(?!stream)/.test(request.url()) && asked.add(request));
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, (request) => asked.delete(request));
}

/** Waits until all that the page asked for has come and is drawn. */
async function answered(page) {
  do await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  while (asked.size > 0);
}

export default {
  async 'there is traffic of every kind'({ enter, page, turnout }) {
    follow(page);
    const end = await busy.traffic(turnout);
    await end();
    all = places(await busy.failover(turnout));
    await enter('#/overview');
  },

  async 'Tab comes to all of every page, in sight, and around'({ page }) {
    const wrong = [];
    for (const place of all) {
      try {
        await visit(page, place);
        // A button that loads is at rest until its answer is there.
        await answered(page);
        wrong.push(...(await walk(page)).map((line) => `${place.name}: ${line}`));
      } catch (error) {
        wrong.push(`${place.name}: ${String(error.message).split('\n')[0]}`);
      }
    }
    assert.deepEqual(wrong, []);
  },

  async 'what Tab misses would be seen'({ page }) {
    await visit(page, all[0]);
    await page.evaluate(() => {
      const main = document.querySelector('main');
      main.insertAdjacentHTML('afterbegin', '<div class="wrong"><div><button data-testid="ringless">x</button></div><p class="mouse">x</p></div>');
      main.querySelector('.wrong button').style.outline = 'none';
      main.querySelector('.mouse').style.cursor = 'pointer';
    });
    const found = await walk(page);
    await page.evaluate(() => document.querySelector('.wrong').remove());
    assert.deepEqual(found, ['one does not see that ringless has the focus', 'only a mouse works p.mouse “x”']);
  },

  async 'lists, switches and choices have the keys that they have anywhere'({ page, at, turnout }) {
    const mode = async () => (await turnout.admin('GET', '/status')).mode;
    await visit(page, find('overview'));
    await at('mode-toggle').focus();
    for (const wanted of ['manual', 'auto']) {
      await page.keyboard.press('Space');
      await page.locator(`[data-testid=mode-toggle][data-value=${wanted}]`).waitFor();
      assert.equal(await mode(), wanted);
    }
    await visit(page, find('providers'));
    await at('provider-view').locator('input:checked').focus();
    await page.keyboard.press('ArrowRight');
    await at('column-main').waitFor();
    assert.match(page.url(), /view=groups/);
    await visit(page, find('history'));
    await at('history-list').focus();
    for (const key of ['Home', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
    await at('history-detail').waitFor();
    const second = await at('history-row').nth(1).getAttribute('data-id');
    assert.equal(await at('history-detail').getAttribute('data-id'), second);
    await at('older').focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction((id) => document.querySelector('[data-testid=history-detail]').dataset.id !== id, second);
    await page.waitForFunction(() => document.activeElement.dataset.testid === 'older');
    await page.keyboard.press('Escape');
    await at('history-detail').waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.activeElement.dataset.testid === 'history-list');
    await visit(page, find('logs'));
    await at('log-list').focus();
    for (const key of ['Home', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
    await at('log-detail').waitFor();
    await page.keyboard.press('Escape');
    await at('log-detail').waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.activeElement.dataset.testid === 'log-list');
    await visit(page, find('usage table'));
    await at('usage-sort-name').focus();
    await page.keyboard.press('Enter');
    await page.locator('th[aria-sort]:not([aria-sort=none]) [data-testid=usage-sort-name]').waitFor();
  },

  async 'what opens takes the focus, Escape closes it, and the focus is where it was'({ page, at, turnout }) {
    await turnout.ask('without a price', { model: 'of-no-list' });
    const wrong = [];
    for (const [place, opener, opened] of OPENERS) {
      const name = `${place}: ${opener}`;
      try {
        await visit(page, all.find((one) => one.name === place));
        const button = at(opener).first();
        await button.focus();
        await page.keyboard.press('Enter');
        const layer = page.locator(opened ?? 'dialog[open]').first();
        await layer.waitFor();
        await page.waitForFunction(() => document.activeElement?.closest('dialog[open], :popover-open'), null, { timeout: 3000 });
        await page.keyboard.press('Escape');
        await layer.waitFor({ state: 'hidden' });
        await page.waitForFunction((id) => document.activeElement?.dataset.testid === id, opener, { timeout: 3000 });
      } catch (error) {
        wrong.push(`${name}: ${String(error.message).split('\n')[0]}; the focus is at ${await focused(page)}`);
        await page.reload();
        await at('app-ready').waitFor();
      }
    }
    assert.deepEqual(wrong, []);
  },

  async 'Back closes what an address opened, and gives the focus back too'({ page, at }) {
    await visit(page, all.find((one) => one.name === 'rules'));
    await at('rule-add').focus();
    await page.keyboard.press('Enter');
    await at('rule-dialog').waitFor();
    await page.goBack();
    await at('rule-dialog').waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.activeElement?.dataset.testid === 'rule-add');
  },

  async 'what is removed or gives way leaves the focus close by'({ page, at, turnout, open, picture }) {
    const wrong = [];
    for (const [name, steps] of Object.entries(REMOVALS)) {
      try {
        const [gone, near] = await steps({ page, at, turnout, open });
        await gone.first().waitFor({ state: 'detached' });
        await page.waitForFunction((near) => document.activeElement?.closest(near) && document.activeElement !== document.body, near, { timeout: 3000 });
      } catch (error) {
        await picture(`keys-removal-${wrong.length}`);
        wrong.push(`${name}: ${String(error.message).split('\n')[0]}; the focus is at ${await focused(page)}`);
      }
      await page.keyboard.press('Escape');
    }
    assert.deepEqual(wrong, []);
  },
};

const focused = (page) =>
  page.evaluate(() => {
    const { localName, dataset, textContent } = document.activeElement;
    return dataset.testid ?? `${localName} ${textContent.trim().slice(0, 20)}`;
  });

/** Place, what opens, and what it opens where that is no dialog. */
const OPENERS = [
  ['overview', 'palette-open'],
  ['overview', 'keys-first'],
  ['history', 'columns'],
  ['history', 'export'],
  ['usage', 'usage-import'],
  ['usage', 'usage-prices'],
  ['providers', 'provider-add'],
  ['providers', 'provider-menu', ':popover-open'],
  ['groups', 'group-add'],
  ['groups', 'group-menu', ':popover-open'],
  ['groups', 'member-menu', ':popover-open'],
  ['rules', 'rule-add'],
  ['rules', 'rule-menu', ':popover-open'],
  ['clients', 'connect-claude-code'],
  ['settings tokens', 'token-add'],
  ['settings tokens', 'token-edit-page'],
  ['settings tokens', 'token-remove-page'],
  ['settings tokens', 'admin-rotate'],
  ['settings budgets', 'budget-add'],
  ['settings budgets', 'budget-edit-daily'],
  ['settings budgets', 'budget-remove-daily'],
  ['settings prices', 'price-add'],
  ['settings prices', 'price-open'],
];

/** Presses a button by keys alone. */
async function press(button) {
  await button.focus();
  await button.press('Enter');
}

/** Chooses the last of a menu, which removes, and says yes. */
async function remove({ page, at }, menu) {
  await press(menu);
  await page.waitForFunction(() => document.activeElement?.matches(':popover-open [role=menuitem]'));
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await press(at('confirm-go'));
}

const find = (name) => all.find((place) => place.name === name);

/** Each does it, and tells what goes and where the focus must be then. */
const REMOVALS = {
  async 'a token'({ page, at, turnout }) {
    for (const name of ['gone', 'stays']) await turnout.admin('POST', '/tokens', { name, scopes: ['inference'] });
    await visit(page, find('settings tokens'));
    await press(at('token-remove-gone'));
    await press(at('confirm-go'));
    return [page.locator('[data-testid=token][data-name=gone]'), '[data-testid=token]'];
  },
  async 'a budget'({ page, at }) {
    await visit(page, find('settings budgets'));
    await press(at('budget-remove-daily'));
    await press(at('confirm-go'));
    return [at('budget-remove-daily'), '[data-testid=settings-content]'];
  },
  async 'a rule'(tools) {
    const { page, at, turnout } = tools;
    await turnout.admin('POST', '/rules', { name: 'gone', when: { model: 'x-*' }, use: { group: 'main' } });
    await visit(page, find('rules'));
    await remove(tools, at('rule-gone').getByTestId('rule-menu'));
    return [at('rule-gone'), 'main li, [data-testid=rule-none], [data-testid=rule-add]'];
  },
  async 'a provider'(tools) {
    const { page, at, turnout } = tools;
    await turnout.admin('POST', '/providers', { name: 'gone', dialect: 'practice' });
    await visit(page, find('providers'));
    await remove(tools, at('provider-gone').getByTestId('provider-menu'));
    return [at('provider-gone'), '[data-testid^=provider-]'];
  },
  async 'a group'(tools) {
    const { page, at, turnout } = tools;
    await turnout.admin('POST', '/groups', { name: 'gone', members: [{ provider: 'first' }] });
    await visit(page, find('groups'));
    await remove(tools, at('column-gone').getByTestId('group-menu'));
    return [at('column-gone'), '[data-testid=board]'];
  },
  async 'a member of a group'({ page, at, turnout }) {
    await turnout.admin('POST', '/groups', { name: 'less', members: [{ provider: 'first' }, { provider: 'second' }] });
    await visit(page, find('groups'));
    await press(at('column-less').getByTestId('card-second').getByTestId('member-menu'));
    await press(at('member-out'));
    return [at('column-less').getByTestId('card-second'), '[data-testid=board]'];
  },
  async 'a key'({ page, at, turnout }) {
    await turnout.admin('POST', '/providers/first/keys', { value: 'sk-that-will-be-gone-1234' });
    await visit(page, find('provider keys'));
    const row = page.locator('[data-testid=key-row][data-id="first/1"]');
    await press(row.getByTestId('key-remove'));
    await press(row.getByTestId('key-remove-go'));
    return [row, '[data-testid=provider-dialog]'];
  },
  async 'a filter'({ page, at, open }) {
    await open('#/history?client=nobody');
    await press(at('chip-client'));
    return [at('chip-client'), '#content'];
  },
  async 'all filters, from where nothing is found'({ page }) {
    await visit(page, find('history filters'));
    await press(page.locator('.hollow button'));
    return [page.locator('.hollow'), '#content'];
  },
  async 'a button that gives way to another'({ page, at }) {
    await visit(page, find('overview'));
    await press(at('group-main-pause'));
    return [at('group-main-pause'), '[data-testid=group-main]'];
  },
  async 'a group that is switched to'({ page, at }) {
    await press(at('group-main-resume'));
    await press(at('group-spare-activate'));
    return [at('group-spare-activate'), '[data-testid=group-spare], [data-testid=group-main]'];
  },
  async 'a request that waited, and the notice that told of it'({ page, at, turnout }) {
    await turnout.admin('POST', '/groups/main/activate');
    await turnout.admin('PUT', '/mode', { mode: 'manual' });
    await turnout.fail('first', '529;retry_after=300');
    await visit(page, find('overview'));
    const answer = turnout.ask('wait for me');
    await press(at('waiting-row').getByTestId('fail'));
    await press(at('confirm-go'));
    await answer;
    await at('waiting-row').waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.activeElement?.closest('#content'));
    await turnout.fail('first', 'text');
    await turnout.admin('PUT', '/mode', { mode: 'auto' });
    await at('notice').first().waitFor();
    while (await at('notice').count()) await press(at('notice').first().getByRole('button'));
    return [at('notice'), '#content'];
  },
  async 'an error that is over'({ page, at, open }) {
    const refuse = (route) => route.fulfill({ status: 500, json: { error: { code: 'internal', message: 'not now' } } });
    await page.route('**/api/v1/rules?*', refuse);
    await open('#/logs');
    await open('#/rules');
    const again = page.getByRole('button', { name: 'Try now' });
    await again.waitFor();
    await page.unroute('**/api/v1/rules?*', refuse);
    await press(again);
    return [again, '#content'];
  },
  async 'one of several in the playground'({ page, at }) {
    await visit(page, find('playground'));
    await press(at('target-add'));
    await press(at('target-remove').last());
    return [at('target-remove').nth(1), '#content'];
  },
  async 'a page, by its letters'({ page, at }) {
    await visit(page, find('rules'));
    await at('rule-add').focus();
    await page.keyboard.type('gl');
    await at('log-line').first().waitFor();
    return [at('rule-add'), '#content'];
  },
};
