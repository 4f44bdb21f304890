import { framesOf } from '../track-processor.ts';
import type { Detection, FromWorker, ToWorker } from './messages.ts';

/** Detection counters, for the bench and the tests; read at `window.smartpresenceMetrics`. */
export interface VisionMetrics {
  /** Frames detected since the page was opened. */
  frames: number;
  /** Sum of the time inside the detector, ms. */
  detectMs: number;
  /** Time for the last frame, ms. */
  lastDetectMs: number;
  /** Time to load runtime and model, ms; null until done. */
  loadMs: number | null;
  /** `performance.now()` of the page when the first frame had been detected; null until then. */
  firstFrameAt: number | null;
  faces: number;
  probes: number;
}

export interface FaceDetector {
  /** Detects faces in this track's frames until it ends or another track replaces it. */
  watch(track: MediaStreamTrack): void;
  /** Requests pixels with one of the next frames. */
  sample(crop: boolean): void;
  /** Sets the least time between two detections, ms: for when no one is here or another screen is shown. */
  pace(ms: number): void;
  readonly metrics: VisionMetrics;
  stop(): void;
}

/** The worker is restarted after this many frames in a row that could not be processed. */
export const MOST_STUMBLES = 5;
/** Delay before the restart, ms. Doubles each time that none of a worker's frames could be processed. */
export const RESTART_MS = 2_000;
/** After this many such workers in a row, the screen shows the problem. */
export const MOST_RESTARTS = 4;
/** Time between two attempts to load runtime and model, ms. */
export const RELOAD_MS = 60_000;

const newWorker = (): Worker => new Worker(new URL('./worker.ts', import.meta.url), { type: 'classic' });

/**
 * Starts the detection worker with the first track, and restarts it when it fails, so that nobody has to reload the page. If
 * every frame fails, the pauses grow to a minute, so that a machine that can't detect is not kept busy with loading.
 *
 * @param onSeen called for each frame
 * @param onTrouble called with a message if runtime or model could not be loaded, or MOST_RESTARTS workers saw no frame; both
 *   are retried, eventually every minute; called with null once a worker is loaded
 * @param start creates another worker than the product's, for the bench and the tests
 */
export function openFaceDetector(
  onSeen: (s: Detection) => void,
  onTrouble: (message: string | null) => void,
  start: () => Worker = newWorker,
): FaceDetector {
  const metrics: VisionMetrics = {
    frames: 0,
    detectMs: 0,
    lastDetectMs: 0,
    loadMs: null,
    firstFrameAt: null,
    faces: 0,
    probes: 0,
  };
  let worker: Worker | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stumbles = 0;
  /** Consecutive workers that were terminated without having seen a frame. */
  let blind = 0;
  // What has to be sent to a new worker again.
  let pace = 0;
  let watched: MediaStreamTrack | null = null;
  let asked: { crop: boolean } | null = null;

  const send = (message: ToWorker, transfer: Transferable[] = []): void => worker?.postMessage(message, transfer);
  const at = (path: string): string => new URL(path, location.href).href;

  function sendFrames(track: MediaStreamTrack): void {
    const frames = framesOf(track);
    send({ type: 'frames', frames }, [frames]);
  }

  function open(): void {
    const mine = start();
    let ready = false;
    /** Offset from this worker's clock to the page's. Without it, time would jump back with each new worker. */
    let clock: number | null = null;
    worker = mine;
    stumbles = 0;
    const loadFailed = (message: string): void => {
      onTrouble(message);
      again(RELOAD_MS);
    };
    mine.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (worker !== mine) return;
      switch (data.type) {
        case 'seen':
          stumbles = 0;
          blind = 0;
          if (data.sample) asked = null;
          count(data);
          clock ??= performance.now() - data.at;
          // The last frame of a camera that is gone: no other would follow to end a visit that it begins.
          if (watched?.readyState !== 'live') return;
          return onSeen({ ...data, at: data.at + clock });
        case 'ready':
          ready = true;
          metrics.loadMs = data.loadMs;
          // Not derived from the first frame, whose detection takes long, because coloured light is timed by this clock.
          if (data.origin !== undefined) clock = data.origin - performance.timeOrigin;
          // Reported even if earlier workers saw nothing: the screen had released the camera, and now supplies frames to try.
          return onTrouble(null);
        case 'stumbled':
          stumbles++;
          if (data.ended || stumbles >= MOST_STUMBLES) restart(data.message);
          return;
        case 'failed':
          return loadFailed(data.message);
      }
    };
    // The script itself failed: it could not be fetched, or threw an uncaught error.
    mine.onerror = ({ message }) => {
      if (worker !== mine) return;
      if (ready) restart(message);
      else loadFailed(message);
    };
    send({
      type: 'load',
      runtime: at('/models/mediapipe'),
      model: at('/models/weights/face_detection_short_range.tflite'),
    });
    if (pace > 0) send({ type: 'pace', ms: pace });
    if (asked) send({ type: 'sample', crop: asked.crop });
    // A track that has ended gives no frames. The camera will open another one.
    if (watched?.readyState === 'live') sendFrames(watched);
  }

  function restart(message: string): void {
    again(Math.min(RELOAD_MS, RESTART_MS * 2 ** blind));
    blind++;
    if (blind >= MOST_RESTARTS) onTrouble(message);
  }

  /** Terminates this worker and starts another one after a pause. */
  function again(ms: number): void {
    worker?.terminate();
    worker = null;
    clearTimeout(timer);
    timer = setTimeout(open, ms);
  }

  function count({ detectMs, faces }: Detection): void {
    metrics.frames++;
    metrics.detectMs += detectMs;
    metrics.lastDetectMs = detectMs;
    metrics.faces = faces.length;
    metrics.firstFrameAt ??= performance.now();
  }

  return {
    pace(ms) {
      if (ms !== pace) send({ type: 'pace', ms });
      pace = ms;
    },
    watch(track) {
      watched = track;
      if (worker) sendFrames(track);
      else if (!timer) open(); // loading it earlier would delay the first picture
    },
    sample(crop) {
      asked = { crop: crop || (asked?.crop ?? false) };
      send({ type: 'sample', crop });
    },
    metrics,
    stop() {
      clearTimeout(timer);
      worker?.terminate();
      worker = null;
    },
  };
}
