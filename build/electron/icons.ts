import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

/*
 * node build/electron/icons.ts
 *
 * Makes the icons of the Electron kiosk from icon.svg: one PNG per size for Linux, and one icon.ico for Windows. They are
 * committed so that packaging gives the same bytes on every machine; icons.test.ts compares them with the drawing.
 */

const SIZES = [16, 24, 32, 48, 64, 128, 256, 512] as const;
/** Windows uses none larger than 256. */
const ICO_SIZES = SIZES.filter((size) => size <= 256);

/** Renders every icon file from the drawing. Keys are paths relative to the drawing's folder. */
export async function makeIcons(svg: Uint8Array): Promise<Map<string, Buffer>> {
  const pictures = new Map<number, Buffer>();
  for (const size of SIZES) {
    // Render each size from the vector rather than scaling down a larger icon.
    const density = (72 * size) / 32;
    pictures.set(size, await sharp(svg, { density }).resize(size, size).png({ compressionLevel: 9 }).toBuffer());
  }
  const files = new Map([...pictures].map(([size, png]) => [`icons/${size}x${size}.png`, png]));
  files.set('icon.ico', icoOf(ICO_SIZES.map((size) => ({ size, png: pictures.get(size)! }))));
  return files;
}

/** An ICO file of PNGs: a header, one 16-byte entry per picture, then the pictures. A side of 256 is written as 0. */
function icoOf(pictures: readonly { size: number; png: Buffer }[]): Buffer {
  const header = Buffer.alloc(6 + 16 * pictures.length);
  header.writeUInt16LE(1, 2); // an icon rather than a cursor
  header.writeUInt16LE(pictures.length, 4);
  let offset = header.length;
  for (const [i, { size, png }] of pictures.entries()) {
    const entry = 6 + 16 * i;
    header.writeUInt8(size % 256, entry);
    header.writeUInt8(size % 256, entry + 1);
    header.writeUInt16LE(1, entry + 4); // colour planes
    header.writeUInt16LE(32, entry + 6); // bits per pixel
    header.writeUInt32LE(png.length, entry + 8);
    header.writeUInt32LE(offset, entry + 12);
    offset += png.length;
  }
  return Buffer.concat([header, ...pictures.map(({ png }) => png)]);
}

if (import.meta.main) {
  for (const [path, bytes] of await makeIcons(readFileSync(join(import.meta.dirname, 'icon.svg')))) {
    const file = join(import.meta.dirname, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
}
