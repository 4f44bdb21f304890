import { z } from 'zod';

/** The most pixels a screen may send in one picture: 1280 × 1280. A larger one is refused at the boundary. */
export const MAX_PICTURE_PIXELS = 1280 * 1280;

/** A picture sent from the screen to the core: RGB, 8 bits per channel, row-major. Never leaves the machine. */
export const Picture = z
  .strictObject({
    width: z.number().int().min(16).max(1280),
    height: z.number().int().min(16).max(1280),
    data: z.instanceof(Uint8Array),
  })
  .refine((p) => p.data.length === p.width * p.height * 3, { message: 'data must hold width × height × 3 bytes' });
export type Picture = z.infer<typeof Picture>;

/**
 * One sample of a face: a crop of the camera frame around it, and the position of the face in that crop. `others` counts the
 * further faces in the whole frame that could be meant: two people in front of the camera are never one check-in. For an
 * enrolment every face counts; for a check-in only those about as near as the nearest.
 */
export const FaceFrame = z.strictObject({
  picture: Picture,
  /** Face box in the crop's pixels: left, top, width, height. */
  box: z.tuple([z.number(), z.number(), z.number().positive(), z.number().positive()]),
  others: z.number().int().min(0).max(100),
  /**
   * Where the crop is in the camera's frame: `frame = (x, y) + crop × scale`. The crop follows the face, so without this liveness
   * can't judge head movements or whether the face comes closer.
   */
  place: z.strictObject({ x: z.number(), y: z.number(), scale: z.number().positive() }).optional(),
  /** Milliseconds on the screen's own clock; gives the order of the frames in a burst. */
  takenAt: z.number().nonnegative(),
});
export type FaceFrame = z.infer<typeof FaceFrame>;
