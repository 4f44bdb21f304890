import sharp from 'sharp';
import type { Box, RgbImage } from '../rules/image.ts';

/** Room that is left around a face on each side, as a share of its box: enough to find it in the cut again. */
const BORDER = 0.6;
/** Longest side of a cut, pixels. */
const SIDE = 480;

/** The face alone as JPEG, in memory, no metadata: what is around it, and what the file said of itself, is gone. */
export async function cutFace(image: RgbImage, box: Box): Promise<Uint8Array> {
  const [x, y, width, height] = box;
  const left = Math.max(0, Math.floor(x - width * BORDER));
  const top = Math.max(0, Math.floor(y - height * BORDER));
  const right = Math.min(image.width, Math.ceil(x + width * (1 + BORDER)));
  const bottom = Math.min(image.height, Math.ceil(y + height * (1 + BORDER)));
  return sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
    .extract({ left, top, width: right - left, height: bottom - top })
    .resize(SIDE, SIDE, { fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 88 })
    .toBuffer();
}
