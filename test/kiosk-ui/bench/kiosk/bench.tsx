import '../../../../renderer/kiosk/style/kiosk.css';
import { FaceDetector } from '@mediapipe/tasks-vision';
import { signal } from '@preact/signals';
import { render } from 'preact';
import { openChannel, readCoreState } from '../../../../electron/contract/connect.ts';
import { App } from '../../../../renderer/kiosk/app.tsx';
import { ENGLISH } from '../../../../renderer/kiosk/i18n.ts';
import { createKiosk } from '../../../../renderer/kiosk/kiosk.ts';
import { keepTheme } from '../../../../renderer/kiosk/theme.ts';
import { initI18n } from '../../../../renderer/shared/i18n.ts';
import { nextTask } from './next-task.ts';

/*
 * Detection with the whole kiosk screen running, against detection alone: the same frames, decoded beforehand, as fast
 * as the detector takes them. `?mode=screen` draws the real screen (camera preview, ring, probes to the core) over a
 * stream of these frames; `?mode=bare` is MediaPipe's detector in an empty page, on the main thread, as its own
 * documentation has it.
 */

declare class MediaStreamTrackProcessor {
  constructor(init: { track: MediaStreamTrack; maxBufferSize?: number });
  readonly readable: ReadableStream<VideoFrame>;
}

const FRAMES = 45;

/** Frames of the (fake) camera, copied out of it so that none has to be decoded later. */
async function decodedFrames(): Promise<VideoFrame[]> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 } });
  const reader = new MediaStreamTrackProcessor({
    track: stream.getVideoTracks()[0]!,
    maxBufferSize: 1,
  }).readable.getReader();
  const frames: VideoFrame[] = [];
  while (frames.length < FRAMES) {
    const { value } = await reader.read();
    if (!value) break;
    frames.push(new VideoFrame(await createImageBitmap(value), { timestamp: value.timestamp }));
    value.close();
  }
  await reader.cancel();
  for (const track of stream.getTracks()) track.stop();
  return frames;
}

async function bare(frames: VideoFrame[]): Promise<(ms: number) => Promise<number>> {
  const detector = await FaceDetector.createFromOptions(
    {
      wasmLoaderPath: '/models/mediapipe/vision_wasm_internal.js',
      wasmBinaryPath: '/models/mediapipe/vision_wasm_internal.wasm',
    },
    {
      baseOptions: { modelAssetPath: '/models/weights/face_detection_short_range.tflite', delegate: 'CPU' },
      runningMode: 'VIDEO',
      minDetectionConfidence: 0.5,
    },
  );
  let n = 0;
  return async (ms) => {
    const from = performance.now();
    const before = n;
    while (performance.now() - from < ms) {
      detector.detectForVideo(frames[n % frames.length]!, performance.now());
      n++;
      // Lets the page breathe after each frame, by the same means as the product’s worker gets its frames.
      await nextTask();
    }
    return ((n - before) * 1000) / (performance.now() - from);
  };
}

async function screen(frames: VideoFrame[]): Promise<(ms: number) => Promise<number>> {
  const worker = new Worker(new URL('./bench-worker.ts', import.meta.url), { type: 'classic' });
  worker.postMessage({ type: 'bench', frames }, frames);
  void initI18n({ en: ENGLISH }, 'en');
  keepTheme(document.documentElement, '?theme=dark', () => new Date(), signal('auto'));
  const kiosk = createKiosk({
    carrier: { open: openChannel, coreState: readCoreState },
    devices: navigator.mediaDevices,
    worker: () => worker,
  });
  render(<App kiosk={kiosk} />, document.getElementById('app')!);
  return async (ms) => {
    const before = kiosk.detector.metrics.frames;
    const from = performance.now();
    await new Promise((resolve) => setTimeout(resolve, ms));
    return ((kiosk.detector.metrics.frames - before) * 1000) / (performance.now() - from);
  };
}

const frames = await decodedFrames();
const mode = new URLSearchParams(location.search).get('mode');
const measure = mode === 'bare' ? await bare(frames) : await screen(frames);
await measure(1_500); // warm
Object.assign(window, { measure });
