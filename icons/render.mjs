// Draws the PNG, ICO and ICNS files of this folder from the SVG files in src/.
// Run at authoring time only (`node icons/render.mjs`); its output is committed, builds never need it.
// It uses the browser that the UI tests use: `npm ci` in ui/ first, CHROMIUM overrides its path.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const { chromium } = createRequire(join(here, '../ui/package.json'))('playwright-core');

const STATES = ['ok', 'degraded', 'suspended', 'down', 'paused'];
const targets = [
  ['app', 512, 'icon.png'],
  ['app', 256, '256x256.png'],
  ['app', 256, '128x128@2x.png'],
  ['app', 128, '128x128.png'],
  ['app-small', 48, '48x48.png'],
  ['app-small', 32, '32x32.png'],
  ['app-small', 16, '16x16.png'],
  ...STATES.flatMap((state) => [
    [`tray-${state}`, 44, `tray/${state}.png`],
    [`tray-${state}`, 32, `tray/${state}-32.png`],
    [`tray-${state}`, 22, `tray/${state}-22.png`],
  ]),
];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
const page = await browser.newPage({ deviceScaleFactor: 1 });
const drawn = new Map();
mkdirSync(join(here, 'tray'), { recursive: true });
for (const [source, size, file] of targets) {
  const svg = readFileSync(join(here, 'src', `${source}.svg`), 'utf8');
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(
    `<style>*{margin:0;background:transparent}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`,
  );
  const shot = await page.screenshot({ omitBackground: true, type: 'png' });
  const png = await rgba(page, shot, size);
  writeFileSync(join(here, file), png);
  drawn.set(file, png);
}
await browser.close();
writeFileSync(join(here, 'icon.ico'), ico([[16, '16x16.png'], [32, '32x32.png'], [48, '48x48.png'], [256, '256x256.png']]));
writeFileSync(join(here, 'icon.icns'), icns([['ic07', '128x128.png'], ['ic08', '256x256.png'], ['ic09', 'icon.png']]));

/** A canvas always encodes RGBA, also where a screenshot without any transparent pixel would be RGB. */
async function rgba(page, shot, size) {
  const url = await page.evaluate(
    async ([data, size]) => {
      const image = new Image();
      image.src = `data:image/png;base64,${data}`;
      await image.decode();
      const canvas = Object.assign(document.createElement('canvas'), { width: size, height: size });
      canvas.getContext('2d').drawImage(image, 0, 0);
      return canvas.toDataURL('image/png');
    },
    [shot.toString('base64'), size],
  );
  return Buffer.from(url.split(',')[1], 'base64');
}

function ico(entries) {
  const head = Buffer.alloc(6 + 16 * entries.length);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(entries.length, 4);
  let offset = head.length;
  entries.forEach(([size, file], index) => {
    const at = 6 + 16 * index;
    const { length } = drawn.get(file);
    head.writeUInt8(size % 256, at);
    head.writeUInt8(size % 256, at + 1);
    head.writeUInt16LE(1, at + 4);
    head.writeUInt16LE(32, at + 6);
    head.writeUInt32LE(length, at + 8);
    head.writeUInt32LE(offset, at + 12);
    offset += length;
  });
  return Buffer.concat([head, ...entries.map(([, file]) => drawn.get(file))]);
}

function icns(entries) {
  const parts = entries.map(([kind, file]) => {
    const png = drawn.get(file);
    const head = Buffer.alloc(8);
    head.write(kind, 0, 'latin1');
    head.writeUInt32BE(png.length + 8, 4);
    return Buffer.concat([head, png]);
  });
  const head = Buffer.alloc(8);
  head.write('icns', 0, 'latin1');
  head.writeUInt32BE(8 + parts.reduce((sum, part) => sum + part.length, 0), 4);
  return Buffer.concat([head, ...parts]);
}
