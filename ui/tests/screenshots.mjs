// Takes pictures of every page in its states, to be looked at. `npm run build` first.
//   node tests/screenshots.mjs [part of a name…]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { start } from '../mock/server.mjs';
import { artifacts, open } from './chromium.mjs';

const SIZES = { wide: [1280, 820], full: [1400, 900], narrow: [360, 780], middle: [900, 700] };
const firstRow = async (page) => page.locator('[data-testid=history-row][data-status=completed]').first().click();
const manyTries = async (page) => {
  await page.getByTestId('filter-status').selectOption('failed');
  await page.waitForTimeout(400);
  await page.locator('[data-testid=history-row]').nth(2).click();
};

// name, scenario, page, size, scheme, what to do, language
const SHOTS = [
  ['overview-light', 'full', 'overview', 'wide', 'light'],
  ['overview-dark', 'full', 'overview', 'wide', 'dark'],
  ['overview-failover-light', 'failover', 'overview', 'wide', 'light', notice],
  ['overview-down-dark', 'down', 'overview', 'wide', 'dark'],
  ['overview-nokey-light', 'nokey', 'overview', 'wide', 'light'],
  ['overview-nokey-dark', 'nokey', 'overview', 'wide', 'dark'],
  ['overview-nokey-zh', 'nokey', 'overview', 'middle', 'light', undefined, 'zh-CN'],
  ['overview-nokey-narrow', 'nokey', 'overview', 'narrow', 'light'],
  ['overview-suspended-light', 'suspended', 'overview', 'wide', 'light'],
  ['overview-practice-light', 'practice', 'overview', 'wide', 'light'],
  ['overview-nogroups-light', 'nogroups', 'overview', 'wide', 'light'],
  ['overview-narrow-light', 'failover', 'overview', 'narrow', 'light'],
  ['overview-narrow-dark', 'full', 'overview', 'narrow', 'dark'],
  ['overview-middle-zh', 'failover', 'overview', 'middle', 'light', undefined, 'zh-CN'],
  ['overview-lost-light', 'full', 'overview', 'wide', 'light', lost],
  ['history-light', 'full', 'history', 'wide', 'light'],
  ['history-dark', 'full', 'history', 'full', 'dark', firstRow],
  ['history-detail-light', 'full', 'history', 'full', 'light', manyTries],
  ['history-chain-light', 'full', 'history', 'full', 'light', chain],
  ['history-chain-dark', 'full', 'history', 'full', 'dark', chain],
  ['history-empty-light', 'empty', 'history', 'wide', 'light'],
  ['history-nothing-light', 'full', 'history', 'wide', 'light', (page) => page.getByTestId('filter-search').fill('zzz')],
  ['history-narrow-light', 'full', 'history', 'narrow', 'light'],
  ['history-narrow-detail-dark', 'full', 'history', 'narrow', 'dark', firstRow],
  ['history-zh-dark', 'full', 'history', 'wide', 'dark', firstRow, 'zh-CN'],
  ['connect-light', 'full', 'clients', 'wide', 'light'],
  ['connect-dark-open', 'empty', 'clients', 'wide', 'dark', (page) => page.getByTestId('token-toggle').click()],
  ['connect-narrow-light', 'full', 'clients', 'narrow', 'light'],
  ['keys-light', 'full', 'overview', 'wide', 'light', keys],
  ['keys-dark-narrow', 'full', 'overview', 'narrow', 'dark', keys],
  ['unauthorised-light', 'unauthorised', 'overview', 'wide', 'light'],
  ['broken-dark', 'broken', 'overview', 'wide', 'dark'],
  ['offline-light', 'offline', 'overview', 'wide', 'light'],
];

async function notice(page, server) {
  server.mock.send('notice', {
    kind: 'failover',
    title: 'Switched from anthropic to relay',
    body: 'anthropic is overloaded (529); it is tried again in 60 s.',
    at: new Date().toISOString(),
  });
  await page.getByTestId('notice').waitFor();
}

async function chain(page, server) {
  const { id } = server.mock.requests.find((r) => r.attempts.length === 3 && r.status === 'completed');
  await page.goto(`${server.url}/ui/#/history?id=${id}`);
  await page.getByTestId('attempt-row').first().waitFor();
}

async function lost(page, server) {
  server.mock.offline = true;
  server.mock.cut();
  await page.getByTestId('connection-lost').waitFor();
  await page.waitForTimeout(2600);
}

async function keys(page) {
  await page.getByTestId('keys-relay').first().click();
  await page.getByTestId('key-row').first().waitFor();
  await page.getByTestId('key-input').fill('sk-ant-practice-0123');
}

const out = join(artifacts(), 'ui');
mkdirSync(out, { recursive: true });
const wanted = process.argv.slice(2);
for (const [name, scenario, where, size, colorScheme, act, locale = 'en-US'] of SHOTS) {
  if (wanted.length && !wanted.some((part) => name.includes(part))) continue;
  const [width, height] = SIZES[size];
  const server = await start({ scenario: scenario === 'offline' ? 'full' : scenario });
  const { context, close } = await open({ viewport: { width, height }, colorScheme, locale });
  try {
    const page = await context.newPage();
    page.on('pageerror', (error) => process.stderr.write(`${name}: ${error.message}\n`));
    if (scenario === 'offline') {
      await page.route('**/api/**', (route) => route.abort());
    }
    await page.goto(`${server.url}/ui/#/${where}`);
    await page.waitForTimeout(700);
    if (act) await act(page, server);
    await page.waitForTimeout(500);
    await page.screenshot({ path: join(out, `${name}.png`) });
    process.stdout.write(`${join(out, name)}.png\n`);
  } finally {
    await close();
    await server.stop();
  }
}
