import type { Box, RgbImage } from '../rules/image.ts';

/** sharp, loaded with the first picture that is read or written: its 70 modules would keep a kiosk's start waiting. */
export async function loadSharp() {
  const { default: sharp } = await import('sharp');
  // Thousands of different files: a cache of decoded pictures only holds memory. One thread a picture, since pictures
  // are decoded side by side anyway.
  sharp.cache(false);
  sharp.concurrency(1);
  return sharp;
}

interface JpegOptions {
  /** Longest side of the JPEG, pixels; nothing is enlarged. */
  readonly side: number;
  /** 1–100. */
  readonly quality: number;
  /** What of the picture is kept, whole pixels inside it; all of it by default. */
  readonly area?: Box;
  /** Colours as fine as brightness (4:4:4). */
  readonly fineColours?: boolean;
}

/** The pixels as JPEG, in memory and without metadata. */
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
