import { framesOf } from '../track-processor.ts';
import type { FromCodeWorker, ToCodeWorker } from './worker.ts';

const newWorker = (): Worker => new Worker(new URL('./worker.ts', import.meta.url), { type: 'classic' });

/**
 * Looks for QR codes in a camera's track until it is stopped. The worker, and with it the decoder, is fetched now: who
 * never shows a code never loads it.
 *
 * @param onFailed once, when codes can't be read: the worker could not be loaded, or the camera's frames broke off
 * @returns how to stop
 */
export function readCodes(
  track: MediaStreamTrack,
  onCode: (text: string) => void,
  onFailed: (message: string) => void,
  start: () => Worker = newWorker,
): () => void {
  const worker = start();
  // A copy of its own: the preview and face detection go on with theirs.
  const copy = track.clone();
  let over = false;
  const stop = (): void => {
    over = true;
    worker.terminate();
    copy.stop();
  };
  const fail = (message: string): void => {
    if (over) return;
    stop();
    onFailed(message);
  };
  worker.onmessage = ({ data }: MessageEvent<FromCodeWorker>) => {
    if (over) return;
    if (data.type === 'code') onCode(data.text);
    else fail(data.message);
  };
  worker.onerror = (event) => fail(event.message);
  const frames = framesOf(copy);
  worker.postMessage(frames satisfies ToCodeWorker, [frames]);
  return stop;
}
