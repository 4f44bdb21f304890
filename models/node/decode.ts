import { open } from 'node:fs/promises';
import sharp from 'sharp';
import type { RgbImage } from '../rules/image.ts';
import { ModelProblem } from '../rules/problem.ts';

/** Limits against files made to exhaust the machine. */
export interface DecodeLimits {
  /** Largest file, bytes. */
  readonly maxBytes: number;
  /** Most pixels of a picture, checked from its header before any is decoded. */
  readonly maxPixels: number;
  /** Shortest side, pixels. */
  readonly minSide: number;
}

export const DECODE_LIMITS: DecodeLimits = { maxBytes: 64 * 2 ** 20, maxPixels: 100_000_000, minSide: 16 };

/**
 * Decodes a picture file to RGB, upright by its EXIF orientation: JPEG, PNG, WebP, GIF (first frame), TIFF, AVIF.
 * Colour profiles and CMYK become sRGB; transparency is laid on white.
 *
 * @throws ModelProblem `file-not-found`, `not-a-file`, `file-not-readable`, `empty-file`, `file-too-large`,
 *   `picture-not-decodable`, `picture-too-large`, `picture-too-small`
 */
export async function decodePicture(path: string, limits: DecodeLimits = DECODE_LIMITS): Promise<RgbImage> {
  return decodeBytes(await readBounded(path, limits.maxBytes), limits);
}

/** As decodePicture, of bytes that are in memory. */
export async function decodeBytes(bytes: Uint8Array, limits: DecodeLimits = DECODE_LIMITS): Promise<RgbImage> {
  if (bytes.length === 0) throw new ModelProblem('empty-file', 'The file is empty.', 'Choose another picture.');
  if (bytes.length > limits.maxBytes) throw tooLargeFile(bytes.length, limits.maxBytes);
  let image: RgbImage;
  try {
    const { data, info } = await sharp(bytes, { limitInputPixels: limits.maxPixels, failOn: 'error', pages: 1 })
      .rotate()
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    image = { width: info.width, height: info.height, data: info.channels === 3 ? data : widen(data, info.channels) };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);
    if (/exceeds pixel limit/i.test(why)) {
      throw new ModelProblem(
        'picture-too-large',
        `The picture has more than ${limits.maxPixels} pixels.`,
        'Make it smaller first.',
        { cause },
      );
    }
    throw new ModelProblem(
      'picture-not-decodable',
      `The file is no picture that can be read: ${why}.`,
      'Choose a JPEG or PNG file.',
      { cause },
    );
  }
  if (Math.min(image.width, image.height) < limits.minSide) {
    throw new ModelProblem(
      'picture-too-small',
      `The picture has ${image.width}×${image.height} pixels; each side needs ${limits.minSide} or more.`,
      'Choose a larger picture.',
    );
  }
  return image;
}

function widen(data: Uint8Array, channels: number): Uint8Array {
  const pixels = data.length / channels;
  const rgb = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) rgb.fill(data[i * channels]!, 3 * i, 3 * i + 3);
  return rgb;
}

async function readBounded(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      const about = await file.stat();
      if (!about.isFile()) throw new ModelProblem('not-a-file', `${path} is not a file.`, 'Name a picture file.');
      if (about.size > maxBytes) throw tooLargeFile(about.size, maxBytes);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof ModelProblem) throw cause;
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT')
      throw new ModelProblem('file-not-found', `${path} does not exist.`, 'Check the name.', { cause });
    throw new ModelProblem(
      'file-not-readable',
      `${path} can't be read (${code ?? 'unknown error'}).`,
      'Check its rights.',
      { cause },
    );
  }
}

function tooLargeFile(size: number, maxBytes: number): ModelProblem {
  return new ModelProblem(
    'file-too-large',
    `The file has ${size} bytes; at most ${maxBytes} are read.`,
    'Make it smaller first.',
  );
}
