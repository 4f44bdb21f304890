import type { ParentPort } from 'electron';
import { emitterPortChannel } from '../contract/channel-port.ts';
import type { HostLink } from '../core/serving/core-process.ts';

/** The core's link to the Electron host: the utility process's parent port, which delivers each screen's port. */
export function utilityLink(parent: ParentPort): HostLink {
  return {
    host: 'electron',
    post: (message) => parent.postMessage(message),
    onMessage: (receive) => void parent.on('message', (event) => receive(event.data, event.ports[0])),
    // A utility process ends with its parent. The system ends it with SIGTERM.
    onDisconnect: (fn) => void process.on('SIGTERM', fn),
    accept: async (_message, handle) => (isPort(handle) ? emitterPortChannel(handle) : null),
    async exit(code) {
      // parentPort has no "sent" callback. Posted messages leave within the next turns of the event loop.
      await new Promise((resolve) => setTimeout(resolve, 50));
      return process.exit(code);
    },
  };
}

const isPort = (handle: unknown): handle is Parameters<typeof emitterPortChannel>[0] =>
  typeof handle === 'object' && handle !== null && 'postMessage' in handle && 'start' in handle;
