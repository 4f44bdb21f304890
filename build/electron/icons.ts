import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

/*
 * node build/electron/icons.ts
 *
 * Makes the icons of the Electron kiosk of icon.svg: a PNG a size for Linux, and one icon.ico for Windows. They are kept in the
 * tree, since packaging is to give the same bytes wherever it is done; icons.test.ts compares them with the drawing.
 */

const SIZES = [16, 24, 32, 48, 64, 128, 256, 512] as const;
/** Windows asks for no larger ones. */
const ICO_SIZES = SIZES.filter((size) => size <= 256);

/** Every file that the drawing becomes, by its path beside the drawing. */
export async function makeIcons(svg: Uint8Array): Promise<Map<string, Buffer>> {
  const pictures = new Map<number, Buffer>();
  for (const size of SIZES) {
    // Drawn at its own size: a small icon is not a large one scaled down.
    const density = (72 * size) / 32;
    pictures.set(size, await sharp(svg, { density }).resize(size, size).png({ compressionLevel: 9 }).toBuffer());
  }
  const files = new Map([...pictures].map(([size, png]) => [`icons/${size}x${size}.png`, png]));
  files.set('icon.ico', icoOf(ICO_SIZES.map((size) => ({ size, png: pictures.get(size)! }))));
  return files;
}

/** An ICO file of PNGs: a header, an entry of 16 bytes a picture, the pictures. A side of 256 is written as 0. */
function icoOf(pictures: readonly { size: number; png: Buffer }[]): Buffer {
  const header = Buffer.alloc(6 + 16 * pictures.length);
  header.writeUInt16LE(1, 2); // an icon, no cursor
  header.writeUInt16LE(pictures.length, 4);
  let offset = header.length;
  for (const [i, { size, png }] of pictures.entries()) {
    const entry = 6 + 16 * i;
    header.writeUInt8(size % 256, entry);
    header.writeUInt8(size % 256, entry + 1);
    header.writeUInt16LE(1, entry + 4); // colour planes
    header.writeUInt16LE(32, entry + 6); // bits a pixel
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
