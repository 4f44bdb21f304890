import { encodeJpeg } from '../../../models/node/sharp.ts';
import type { RgbImage } from '../../../models/rules/image.ts';

/** Longest side of a stored photo, pixels: enough to verify a dispute, no more. */
const PHOTO_SIDE = 320;

/** Encodes the very pixels that were matched as JPEG, in memory; metadata is never written. */
export const encodePhoto = (image: RgbImage): Promise<Uint8Array> =>
  encodeJpeg(image, { side: PHOTO_SIDE, quality: 80 });
