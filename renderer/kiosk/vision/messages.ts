import type { Box } from '../../../models/rules/image.ts';

/** Messages between screen and detection worker. Of the frames, only the requested crops are sent back. */
export type ToWorker =
  /** Loads runtime and model. Both are absolute URLs on the page's own origin. */
  | { type: 'load'; runtime: string; model: string }
  /** A camera's frames, from now until the stream ends. Replaces any earlier stream. */
  | { type: 'frames'; frames: ReadableStream<VideoFrame> }
  /** Requests pixels with one of the next frames. `crop`: also the face as RGB, to be sent to the core. */
  | { type: 'sample'; crop: boolean }
  /** Least time between two detections, ms. Frames in between are skipped. */
  | { type: 'pace'; ms: number };

export type FromWorker =
  /** `origin`: what the worker's clock counts from (`performance.timeOrigin`). */
  | { type: 'ready'; loadMs: number; origin?: number }
  /** Runtime or model could not be loaded: there will be no frames. */
  | { type: 'failed'; message: string }
  /** A frame could not be processed. `ended`: the stream itself is broken and will deliver no more. */
  | { type: 'stumbled'; message: string; ended: boolean }
  | ({ type: 'seen' } & Detection);

export interface FoundFace {
  readonly box: Box;
  readonly score: number;
  /** MediaPipe's six points in order: the two eyes, nose tip, mouth, the two ears; the person's right comes first. */
  readonly points: readonly (readonly [number, number])[];
}

export interface Detection {
  /** ms; only differences are meaningful. From the worker on its own clock, from the face detector on the page's. */
  readonly at: number;
  readonly width: number;
  readonly height: number;
  /** Largest first. */
  readonly faces: readonly FoundFace[];
  readonly detectMs: number;
  readonly sample: FaceSample | null;
}

export interface FaceSample {
  /** Mean and spread of the whole frame's luma, 0..255; only measured without a face. */
  readonly frame: { readonly mean: number; readonly deviation: number } | null;
  /** Of the largest face; null if there is none. */
  readonly face: {
    readonly brightness: number;
    readonly contrast: number;
    readonly sharpness: number;
    /** Luma of the brighter half of the background behind the head, 0..255; null if the face hides all of it. */
    readonly around: number | null;
  } | null;
  readonly crop: FaceCrop | null;
}

/** RGB picture of the largest face and its surroundings, and the face's box in it. */
export interface FaceCrop {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array<ArrayBuffer>;
  readonly box: Box;
  /** Where it was cut from: `frame = (x, y) + crop × scale`. Liveness judges movement by it. */
  readonly place: { readonly x: number; readonly y: number; readonly scale: number };
}
