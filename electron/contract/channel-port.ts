import { type Channel, Inbox, RefusedMessage } from './channel.ts';
import { inspectValue } from './channel-limits.ts';

/** The part of a DOM MessagePort that a channel uses (Node's worker_threads port has it too). */
export interface PortLike {
  // biome-ignore lint/suspicious/noExplicitAny: DOM, Node and Electron type their events differently
  addEventListener(type: 'message' | 'messageerror' | 'close', fn: (event: any) => void): void;
  postMessage(message: unknown): void;
  start(): void;
  close(): void;
}

/** The part of Electron's MessagePortMain that a channel uses. A utility process receives the same kind of port. */
export interface EmitterPortLike {
  on(type: 'message', fn: (event: { data: unknown }) => void): unknown;
  on(type: 'close', fn: () => void): unknown;
  postMessage(message: unknown): void;
  start(): void;
  close(): void;
}

/** Returns a channel over a browser's MessagePort: values cross by structured clone, within the same limits as bytes. */
export function messagePortChannel(port: PortLike): Channel {
  return portChannel(port, (type, fn) => port.addEventListener(type, fn));
}

export function emitterPortChannel(port: EmitterPortLike): Channel {
  return portChannel(port, (type, fn) => {
    if (type === 'message') port.on('message', fn);
    else if (type === 'close') port.on('close', () => fn({ data: undefined }));
  });
}

type Listen = (type: 'message' | 'messageerror' | 'close', fn: (event: { data: unknown }) => void) => void;

function portChannel(port: Pick<PortLike, 'postMessage' | 'start' | 'close'>, listen: Listen): Channel {
  const inbox = new Inbox();
  listen('message', (event) => {
    const wrong = inspectValue(event.data);
    inbox.deliver(wrong ? new RefusedMessage(wrong) : event.data);
  });
  listen('messageerror', () => inbox.deliver(new RefusedMessage('message-not-decodable')));
  listen('close', () => inbox.end());
  port.start();
  return {
    post(message) {
      if (!inbox.closed) port.postMessage(message);
    },
    on: (receive) => inbox.on(receive),
    onClose: (fn) => inbox.onClose(fn),
    close() {
      port.close();
      inbox.end();
    },
  };
}
