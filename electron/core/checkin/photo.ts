import sharp from 'sharp';
import type { RgbImage } from '../../../models/rules/image.ts';

/** Longest side of a stored photo, pixels: enough to verify a dispute, no more. */
const PHOTO_SIDE = 320;

/** Encodes the very pixels that were matched as JPEG, in memory; metadata is never written. */
export async function encodePhoto(image: RgbImage): Promise<Uint8Array> {
  return sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
    .resize(PHOTO_SIDE, PHOTO_SIDE, { fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 80 })
    .toBuffer();
}
