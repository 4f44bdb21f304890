/** Pixels as used throughout the face pipeline: RGB, 8 bits per channel, row-major, no padding, no alpha. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** `width * height * 3` bytes. */
  readonly data: Uint8Array;
}

/** A point in pixels; the origin is the picture's top left corner. */
export type Point = readonly [x: number, y: number];

/** A rectangle in pixels: left, top, width, height. May extend beyond the picture. */
export type Box = readonly [x: number, y: number, w: number, h: number];

/** Five facial points in the ArcFace order: left eye, right eye, nose, left and right mouth corner. */
export type FivePoints = readonly [Point, Point, Point, Point, Point];
