import { decodeQR } from 'qr/decode.js';

/*
 * QR codes, off the main thread and only while someone shows one: the worker is loaded with its screen and ends with
 * it. The browser's own reader is taken where there is one (Android, macOS, ChromeOS); on Linux the library reads.
 */

/** What the screen sends: a camera's pictures. Texts come out: no picture of a code is kept or sent. */
export type ToCodeWorker = ReadableStream<VideoFrame>;

export type FromCodeWorker =
  /** A QR code that can be read; not again while the same one stays. */
  | { type: 'code'; text: string }
  /** Reading can't go on; there will be no codes. */
  | { type: 'failed'; message: string };

/** Chromium's; not in TypeScript's DOM library. https://wicg.github.io/shape-detection-api/ */
declare class BarcodeDetector {
  constructor(options: { formats: readonly string[] });
  static getSupportedFormats(): Promise<string[]>;
  detect(image: ImageBitmapSource): Promise<{ rawValue: string }[]>;
}

/** Pictures a second: fluent for a hand that holds up a phone, and a processor left for the preview. */
const EVERY_MS = 90;
/** A code fills a good part of the picture, so more pixels make it slower and not surer. */
const LONG_SIDE = 960;
/** The same code again is the same showing of it for so long after it was last seen. */
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
      // This is how it reports that the picture has no readable code.
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
      // The browser's own reader may be there in name only; the library always is.
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
