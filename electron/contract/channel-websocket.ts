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
 * A handshake that takes longer is given up, ms. It is a matter of milliseconds once the core's program is loaded, except
 * when the core died just as the host handed it the socket; a browser itself would then wait for ever.
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
  // An error is always followed by close; the listener is there because `ws` throws an error without a listener.
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
 * Opens a WebSocket and gives its channel, or null when the host refuses it or is not there (a browser says no more
 * than that; `GET /core-state` says why).
 */
export function openWebSocketChannel(): Promise<Channel | null> {
  const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/rpc`);
  return new Promise((resolve) => {
    // Made before `open`, so that no early message is missed.
    const channel = webSocketChannel(socket);
    const timer = setTimeout(() => channel.close(), OPEN_WITHIN);
    channel.onClose(() => resolve(null));
    socket.addEventListener('open', () => {
      clearTimeout(timer);
      resolve(channel);
    });
  });
}
