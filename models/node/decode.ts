import { type FileHandle, open, stat } from 'node:fs/promises';
import type { RgbImage } from '../rules/image.ts';
import { decodeBmp, isBmp } from './bmp.ts';
import { ModelProblem } from './problem.ts';
import { loadSharp } from './sharp.ts';

/**
 * PGM and PPM (Netpbm P2, P3, P5, P6; 8 and 16 bits), used by face data sets such as AT&T's and not supported by sharp's build.
 * Implements the format's specification: netpbm.sourceforge.net, pgm(5) and ppm(5). Reads the first picture of a file that has
 * several.
 */

const NUMBER_END = new Set([0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d]);

function isPnm(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && [0x32, 0x33, 0x35, 0x36].includes(bytes[1]!) && NUMBER_END.has(bytes[2]!);
}

/**
 * @param mayHold called with width and height before anything is allocated; throws to reject them
 * @throws RangeError with a sentence if the bytes are not such a picture
 */
function decodePnm(bytes: Uint8Array, mayHold: (width: number, height: number) => void): RgbImage {
  if (!isPnm(bytes)) throw new RangeError('no PGM or PPM header');
  const kind = bytes[1]! - 0x30;
  const channels = kind === 3 || kind === 6 ? 3 : 1;
  const reader = new Reader(bytes, 2);
  const width = reader.number();
  const height = reader.number();
  const max = reader.number();
  if (width < 1 || height < 1) throw new RangeError(`the header says ${width}×${height} pixels`);
  if (max < 1 || max > 65_535) throw new RangeError(`the header says a largest value of ${max}`);
  mayHold(width, height);
  const samples = width * height * channels;
  const wide = max > 255;
  const start = reader.at + 1; // a single whitespace ends the header
  const least = kind < 4 ? 2 * samples - 1 : samples * (wide ? 2 : 1);
  if (bytes.length - start < least) throw new RangeError('the file ends before its picture does');

  const data = new Uint8Array(width * height * 3);
  const copies = 3 / channels;
  for (let i = 0; i < samples; i++) {
    let value: number;
    if (kind < 4) value = reader.number();
    else value = wide ? bytes[start + 2 * i]! * 256 + bytes[start + 2 * i + 1]! : bytes[start + i]!;
    // Values above the maximum are an error of the writer. They are treated as the maximum.
    const byte = max === 255 ? Math.min(value, 255) : Math.round((Math.min(value, max) * 255) / max);
    for (let c = 0; c < copies; c++) data[i * copies + c] = byte;
  }
  return { width, height, data };
}

/** Reads decimal numbers separated by whitespace and `#` comments. */
class Reader {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  number(): number {
    const bytes = this.#bytes;
    while (this.at < bytes.length) {
      if (NUMBER_END.has(bytes[this.at]!)) this.at++;
      else if (bytes[this.at] === 0x23) while (this.at < bytes.length && bytes[this.at] !== 0x0a) this.at++;
      else break;
    }
    let value = 0;
    let digits = 0;
    for (; this.at < bytes.length; this.at++, digits++) {
      const digit = bytes[this.at]! - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      if (digits > 9) throw new RangeError('a number of more than ten digits');
    }
    if (digits === 0) throw new RangeError('a number is missing');
    return value;
  }
}

export interface DecodeLimits {
  /** Maximum file size, bytes. */
  readonly maxBytes: number;
  /** Maximum number of pixels, checked from the header before decoding. */
  readonly maxPixels: number;
  /** Minimum length of the shorter side, pixels. */
  readonly minSide: number;
  /** Maximum time that libvips may take, seconds. */
  readonly maxSeconds: number;
}

export const DECODE_LIMITS: DecodeLimits = {
  maxBytes: 64 * 2 ** 20,
  maxPixels: 64_000_000,
  minSide: 16,
  maxSeconds: 30,
};

/**
 * Decodes a picture file to RGB, upright by its EXIF orientation: JPEG, PNG, WebP, GIF and animated WebP (first frame), TIFF
 * (first page), AVIF, PGM, PPM, BMP. The format is detected from the content, never from the name. Colour profiles and CMYK
 * become sRGB, 16 bits become 8, transparency becomes white. Nothing else is attempted: no SVG, no PDF, no raw.
 *
 * @throws ModelProblem `file-not-found`, `not-a-file`, `file-not-readable`, `empty-file`, `file-too-large`,
 * `picture-not-decodable`, `picture-too-large`, `picture-too-small`
 */
export async function decodePicture(path: string, limits: DecodeLimits = DECODE_LIMITS): Promise<RgbImage> {
  return decodeBytes(await readBounded(path, limits.maxBytes), limits);
}

/** Like decodePicture, for bytes in memory. */
export async function decodeBytes(bytes: Uint8Array, limits: DecodeLimits = DECODE_LIMITS): Promise<RgbImage> {
  if (bytes.length === 0) throw new ModelProblem('empty-file');
  if (bytes.length > limits.maxBytes) throw fileTooLarge(limits.maxBytes);
  const mayHold = (width: number, height: number) => {
    if (width * height > limits.maxPixels) throw pictureTooLarge(limits.maxPixels);
    if (Math.min(width, height) < limits.minSide) throw pictureTooSmall(width, height, limits.minSide);
  };
  try {
    if (isPnm(bytes)) return decodePnm(bytes, mayHold);
    if (isBmp(bytes)) return decodeBmp(bytes, mayHold);
    if (!isForSharp(bytes)) throw new RangeError('it is in none of the supported formats');
    const image = await decodeWithSharp(bytes, limits);
    mayHold(image.width, image.height);
    return image;
  } catch (cause) {
    if (cause instanceof ModelProblem) throw cause;
    const why = cause instanceof Error ? cause.message.split('\n')[0]!.trim().replace(/\.$/, '') : String(cause);
    if (/exceeds pixel limit/i.test(why)) throw pictureTooLarge(limits.maxPixels, cause);
    throw new ModelProblem('picture-not-decodable', { why, cause });
  }
}

async function decodeWithSharp(bytes: Uint8Array, limits: DecodeLimits): Promise<RgbImage> {
  const sharp = await loadSharp();
  const input = sharp(bytes, {
    limitInputPixels: limits.maxPixels,
    failOn: 'error',
    page: 0,
    pages: 1,
    autoOrient: true,
  });
  const { data, info } = await input
    .timeout({ seconds: limits.maxSeconds })
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: info.channels === 3 ? data : threeOf(data, info.channels) };
}

/** Converts grey to three equal channels, and drops channels beyond three. */
function threeOf(data: Uint8Array, channels: number): Uint8Array {
  const pixels = data.length / channels;
  const rgb = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = data[channels * i + (channels < 3 ? 0 : c)]!;
  }
  return rgb;
}

/** First bytes of the formats passed to sharp; undefined matches any byte. */
const SIGNATURES: readonly (readonly (number | undefined)[])[] = [
  [0xff, 0xd8, 0xff], // JPEG
  [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], // PNG
  [...ascii('RIFF'), ...Array<undefined>(4), ...ascii('WEBP')],
  ascii('GIF87a'),
  ascii('GIF89a'),
  [0x49, 0x49, 0x2a, 0x00], // TIFF, both byte orders, and BigTIFF
  [0x4d, 0x4d, 0x00, 0x2a],
  [0x49, 0x49, 0x2b, 0x00],
  [0x4d, 0x4d, 0x00, 0x2b],
  [...Array<undefined>(4), ...ascii('ftyp')], // AVIF
];

function isForSharp(bytes: Uint8Array): boolean {
  return SIGNATURES.some(
    (s) => bytes.length > s.length && s.every((byte, i) => byte === undefined || byte === bytes[i]),
  );
}

function ascii(text: string): number[] {
  return [...text].map((c) => c.charCodeAt(0));
}

/** Returns the bytes of a picture file. @throws ModelProblem as decodePicture, about the file */
export async function readBounded(path: string, maxBytes = DECODE_LIMITS.maxBytes): Promise<Uint8Array> {
  let file: FileHandle | null = null;
  try {
    // Checked before opening, because opening a pipe without a writer would block forever.
    const about = await stat(path);
    if (!about.isFile()) throw new ModelProblem('not-a-file', { path });
    if (about.size > maxBytes) throw fileTooLarge(maxBytes);
    file = await open(path, 'r');
    return await file.readFile();
  } catch (cause) {
    if (cause instanceof ModelProblem) throw cause;
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') {
      throw new ModelProblem('file-not-found', { path, cause });
    }
    throw new ModelProblem('file-not-readable', { path, why: code ?? 'unknown error', cause });
  } finally {
    await file?.close();
  }
}

function fileTooLarge(maxBytes: number): ModelProblem {
  return new ModelProblem('file-too-large', { limit: maxBytes });
}

function pictureTooLarge(maxPixels: number, cause?: unknown): ModelProblem {
  return new ModelProblem('picture-too-large', { limit: maxPixels, cause });
}

function pictureTooSmall(width: number, height: number, minSide: number): ModelProblem {
  return new ModelProblem('picture-too-small', { width, height, least: minSide });
}
