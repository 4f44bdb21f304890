import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RgbImage } from '../rules/image.ts';
import { DECODE_LIMITS, decodeBytes, decodePicture } from './decode.ts';
import { ModelProblem } from './problem.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'decode-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** 40×20: left half red, right half blue, upper 5 rows white. */
const PIXELS = new Uint8Array(40 * 20 * 3);
for (let y = 0; y < 20; y++) {
  for (let x = 0; x < 40; x++)
    PIXELS.set(y < 5 ? [255, 255, 255] : x < 20 ? [200, 20, 20] : [20, 20, 200], (y * 40 + x) * 3);
}
const source = () => sharp(PIXELS, { raw: { width: 40, height: 20, channels: 3 } });

function at(image: RgbImage, x: number, y: number): number[] {
  return [...image.data.subarray((y * image.width + x) * 3, (y * image.width + x) * 3 + 3)];
}
function expectNear(found: number[], expected: number[], by = 12): void {
  for (const [i, value] of expected.entries()) expect(Math.abs(found[i]! - value)).toBeLessThanOrEqual(by);
}
function expectPicture(image: RgbImage, by = 12): void {
  expect([image.width, image.height, image.data.length]).toEqual([40, 20, 2400]);
  expectNear(at(image, 30, 2), [255, 255, 255], by);
  expectNear(at(image, 8, 14), [200, 20, 20], by);
  expectNear(at(image, 32, 14), [20, 20, 200], by);
}
async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'no error';
  } catch (error) {
    expect(error).toBeInstanceOf(ModelProblem);
    expect((error as ModelProblem).message).toMatch(/\.$/);
    return (error as ModelProblem).code;
  }
}

describe('formats', () => {
  it.each([
    ['jpeg', () => source().jpeg({ quality: 95, chromaSubsampling: '4:4:4' })],
    ['png', () => source().png()],
    ['palette png', () => source().png({ palette: true })],
    ['webp', () => source().webp({ lossless: true })],
    ['gif', () => source().gif()],
    ['tiff', () => source().tiff({ compression: 'lzw' })],
    ['avif', () => source().avif({ quality: 90, chromaSubsampling: '4:4:4' })],
  ] as const)('reads %s', async (_name, make) => {
    expectPicture(await decodeBytes(await make().toBuffer()), 30);
  });

  it('reads 16 bits a channel as 8', async () => {
    const raw = new Uint16Array(20 * 20 * 3).fill(0x8080);
    const png = await sharp(raw, { raw: { width: 20, height: 20, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    expect((await sharp(png).metadata()).depth).toBe('ushort');
    expectNear(at(await decodeBytes(png), 5, 5), [128, 128, 128], 1);
    const grey = await sharp(raw, { raw: { width: 20, height: 20, channels: 3 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect(await sharp(grey).metadata()).toMatchObject({ depth: 'ushort', space: 'grey16' });
    expectNear(at(await decodeBytes(grey), 5, 5), [128, 128, 128], 2);
  });

  it('reads greyscale into three equal channels', async () => {
    const grey = await source().toColourspace('b-w').jpeg().toBuffer();
    expect((await sharp(grey).metadata()).channels).toBe(1);
    const [r, g, b] = at(await decodeBytes(grey), 8, 14);
    expect([g, b]).toEqual([r, r]);
  });

  it('reads CMYK in approximately the right colours', async () => {
    const cmyk = await source().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe('cmyk');
    const image = await decodeBytes(cmyk);
    expect([image.width, image.height]).toEqual([40, 20]);
    const [r, g, b] = at(image, 8, 14);
    expect(r!).toBeGreaterThan(g! + 60);
    expect(r!).toBeGreaterThan(b! + 60);
    expectNear(at(image, 30, 2), [255, 255, 255], 20);
  });

  it('puts transparency on white', async () => {
    const clear = await sharp({
      create: { width: 20, height: 20, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    })
      .png()
      .toBuffer();
    expect(at(await decodeBytes(clear), 3, 3)).toEqual([255, 255, 255]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('turns EXIF orientation %d upright', async (orientation) => {
    // What a camera would have written for this orientation, made by the inverse transformation.
    const inverse = [
      (s: Sharp) => s,
      (s: Sharp) => s.flop(),
      (s: Sharp) => s.rotate(180),
      (s: Sharp) => s.flip(),
      (s: Sharp) => s.rotate(270).flop(),
      (s: Sharp) => s.rotate(270),
      (s: Sharp) => s.rotate(90).flop(),
      (s: Sharp) => s.rotate(90),
    ][orientation - 1]!;
    // In two steps, because sharp would otherwise choose the order of rotating and mirroring.
    const turned = await inverse(source()).png().toBuffer();
    const jpeg = await sharp(turned)
      .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
      .withMetadata({ orientation })
      .toBuffer();
    const image = await decodeBytes(jpeg);
    expect([image.width, image.height]).toEqual([40, 20]);
    expectNear(at(image, 30, 2), [255, 255, 255], 30);
    expectNear(at(image, 8, 14), [200, 20, 20], 30);
  });

  it('takes the first frame of an animation', async () => {
    const frames = new Uint8Array(16 * 48 * 3);
    frames
      .fill(10, 0, 16 * 16 * 3)
      .fill(120, 16 * 16 * 3, 2 * 16 * 16 * 3)
      .fill(240, 2 * 16 * 16 * 3);
    for (const format of ['gif', 'webp'] as const) {
      const animated = await sharp(frames, { raw: { width: 16, height: 48, channels: 3, pageHeight: 16 } })
        [format]({ loop: 0, delay: [50, 50, 50] })
        .toBuffer();
      expect((await sharp(animated).metadata()).pages, format).toBe(3);
      const image = await decodeBytes(animated);
      expect([image.width, image.height]).toEqual([16, 16]);
      expectNear(at(image, 8, 8), [10, 10, 10], 4);
    }
  });
});

describe('own decoders', () => {
  const gradient = (i: number) => (i * 7) % 256;
  const grey = Array.from({ length: 20 * 16 }, (_, i) => gradient(i));

  it('reads PGM and PPM, text and binary, with comments, 8 and 16 bits', async () => {
    const header = (kind: string, max = 255) => Buffer.from(`P${kind}\n# made by hand\n20 16 # size\n${max}\n`);
    const text = (values: number[]) => Buffer.from(values.join(' \n'));
    const wide = Buffer.alloc(grey.length * 2);
    for (const [i, v] of grey.entries()) wide.writeUInt16BE(v * 257, 2 * i);
    const rgb = grey.flatMap((v) => [v, v, v]);
    for (const file of [
      [header('5'), Buffer.from(grey)],
      [header('2'), text(grey)],
      [header('6'), Buffer.from(rgb)],
      [header('3'), text(rgb)],
      [header('5', 65_535), wide],
      [header('2', 65_535), text(grey.map((v) => v * 257))],
    ]) {
      const image = await decodeBytes(Buffer.concat(file));
      expect([image.width, image.height]).toEqual([20, 16]);
      expect([...image.data]).toEqual(rgb);
    }
  });

  it('scales values if the maximum is not 255', async () => {
    const image = await decodeBytes(Buffer.concat([Buffer.from('P5 16 16 15\n'), Buffer.alloc(256, 5)]));
    expect(at(image, 3, 3)).toEqual([85, 85, 85]);
  });

  it.each(['24', '8', '4', '1', '565', '555', '32', 'top-down'])('reads a bitmap of kind %s', async (kind) => {
    const image = await decodeBytes(bitmap(kind));
    expect([image.width, image.height]).toEqual([18, 17]);
    for (const [x, y] of [
      [0, 0],
      [17, 0],
      [3, 16],
      [10, 9],
    ] as const) {
      expectNear(at(image, x, y), (x + y) % 2 ? [255, 255, 255] : [0, 0, 0], 0);
    }
    // One coloured pixel shows the order of channels and rows.
    if (!['1', '4'].includes(kind)) expectNear(at(image, 2, 0), [255, 0, 0], 0);
  });

  it('fails only with a code, whatever the bytes', async () => {
    const starts = [
      Buffer.from('P5 17 17 255\n'),
      Buffer.from('P6\n'),
      Buffer.from('P3 #'),
      Buffer.from('P2 '),
      ...['24', '8', '1', '565', '32'].map(bitmap),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...starts),
        fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 8 }),
        fc.nat(2000),
        fc.uint8Array({ maxLength: 400 }),
        async (start, edits, length, tail) => {
          const bytes = Buffer.concat([start, tail]).subarray(0, Math.max(1, length));
          for (const [place, value] of edits) if (place > 1 && place < bytes.length) bytes[place] = value;
          try {
            const image = await decodeBytes(bytes);
            expect(image.data.length).toBe(image.width * image.height * 3);
          } catch (error) {
            expect(error).toBeInstanceOf(ModelProblem);
          }
        },
      ),
      { numRuns: 600 },
    );
  });
});

describe('unusable files', () => {
  const file = (name: string, bytes: Uint8Array | string) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };

  it('each fail with a code', async () => {
    const jpeg = await source().jpeg().toBuffer();
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="9" height="9"/></svg>';
    expect(await codeOf(decodePicture(join(folder, 'none.jpg')))).toBe('file-not-found');
    expect(await codeOf(decodePicture(folder))).toBe('not-a-file');
    expect(await codeOf(decodePicture(`bad\0name`))).toBe('file-not-readable');
    expect(await codeOf(decodePicture(file('empty.jpg', '')))).toBe('empty-file');
    expect(await codeOf(decodePicture(file('words.jpg', 'no picture at all')))).toBe('picture-not-decodable');
    expect(await codeOf(decodePicture(file('drawing.svg', svg)))).toBe('picture-not-decodable');
    expect(await codeOf(decodePicture(file('cut.jpg', jpeg.subarray(0, jpeg.length - 200))))).toBe(
      'picture-not-decodable',
    );
    expect(await codeOf(decodePicture(file('head.png', Buffer.from('\x89PNG\r\n\x1a\nxxxx', 'latin1'))))).toBe(
      'picture-not-decodable',
    );
    expect(await codeOf(decodeBytes(await source().resize(12, 12).png().toBuffer()))).toBe('picture-too-small');
  });

  it('don’t block on a pipe without a writer', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(await codeOf(decodePicture(pipe))).toBe('not-a-file');
  });

  it('are rejected by their header if too large, before pixels are decoded', async () => {
    const bomb = await sharp({ create: { width: 3000, height: 3000, channels: 3, background: '#000' } })
      .png()
      .toBuffer();
    expect(bomb.length).toBeLessThan(100_000);
    expect(await codeOf(decodeBytes(bomb, { ...DECODE_LIMITS, maxPixels: 8_999_999 }))).toBe('picture-too-large');
    expect(await codeOf(decodeBytes(Buffer.from('P5 60000 60000 255\n')))).toBe('picture-too-large');
    const huge = bitmap('24');
    huge.writeInt32LE(70_000, 18);
    huge.writeInt32LE(-70_000, 22);
    expect(await codeOf(decodeBytes(huge))).toBe('picture-too-large');
    expect(await codeOf(decodeBytes(Buffer.alloc(2000, 1), { ...DECODE_LIMITS, maxBytes: 1000 }))).toBe(
      'file-too-large',
    );
    expect(
      await codeOf(decodePicture(file('big.jpg', Buffer.alloc(2000, 1)), { ...DECODE_LIMITS, maxBytes: 1000 })),
    ).toBe('file-too-large');
  });
});

/** An 18×17 chessboard whose pixel (2, 0) is red if the kind has colours. */
function bitmap(kind: string): Buffer {
  const [width, height] = [18, 17];
  const bits = { '24': 24, '8': 8, '4': 4, '1': 1, '565': 16, '555': 16, '32': 32, 'top-down': 24 }[kind]!;
  const masks = kind === '565' ? [0xf800, 0x07e0, 0x001f] : [];
  const palette = bits <= 8 ? [0x000000, 0xffffff, ...(bits === 8 ? [0xff0000] : [])] : [];
  const stride = Math.ceil((width * bits) / 32) * 4;
  const start = 54 + 4 * masks.length + 4 * palette.length;
  const file = Buffer.alloc(start + stride * height);
  file.write('BM', 'latin1');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(start, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(kind === 'top-down' ? -height : height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(bits, 28);
  file.writeUInt32LE(masks.length ? 3 : 0, 30);
  file.writeUInt32LE(palette.length, 46);
  for (const [i, mask] of masks.entries()) file.writeUInt32LE(mask, 54 + 4 * i);
  for (const [i, colour] of palette.entries()) file.writeUInt32LE(colour, 54 + 4 * i);
  for (let y = 0; y < height; y++) {
    const row = start + stride * (kind === 'top-down' ? y : height - 1 - y);
    for (let x = 0; x < width; x++) {
      const red = x === 2 && y === 0;
      const white = (x + y) % 2 === 1;
      if (bits < 8) {
        const at = row + Math.floor((x * bits) / 8);
        file[at]! |= Number(white) << (8 - bits - ((x * bits) % 8));
      } else if (bits === 8) file[row + x] = red ? 2 : Number(white);
      else if (bits === 16)
        file.writeUInt16LE(
          red ? (kind === '565' ? 0xf800 : 0x7c00) : white ? (kind === '565' ? 0xffff : 0x7fff) : 0,
          row + 2 * x,
        );
      else file.writeUIntLE(red ? 0xff0000 : white ? 0xffffff : 0, row + (bits / 8) * x, 3);
    }
  }
  return file;
}
