import { type Detection, FaceDetector } from '@mediapipe/tasks-vision';
import type { FaceSample, FoundFace, FromWorker, ToWorker } from './messages.ts';
import { CROP_SIDE, laplacianVariance, lumaBehind, lumaStats, planCrop, rgbOf } from './pixels.ts';

/*
 * Face detection, off the main thread, so that neither it nor the screen waits for the other. Frames arrive straight from
 * the camera's track as a transferred stream, so the main thread does not touch them. Each is detected and closed. The stream
 * keeps only the newest, so a slow machine skips frames and never lags behind.
 *
 * This must be a classic worker: MediaPipe loads its runtime with importScripts, which module workers lack.
 */

const post = (message: FromWorker, transfer: Transferable[] = []): void => self.postMessage(message, { transfer });

/** Side of the face picture in which brightness and sharpness are measured, pixels. */
const FACE = 112;
const canvasOf = (w: number, h: number) => {
  const canvas = new OffscreenCanvas(w, h);
  // Kept in main memory, because it is read back every time and no read should wait for a GPU.
  return canvas.getContext('2d', { willReadFrequently: true, alpha: false })!;
};
/** Side of the picture in which the background's light is measured, pixels. */
const BEHIND = 24;
const small = canvasOf(32, BEHIND);
const faceCanvas = canvasOf(FACE, FACE);
const cropCanvas = canvasOf(CROP_SIDE, CROP_SIDE);
const luma = new Float32Array(FACE * FACE);

let detector: FaceDetector | null = null;
let wanted: { crop: boolean } | null = null;
/** Nobody was in the last frame. The first one with a face then includes its pixels without a request. */
let nobody = true;
let reader: ReadableStreamDefaultReader<VideoFrame> | null = null;
let lastStamp = 0;
let pace = 0;

async function load(runtime: string, model: string): Promise<void> {
  const from = performance.now();
  detector = await FaceDetector.createFromOptions(
    { wasmLoaderPath: `${runtime}/vision_wasm_internal.js`, wasmBinaryPath: `${runtime}/vision_wasm_internal.wasm` },
    { baseOptions: { modelAssetPath: model, delegate: 'CPU' }, runningMode: 'VIDEO', minDetectionConfidence: 0.5 },
  );
  post({ type: 'ready', loadMs: performance.now() - from, origin: performance.timeOrigin });
}

function found({ boundingBox: b, categories, keypoints }: Detection, width: number, height: number): FoundFace {
  return {
    box: [b!.originX, b!.originY, b!.width, b!.height],
    score: categories[0]?.score ?? 0,
    points: keypoints.map((p) => [p.x * width, p.y * height] as const),
  };
}

function sampleOf(frame: VideoFrame, face: FoundFace | undefined, crop: boolean): FaceSample {
  const { displayWidth: width, displayHeight: height } = frame;
  if (!face) {
    small.drawImage(frame, 0, 0, 32, BEHIND);
    return { frame: lumaStats(small.getImageData(0, 0, 32, BEHIND).data), face: null, crop: null };
  }
  // Each drawing of a video frame converts all of it. So it is drawn once, and measured from the crop.
  const plan = planCrop(face.box, width, height);
  const { from, side } = plan;
  cropCanvas.drawImage(frame, from.x, from.y, from.side, from.side, 0, 0, side, side);
  const [x, y, w, h] = plan.box;
  faceCanvas.drawImage(cropCanvas.canvas, x, y, w, h, 0, 0, FACE, FACE);
  const pixels = faceCanvas.getImageData(0, 0, FACE, FACE).data;
  const { mean, deviation } = lumaStats(pixels);
  small.drawImage(cropCanvas.canvas, 0, 0, side, side, 0, 0, BEHIND, BEHIND);
  const shrunk = plan.box.map((v) => (v * BEHIND) / side) as [number, number, number, number];
  const around = lumaBehind(small.getImageData(0, 0, BEHIND, BEHIND).data, BEHIND, shrunk);
  const sharpness = laplacianVariance(pixels, FACE, luma);
  const measured = { brightness: mean, contrast: deviation, sharpness, around };
  if (!crop) return { frame: null, face: measured, crop: null };
  const data = rgbOf(cropCanvas.getImageData(0, 0, side, side).data);
  return {
    frame: null,
    face: measured,
    crop: { width: side, height: side, data, box: plan.box, place: { x: from.x, y: from.y, scale: from.side / side } },
  };
}

function see(frame: VideoFrame): void {
  if (!detector) return;
  const at = performance.now();
  if (at - lastStamp < pace) return;
  // MediaPipe requires strictly increasing timestamps, even across cameras.
  lastStamp = Math.max(at, lastStamp + 0.001);
  const { displayWidth: width, displayHeight: height } = frame;
  const faces = detector
    .detectForVideo(frame, lastStamp)
    .detections.filter((d) => d.boundingBox)
    .map((d) => found(d, width, height))
    .sort((a, b) => b.box[2] * b.box[3] - a.box[2] * a.box[3]);
  const detectMs = performance.now() - at;
  const ask = nobody && faces.length > 0 ? { crop: true } : wanted;
  nobody = faces.length === 0;
  wanted = null;
  let sample: FaceSample | null;
  try {
    sample = ask ? sampleOf(frame, faces[0], ask.crop) : null;
  } catch (error) {
    wanted ??= ask; // still requested
    throw error;
  }
  post({ type: 'seen', at, width, height, faces, detectMs, sample }, sample?.crop ? [sample.crop.data.buffer] : []);
}

async function follow(frames: ReadableStream<VideoFrame>): Promise<void> {
  const old = reader;
  const mine = frames.getReader();
  reader = mine;
  await old?.cancel().catch(() => undefined); // fails if the camera is gone already
  while (reader === mine) {
    const { done, value } = await mine.read();
    if (done) return;
    try {
      if (reader === mine) see(value);
    } catch (error) {
      // A single failed frame is skipped. The page counts how many fail in a row.
      post({ type: 'stumbled', message: messageOf(error), ended: false });
    } finally {
      value.close();
    }
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.type === 'load')
    load(data.runtime, data.model).catch((error) => post({ type: 'failed', message: messageOf(error) }));
  else if (data.type === 'frames')
    follow(data.frames).catch((error) => post({ type: 'stumbled', message: messageOf(error), ended: true }));
  else if (data.type === 'pace') pace = data.ms;
  else wanted = { crop: data.crop || (wanted?.crop ?? false) };
};
