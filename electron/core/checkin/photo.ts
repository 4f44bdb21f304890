import { encodeJpeg } from '../../../models/node/sharp.ts';
import type { RgbImage } from '../../../models/rules/image.ts';

/** Longest side of a stored photo, pixels: just enough to settle a dispute. */
const PHOTO_SIDE = 320;

/** Encodes exactly the pixels that were matched as JPEG, in memory. Metadata is never written. */
export const encodePhoto = (image: RgbImage): Promise<Uint8Array> =>
  encodeJpeg(image, { side: PHOTO_SIDE, quality: 80 });
