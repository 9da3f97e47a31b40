// The pages as the real turnoutd serves them, in a real browser, with real traffic from practice providers.
//   node run.mjs [PART…]     PART: a file in pages/, each with a turnoutd and a browser of its own
// Closing line: N passed, N failed. Pictures go to the target folder.
import { readdirSync } from 'node:fs';
import { browse } from './browser.mjs';
import { world } from './turnoutd.mjs';

const PARTS = readdirSync(new URL('pages/', import.meta.url)).filter((name) => name.endsWith('.mjs')).map((name) => name.slice(0, -4)).sort();
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !PARTS.includes(name));
if (unknown.length) throw new Error(`no such part: ${unknown.join(', ')}; there are ${PARTS.join(', ')}`);

let passed = 0;
let failed = 0;
for (const part of wanted.length ? wanted : PARTS) {
  console.log(`-- ${part}`);
  // `default` holds the tests, in order; `setting` what world() is given; `browser` what the browser is.
  const { default: tests, setting, browser: options } = await import(`./pages/${part}.mjs`);
  const turnout = await world(setting);
  const browser = await browse(turnout, options);
  let wrong = 0;
  try {
    for (const [name, test] of Object.entries(tests)) {
      try {
        await test({ ...browser, turnout });
        passed += 1;
        console.log(`ok    ${name}`);
      } catch (error) {
        wrong += 1;
        console.log(`FAIL  ${name}\n      ${String(error.stack).split('\n').slice(0, 12).join('\n      ')}`);
        await browser.picture(`failed-${part}-${wrong}`).catch(() => {});
      }
    }
    if (browser.trouble.length) {
      wrong += 1;
      console.log(`FAIL  the page throws nothing and calls nothing but its own origin\n      ${browser.trouble.join('\n      ')}`);
    }
    if (wrong) console.log(turnout.log());
  } finally {
    failed += wrong;
    await browser.end();
    await turnout.end();
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
