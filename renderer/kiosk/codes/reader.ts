import { framesOf } from '../track-processor.ts';
import type { FromCodeWorker, ToCodeWorker } from './worker.ts';

const newWorker = (): Worker => new Worker(new URL('./worker.ts', import.meta.url), { type: 'classic' });

/**
 * Looks for QR codes in a camera's track until it is stopped. Only this loads the worker with the decoder, so nothing is
 * loaded where nobody shows a code.
 *
 * @param onFailed called once if codes can't be read: the worker could not be loaded, or the frames stopped
 * @returns a function that stops
 */
export function readCodes(
  track: MediaStreamTrack,
  onCode: (text: string) => void,
  onFailed: (message: string) => void,
  start: () => Worker = newWorker,
): () => void {
  const worker = start();
  // A separate copy, so that the preview and face detection are not affected.
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
