import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { makeIcons } from './icons.ts';

const here = import.meta.dirname;
const ROOT = resolve(here, '../..');
const svg = readFileSync(join(here, 'icon.svg'));

test('the drawing is the logo that the pages show, in their accent colour', () => {
  const mark = readFileSync(join(ROOT, 'renderer/shared/web/pieces.tsx'), 'utf8');
  const [, drawn] = / d="([^"]+)"/.exec(svg.toString())!;
  expect(mark).toContain(`d="${drawn}"`);
  const [, ground] = /<rect [^>]*fill="(#\w+)"/.exec(svg.toString())!;
  expect(readFileSync(join(ROOT, 'renderer/shared/tokens.css'), 'utf8')).toContain(
    `--color-accent: light-dark(${ground},`,
  );
});

test('the committed icons match the drawing', async () => {
  const made = await makeIcons(svg);
  expect([...made.keys()].filter((path) => path.startsWith('icons/')).sort()).toEqual(
    readdirSync(join(here, 'icons'))
      .map((name) => `icons/${name}`)
      .sort(),
  );
  const pixels = (png: Buffer): Promise<Buffer> => sharp(png).raw().toBuffer();
  for (const [path, bytes] of made) {
    const kept = readFileSync(join(here, path));
    if (path.endsWith('.png')) expect((await pixels(kept)).equals(await pixels(bytes)), path).toBe(true);
  }
});

test('icon.ico contains every size for Windows as a complete picture', async () => {
  const ico = readFileSync(join(here, 'icon.ico'));
  expect([ico.readUInt16LE(0), ico.readUInt16LE(2)]).toEqual([0, 1]);
  const sizes: number[] = [];
  for (let i = 0; i < ico.readUInt16LE(4); i++) {
    const entry = 6 + 16 * i;
    const [length, offset] = [ico.readUInt32LE(entry + 8), ico.readUInt32LE(entry + 12)];
    const { width, height, format } = await sharp(ico.subarray(offset, offset + length)).metadata();
    expect([format, width, height]).toEqual(['png', ico[entry] || 256, ico[entry + 1] || 256]);
    sizes.push(width);
  }
  expect(sizes).toEqual([16, 24, 32, 48, 64, 128, 256]);
});

test('electron-builder.yml names the icons', () => {
  const config = readFileSync(join(ROOT, 'electron-builder.yml'), 'utf8');
  expect(config).toMatch(/^linux:\n {2}icon: icons\b/m);
  expect(config).toMatch(/^win:\n {2}icon: icon\.ico$/m);
});
