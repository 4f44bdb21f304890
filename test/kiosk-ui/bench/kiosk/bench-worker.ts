import type { ToWorker } from '../../../../renderer/kiosk/vision/messages.ts';
import '../../../../renderer/kiosk/vision/worker.ts';
import { nextTask } from './next-task.ts';

/*
 * The product's own worker, fed from frames that were handed over once: the camera's stream is let go, so that neither
 * its rate nor the main thread's time decides how many frames there are.
 */
const product = self.onmessage as (event: MessageEvent<ToWorker>) => void;

self.onmessage = (event: MessageEvent<ToWorker | { type: 'bench'; frames: VideoFrame[] }>) => {
  if (event.data.type === 'frames') return;
  if (event.data.type !== 'bench') return product(event as MessageEvent<ToWorker>);
  const { frames } = event.data;
  let at = 0;
  const endless = new ReadableStream<VideoFrame>({
    async pull(controller) {
      // A camera's frames come as tasks: between two of them the worker hears what the screen asks of it.
      await nextTask();
      controller.enqueue(frames[at++ % frames.length]!.clone());
    },
  });
  product(new MessageEvent('message', { data: { type: 'frames', frames: endless } }));
};
