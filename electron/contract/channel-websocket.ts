import { type Channel, Inbox, RefusedMessage } from './channel.ts';
import { decodeMessage, encodeMessage } from './channel-codec.ts';

/** The part of a WebSocket that a channel uses: a browser's own, and the `ws` package's, both have it. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  // biome-ignore lint/suspicious/noExplicitAny: the two libraries' event types have nothing in common but `data`
  addEventListener(type: 'open' | 'message' | 'close' | 'error', fn: (event: any) => void): void;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number): void;
}

/**
 * Limit for a handshake, ms. It takes only milliseconds once the core's program is loaded, except when the core dies just as the
 * host hands it the socket. A browser would then wait for ever.
 */
const OPEN_WITHIN = 1_500;
const OPEN = 1;
const CLOSING = 2;

export function webSocketChannel(socket: WebSocketLike): Channel {
  const inbox = new Inbox();
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('message', (event: { data: unknown }) => {
    const { data } = event;
    inbox.deliver(
      data instanceof ArrayBuffer ? decodeMessage(new Uint8Array(data)) : new RefusedMessage('message-not-decodable'),
    );
  });
  socket.addEventListener('close', () => inbox.end());
  // An error is always followed by close. The listener exists because `ws` throws errors that nothing listens for.
  socket.addEventListener('error', () => socket.close());
  if (socket.readyState >= CLOSING) inbox.end();
  return {
    post(message) {
      const bytes = encodeMessage(message);
      if (!inbox.closed && socket.readyState === OPEN) socket.send(bytes);
    },
    on: (receive) => inbox.on(receive),
    onClose: (fn) => inbox.onClose(fn),
    close() {
      socket.close(1000);
      inbox.end();
    },
  };
}

/**
 * Opens a WebSocket and returns its channel, or null if the host refuses it or is not running (a browser doesn't say which; `GET
 * /core-state` does).
 */
export function openWebSocketChannel(): Promise<Channel | null> {
  const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/rpc`);
  return new Promise((resolve) => {
    // Created before `open` fires, so that no early message is missed.
    const channel = webSocketChannel(socket);
    const timer = setTimeout(() => channel.close(), OPEN_WITHIN);
    channel.onClose(() => resolve(null));
    socket.addEventListener('open', () => {
      clearTimeout(timer);
      resolve(channel);
    });
  });
}
