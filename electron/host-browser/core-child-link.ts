import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import { type Channel, MAX_MESSAGE_BYTES } from '../contract/channel.ts';
import { webSocketChannel } from '../contract/channel-websocket.ts';
import type { HostLink } from '../core/serving/core-process.ts';

/**
 * The core's line to the browser host: Node's IPC channel, over which each screen's raw socket arrives. The WebSocket
 * handshake is finished here, so that no frame of the camera ever passes through the host.
 */
export function processLink(): HostLink {
  if (!process.send) throw new Error('the core is started by its host; it can’t be started by hand');
  let unsent = 0;
  let whenSent: () => void = () => undefined;
  const handshakes = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    clientTracking: false,
  });
  return {
    host: 'browser',
    post(message) {
      if (!process.connected) return;
      unsent += 1;
      process.send?.(message, undefined, undefined, () => {
        unsent -= 1;
        if (unsent === 0) whenSent();
      });
    },
    onMessage: (receive) => process.on('message', receive),
    onDisconnect(fn) {
      process.on('disconnect', fn);
      process.on('SIGTERM', fn);
      // Ctrl-C reaches the whole process group; the host then asks the core to stop, and waits for it.
      process.on('SIGINT', () => undefined);
    },
    async exit(code) {
      // The last words (a rejection, a stack) have to reach the host before the process is gone.
      if (unsent > 0 && process.connected) await new Promise<void>((resolve) => (whenSent = resolve));
      return process.exit(code);
    },
    accept({ upgrade }, handle) {
      if (!(handle instanceof Socket) || !upgrade) return Promise.resolve(null);
      return new Promise<Channel | null>((resolve) => {
        // A handshake that fails closes the socket by itself.
        handle.on('close', () => resolve(null));
        // `ws` reads method, url and headers of a request, and nothing else.
        const request = { method: 'GET', url: upgrade.url, headers: upgrade.headers } as unknown as IncomingMessage;
        handshakes.handleUpgrade(request, handle, Buffer.from(upgrade.head, 'base64'), (socket) =>
          resolve(webSocketChannel(socket)),
        );
      });
    },
  };
}
