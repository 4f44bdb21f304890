import type { Box } from '../../../models/rules/image.ts';

/** What screen and detection worker say to each other. Frames never come back but as the crops that were asked for. */
export type ToWorker =
  /** Loads runtime and model; both are absolute addresses on the page's own origin. */
  | { type: 'load'; runtime: string; model: string }
  /** A camera's frames, from now until the stream ends; takes the place of any earlier one. */
  | { type: 'frames'; frames: ReadableStream<VideoFrame> }
  /** Asks for pixels with one of the next frames. `crop`: also the face as RGB, to be sent to the core. */
  | { type: 'sample'; crop: boolean }
  /** At least this many ms between two detections; frames in between are let go unseen. */
  | { type: 'pace'; ms: number };

export type FromWorker =
  /** `origin`: what the worker's clock counts from (`performance.timeOrigin`). */
  | { type: 'ready'; loadMs: number; origin?: number }
  /** Runtime or model could not be loaded; there will be no frames. */
  | { type: 'failed'; message: string }
  /** A frame could not be seen. `ended`: the stream itself is broken, and no more of it will come. */
  | { type: 'stumbled'; message: string; ended: boolean }
  | ({ type: 'seen' } & Detection);

export interface FoundFace {
  readonly box: Box;
  readonly score: number;
  /** MediaPipe's six points in order: the two eyes, nose tip, mouth, the two ears; the person's right comes first. */
  readonly points: readonly (readonly [number, number])[];
}

export interface Detection {
  /** ms; only differences mean anything. From the worker on its own clock, from the eyes on the page's. */
  readonly at: number;
  readonly width: number;
  readonly height: number;
  /** Largest first. */
  readonly faces: readonly FoundFace[];
  readonly detectMs: number;
  readonly sample: FaceSample | null;
}

export interface FaceSample {
  /** Mean and spread of the whole frame's luma, 0..255; measured when there is no face. */
  readonly frame: { readonly mean: number; readonly deviation: number } | null;
  /** Of the largest face; null when there is none. */
  readonly face: {
    readonly brightness: number;
    readonly contrast: number;
    readonly sharpness: number;
    /** Luma of the brighter half of what is behind the head, 0..255; null when the face leaves nothing of it. */
    readonly around: number | null;
  } | null;
  readonly crop: FaceCrop | null;
}

/** The largest face and its surroundings, RGB, and where the box is in it. */
export interface FaceCrop {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array<ArrayBuffer>;
  readonly box: Box;
  /** Where it was taken from: `frame = (x, y) + crop × scale`. Liveness judges moves by it. */
  readonly place: { readonly x: number; readonly y: number; readonly scale: number };
}
