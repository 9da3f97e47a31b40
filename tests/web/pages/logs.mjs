// The log: lines as they come, narrowed, held, copied, and the way from a line to its request.
import assert from 'node:assert/strict';

export const browser = { permissions: ['clipboard-read', 'clipboard-write'] };

const grave = async (axe) => (await axe()).filter((line) => /serious|critical/.test(line));
const line = (page, text) => page.getByTestId('log-line').filter({ hasText: text });
const look = (page, theme, language) =>
  page.evaluate(([theme, language]) => {
    localStorage['turnout.theme'] = theme;
    localStorage['turnout.language'] = language;
  }, [theme, language]);

let request;

export default {
  async 'a line that is logged appears at the end while one looks'({ page, at, enter, turnout, picture }) {
    await enter('#/logs');
    await at('log-line').first().waitFor();
    assert.equal(await at('log-list').getAttribute('data-follow'), 'true');
    await turnout.admin('PUT', '/mode', { mode: 'manual' });
    await line(page, 'mode is manual').last().waitFor();
    await turnout.admin('PUT', '/mode', { mode: 'auto' });
    await turnout.fail('first', '400');
    request = (await turnout.ask('please fail')).id;
    await line(page, request).first().waitFor();
    await turnout.fail('first', 'text');
    await picture('logs-light');
  },

  async 'the level narrows and stands in the address'({ page, at }) {
    await at('log-level').getByText('Warnings').click();
    assert.match(page.url(), /level=warn/);
    const levels = await at('log-line').evaluateAll((rows) => [...new Set(rows.map((row) => row.dataset.level))]);
    assert.ok(levels.every((level) => ['warn', 'error'].includes(level)), levels.join());
    await at('log-level').getByText('All').click();
  },

  async 'a text narrows without regard to case, and what fits nothing says so'({ page, at, picture }) {
    await page.locator('body').press('/');
    await page.keyboard.type('MODE IS');
    await line(page, 'mode is auto').first().waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll('[data-testid=log-line]')].every((row) => /mode is/.test(row.textContent)));
    assert.match(page.url(), /q=MODE/);
    await at('log-search').fill('no such thing at all');
    await page.getByText('Nothing matches').waitFor();
    await picture('logs-nothing');
    await page.getByText('Clear filters').click();
    await at('log-line').first().waitFor();
  },

  async 'a provider narrows to what is about it'({ page, at }) {
    await at('log-provider').selectOption('first');
    await line(page, request).first().waitFor();
    const about = await at('log-line').allTextContents();
    assert.ok(about.every((text) => /first/.test(text)), about.join('\n'));
    await at('log-provider').selectOption('');
  },

  async 'a line opens in full and narrows to its request'({ page, at, turnout, picture }) {
    await line(page, request).first().locator('.what').click();
    await at('log-detail').getByText('Only this request').click();
    await at('log-request').waitFor();
    const shown = await at('log-line').allTextContents();
    const told = await turnout.admin('GET', `/logs?request=${request}&limit=1000`);
    assert.equal(shown.length, told.items.length);
    await picture('logs-detail');
    await at('log-list').focus();
    await page.keyboard.press('Escape');
    await at('log-detail').waitFor({ state: 'detached' });
  },

  async 'marked lines are copied as text'({ page, at, turnout }) {
    const told = (await turnout.admin('GET', `/logs?request=${request}&limit=1000`)).items;
    await at('log-list').focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Control+c');
    await at('log-copy').getByText('Copied').waitFor();
    const text = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(text.split('\n').length, told.length);
    assert.match(text, new RegExp(`request_id=${request}`));
  },

  async 'the id of a request leads to its history'({ page, at }) {
    await at('log-open').first().click();
    await page.locator(`[data-testid="history-detail"][data-id="${request}"]`).waitFor();
    await page.goBack();
    await at('log-request').waitFor();
    await at('log-request').click();
  },

  async 'while paused nothing moves, and nothing is lost'({ page, at, turnout }) {
    await at('log-pause').click();
    const before = await at('log-count').textContent();
    await turnout.admin('PUT', '/mode', { mode: 'manual' });
    await turnout.admin('PUT', '/mode', { mode: 'auto' });
    await at('log-pause').getByText(/new/).waitFor();
    assert.equal(await at('log-count').textContent(), before);
    await at('log-pause').click();
    await page.waitForFunction((before) => document.querySelector('[data-testid=log-count]').textContent !== before, before);
    await line(page, 'mode is auto').last().waitFor();
  },

  async 'scrolling up stops following, and the button takes it up again'({ page, at, turnout, picture }) {
    // More lines than the window shows.
    for (let i = 0; i < 30; i += 1) {
      await turnout.admin('PUT', '/mode', { mode: i % 2 ? 'auto' : 'manual' });
    }
    await page.waitForFunction(() => {
      const port = document.querySelector('[data-testid=log-list]');
      return port.scrollHeight > port.clientHeight + 100;
    });
    await at('log-list').focus();
    await page.keyboard.press('Home');
    await page.locator('[data-testid=log-list][data-follow=false]').waitFor();
    const top = await at('log-line').first().textContent();
    await turnout.admin('PUT', '/mode', { mode: 'auto' });
    await at('log-follow').getByText(/new line/).waitFor();
    assert.equal(await at('log-line').first().textContent(), top);
    await picture('logs-scrolled');
    await at('log-follow').click();
    await page.locator('[data-testid=log-list][data-follow=true]').waitFor();
    assert.ok((await at('log-line').count()) < 90);
  },

  async 'it opens at its end where it is narrow too, and rows are taller'({ page, at }) {
    for (const width of [640, 1280]) {
      await page.setViewportSize({ width, height: 260 });
      await page.goto('about:blank');
      await page.goBack();
      await page.locator('[data-testid="log-list"][data-follow="true"]').waitFor();
      await page.waitForFunction(() => {
        const list = document.querySelector('[data-testid="log-list"]');
        return list && list.scrollHeight > list.clientHeight && list.scrollTop + list.clientHeight >= list.scrollHeight - 1;
      });
      assert.equal(await at('log-follow').count(), 0, `${width}`);
    }
    await page.setViewportSize({ width: 1280, height: 820 });
  },

  async 'when the log cannot be had, it says why and can be asked again'({ page, at, picture }) {
    const refusal = { error: { code: 'internal', message: 'the log is not kept here', request_id: 'req-0' } };
    await page.route('**/api/v1/logs**', (route) => route.fulfill({ status: 500, json: refusal }));
    await page.reload();
    await page.getByText('the log is not kept here').waitFor();
    await picture('logs-error');
    await page.unroute('**/api/v1/logs**');
    await page.getByText('Try now').click();
    await at('log-line').first().waitFor();
  },

  async 'it is for everybody: axe, dark, Chinese, narrow'({ page, at, axe, picture }) {
    assert.deepEqual(await grave(axe), []);
    await look(page, 'dark', 'zh-CN');
    await page.reload();
    await at('log-line').first().waitFor();
    await at('log-line').last().click();
    await at('log-detail').waitFor();
    assert.deepEqual(await grave(axe), []);
    await picture('logs-dark-zh');
    for (const width of [900, 640]) {
      await page.setViewportSize({ width, height: 700 });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, `${width}`);
    }
    await picture('logs-narrow');
    await look(page, 'light', 'en');
    await page.setViewportSize({ width: 1280, height: 820 });
  },
};
