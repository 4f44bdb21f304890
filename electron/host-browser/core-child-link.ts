import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import { type Channel, MAX_MESSAGE_BYTES } from '../contract/channel.ts';
import { webSocketChannel } from '../contract/channel-websocket.ts';
import type { HostLink } from '../core/serving/core-process.ts';

/**
 * The core's link to the browser host: Node's IPC channel, which also delivers each screen's raw socket. The WebSocket
 * handshake is completed here, so that no camera frame ever passes through the host.
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
      // Ctrl-C reaches the whole process group. The host then asks the core to stop, and waits for it.
      process.on('SIGINT', () => undefined);
    },
    async exit(code) {
      // The last messages (an error, a stack) have to reach the host before the process exits.
      if (unsent > 0 && process.connected) await new Promise<void>((resolve) => (whenSent = resolve));
      return process.exit(code);
    },
    accept({ upgrade }, handle) {
      if (!(handle instanceof Socket) || !upgrade) return Promise.resolve(null);
      return new Promise<Channel | null>((resolve) => {
        // A failed handshake closes the socket.
        handle.on('close', () => resolve(null));
        // `ws` only reads method, url and headers of a request.
        const request = { method: 'GET', url: upgrade.url, headers: upgrade.headers } as unknown as IncomingMessage;
        handshakes.handleUpgrade(request, handle, Buffer.from(upgrade.head, 'base64'), (socket) =>
          resolve(webSocketChannel(socket)),
        );
      });
    },
  };
}
