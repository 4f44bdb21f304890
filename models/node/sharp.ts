import type { Box, RgbImage } from '../rules/image.ts';

/** Loads sharp at the first picture read or written: its 70 modules would delay a kiosk's start. */
export async function loadSharp() {
  const { default: sharp } = await import('sharp');
  // With thousands of different files, a cache of decoded pictures only uses memory. One thread per picture is enough, since
  // pictures are decoded concurrently anyway.
  sharp.cache(false);
  sharp.concurrency(1);
  return sharp;
}

interface JpegOptions {
  /** Longest side of the JPEG, pixels. Pictures are never enlarged. */
  readonly side: number;
  /** 1–100. */
  readonly quality: number;
  /** The area to keep, in whole pixels inside the picture; all of it by default. */
  readonly area?: Box;
  /** Full colour resolution (4:4:4). */
  readonly fineColours?: boolean;
}

/** Encodes the pixels as JPEG, in memory and without metadata. */
export async function encodeJpeg(
  { width, height, data }: RgbImage,
  { side, quality, area: [left, top, w, h] = [0, 0, width, height], fineColours = false }: JpegOptions,
): Promise<Uint8Array> {
  const sharp = await loadSharp();
  return sharp(data, { raw: { width, height, channels: 3 } })
    .extract({ left, top, width: w, height: h })
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality, chromaSubsampling: fineColours ? '4:4:4' : '4:2:0' })
    .toBuffer();
}
