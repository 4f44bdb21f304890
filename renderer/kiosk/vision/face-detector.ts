import { framesOf } from '../track-processor.ts';
import type { Detection, FromWorker, ToWorker } from './messages.ts';

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
  faces: number;
  probes: number;
}

export interface FaceDetector {
  /** Detects in this track's frames until it ends or another one takes its place. */
  watch(track: MediaStreamTrack): void;
  /** Asks for pixels with one of the next frames. */
  sample(crop: boolean): void;
  /** At least this many ms between two detections, while no one is there or another screen is shown. */
  pace(ms: number): void;
  readonly metrics: VisionMetrics;
  stop(): void;
}

/** So many frames in a row that can't be seen, and the worker is restarted. */
export const MOST_STUMBLES = 5;
/** Before a worker that stumbled is restarted; twice as long each time that none of its frames could be seen. */
export const RESTART_MS = 2_000;
/** So many workers in a row that saw no frame, and the screen shows it as a problem. */
export const MOST_RESTARTS = 4;
/** Between two attempts to load runtime and model. */
export const RELOAD_MS = 60_000;

const newWorker = (): Worker => new Worker(new URL('./worker.ts', import.meta.url), { type: 'classic' });

/**
 * Starts the detection worker with the first track, and restarts it when it fails: nobody has to reload the page for it.
 * Where every frame fails the pauses grow to a minute: a machine that can't detect is not kept busy with loading.
 *
 * @param onSeen called for each frame
 * @param onTrouble with a message when runtime or model could not be loaded, or MOST_RESTARTS workers saw no frame; both
 *   are tried again, at last each minute; with null when there is one that was loaded
 * @param start another worker than the product's, for the bench and the tests
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
  /** Workers in a row that were let go without having seen a frame. */
  let blind = 0;
  // What a new worker has to be sent again.
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
    /** Offset from this worker's clock to the page's: otherwise time would jump back with each new worker. */
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
          return onSeen({ ...data, at: data.at + clock });
        case 'ready':
          ready = true;
          metrics.loadMs = data.loadMs;
          // Not from the first frame, whose detection takes long: coloured light is timed by it.
          if (data.origin !== undefined) clock = data.origin - performance.timeOrigin;
          // Also after others that saw nothing: the screen has closed the camera, and gives it frames to try on.
          return onTrouble(null);
        case 'stumbled':
          stumbles++;
          if (data.ended || stumbles >= MOST_STUMBLES) restart(data.message);
          return;
        case 'failed':
          return loadFailed(data.message);
      }
    };
    // The script itself: could not be fetched, or threw where nothing caught it.
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
    // A track that has ended gives no frames: the camera finds another one.
    if (watched?.readyState === 'live') sendFrames(watched);
  }

  function restart(message: string): void {
    again(Math.min(RELOAD_MS, RESTART_MS * 2 ** blind));
    blind++;
    if (blind >= MOST_RESTARTS) onTrouble(message);
  }

  /** Lets this worker go and starts another one after a pause. */
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
      else if (!timer) open(); // loaded any earlier, it would keep the first picture waiting
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
