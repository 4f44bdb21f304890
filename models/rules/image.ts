/** Pixels as every part of the face pipeline takes them: RGB, 8 bits a channel, row-major, no padding, no alpha. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** `width * height * 3` bytes. */
  readonly data: Uint8Array;
}

/** A point in pixels, origin at the top left corner of the picture. */
export type Point = readonly [x: number, y: number];

/** A rectangle in pixels: left, top, width, height. May reach beyond the picture. */
export type Box = readonly [x: number, y: number, w: number, h: number];

/** Five facial points in the ArcFace order: left eye, right eye, nose, left and right mouth corner. */
export type FivePoints = readonly [Point, Point, Point, Point, Point];
