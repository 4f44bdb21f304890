import { decodeQR } from 'qr/decode.js';

/*
 * Reads QR codes off the main thread, only while someone shows one: the worker starts and ends with its screen. Uses the
 * browser's own reader where there is one (Android, macOS, ChromeOS), and the library on Linux.
 */

/** What the screen sends: a camera's pictures. Only texts are returned. No picture of a code is kept or sent. */
export type ToCodeWorker = ReadableStream<VideoFrame>;

export type FromCodeWorker =
  /** The text of a QR code; sent once while the same code is shown. */
  | { type: 'code'; text: string }
  /** Reading failed for good: no more codes. */
  | { type: 'failed'; message: string };

/** Chromium's; not in TypeScript's DOM library. https://wicg.github.io/shape-detection-api/ */
declare class BarcodeDetector {
  constructor(options: { formats: readonly string[] });
  static getSupportedFormats(): Promise<string[]>;
  detect(image: ImageBitmapSource): Promise<{ rawValue: string }[]>;
}

/** Interval between pictures, ms: fluent for a hand holding up a phone, and leaves processor time for the preview. */
const EVERY_MS = 90;
/** A code fills much of the picture, so more pixels would make reading slower but no more reliable. */
const LONG_SIDE = 960;
/** The same code seen again within this time counts as still being shown. */
const SAME_MS = 2_000;

type Read = (frame: VideoFrame) => Promise<string | null>;

const post = (message: FromCodeWorker): void => self.postMessage(message);

async function ownReader(): Promise<Read | null> {
  if (typeof BarcodeDetector === 'undefined') return null;
  if (!(await BarcodeDetector.getSupportedFormats()).includes('qr_code')) return null;
  const detector = new BarcodeDetector({ formats: ['qr_code'] });
  return async (frame) => (await detector.detect(frame))[0]?.rawValue ?? null;
}

function libraryReader(): Read {
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext('2d', { willReadFrequently: true, alpha: false })!;
  return async (frame) => {
    const scale = Math.min(1, LONG_SIDE / Math.max(frame.displayWidth, frame.displayHeight));
    const width = Math.round(frame.displayWidth * scale);
    const height = Math.round(frame.displayHeight * scale);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.drawImage(frame, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    try {
      return decodeQR({ width, height, data });
    } catch {
      // A picture without a readable code is reported as an error.
      return null;
    }
  };
}

let last = { text: '', at: Number.NEGATIVE_INFINITY };

function seen(text: string): void {
  const at = performance.now();
  const again = text === last.text && at - last.at < SAME_MS;
  last = { text, at };
  if (!again) post({ type: 'code', text });
}

async function follow(frames: ToCodeWorker): Promise<void> {
  let read = (await ownReader().catch(() => null)) ?? libraryReader();
  let readAt = Number.NEGATIVE_INFINITY;
  const reader = frames.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    try {
      if (performance.now() - readAt < EVERY_MS) continue;
      readAt = performance.now();
      const text = await read(value);
      if (text) seen(text);
    } catch {
      // The browser may have its own reader in name only. The library always works.
      read = libraryReader();
    } finally {
      value.close();
    }
  }
}

self.onmessage = ({ data }: MessageEvent<ToCodeWorker>) => {
  follow(data).catch((error) =>
    post({ type: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
};
