import type { ToWorker } from '../../../../renderer/kiosk/vision/messages.ts';
import '../../../../renderer/kiosk/vision/worker.ts';
import { nextTask } from './next-task.ts';

/*
 * The product's own worker, fed with frames that were passed in once. The camera's stream is released, so that neither its rate
 * nor the main thread's time determines the number of frames.
 */
const product = self.onmessage as (event: MessageEvent<ToWorker>) => void;

self.onmessage = (event: MessageEvent<ToWorker | { type: 'bench'; frames: VideoFrame[] }>) => {
  if (event.data.type === 'frames') return;
  if (event.data.type !== 'bench') return product(event as MessageEvent<ToWorker>);
  const { frames } = event.data;
  let at = 0;
  const endless = new ReadableStream<VideoFrame>({
    async pull(controller) {
      // A camera's frames arrive as tasks. Between two of them the worker receives the screen's messages.
      await nextTask();
      controller.enqueue(frames[at++ % frames.length]!.clone());
    },
  });
  product(new MessageEvent('message', { data: { type: 'frames', frames: endless } }));
};
