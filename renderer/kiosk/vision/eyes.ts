import type { FromWorker, Sighting, ToWorker } from './messages.ts';

/** Chromium's; not in TypeScript's DOM library. https://www.w3.org/TR/mediacapture-transform/ */
declare class MediaStreamTrackProcessor {
  constructor(init: { track: MediaStreamTrack; maxBufferSize?: number });
  readonly readable: ReadableStream<VideoFrame>;
}

/** Honest counters of detection, for the bench and the tests; read at `window.smartpresenceMetrics`. */
export interface VisionMetrics {
  /** Frames detected since the page was opened. */
  frames: number;
  /** Sum of the time inside the detector, ms. */
  detectMs: number;
  /** Of the last frame, ms. */
  lastDetectMs: number;
  /** Loading of runtime and model, ms; null until done. */
  loadMs: number | null;
  /** `performance.now()` of the page when the first frame had been detected; null until then. */
  firstFrameAt: number | null;
  /** Faces in the last frame. */
  faces: number;
  /** Crops sent to the core. */
  probes: number;
}

export interface Eyes {
  /** Detects in this track's frames until it ends or another one takes its place. */
  watch(track: MediaStreamTrack): void;
  /** Asks for pixels with one of the next frames. */
  look(crop: boolean): void;
  /** At least this many ms between two detections: nobody is there, or another screen is shown. */
  pace(ms: number): void;
  readonly metrics: VisionMetrics;
  stop(): void;
}

/**
 * Starts the detection worker.
 *
 * @param onSeen called for each frame
 * @param onFailed the runtime or the model could not be loaded; there will be no frames
 * @param worker another worker than the product's, for the bench
 */
export function openEyes(
  onSeen: (s: Sighting) => void,
  onFailed: (message: string) => void,
  worker: Worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'classic' }),
): Eyes {
  const send = (message: ToWorker, transfer: Transferable[] = []): void => worker.postMessage(message, transfer);
  const metrics: VisionMetrics = {
    frames: 0,
    detectMs: 0,
    lastDetectMs: 0,
    loadMs: null,
    firstFrameAt: null,
    faces: 0,
    probes: 0,
  };
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    if (data.type === 'seen') {
      metrics.frames++;
      metrics.detectMs += data.detectMs;
      metrics.lastDetectMs = data.detectMs;
      metrics.faces = data.faces.length;
      metrics.firstFrameAt ??= performance.now();
      onSeen(data);
    } else if (data.type === 'ready') metrics.loadMs = data.loadMs;
    else onFailed(data.message);
  };
  worker.onerror = (event) => onFailed(event.message);
  const at = (path: string): string => new URL(path, location.href).href;
  send({
    type: 'load',
    runtime: at('/models/mediapipe'),
    model: at('/models/weights/face_detection_short_range.tflite'),
  });
  let pace = 0;
  return {
    pace(ms) {
      if (ms !== pace) send({ type: 'pace', ms });
      pace = ms;
    },
    watch(track) {
      const frames = new MediaStreamTrackProcessor({ track, maxBufferSize: 1 }).readable;
      send({ type: 'frames', frames }, [frames]);
    },
    look: (crop) => send({ type: 'look', crop }),
    metrics,
    stop: () => worker.terminate(),
  };
}
