import { MAX_PICTURE_PIXELS } from './frames.ts';

/** The largest message, in bytes: one picture of the largest size, and 16 KiB for everything around it. */
export const MAX_MESSAGE_BYTES = MAX_PICTURE_PIXELS * 3 + 16_384;
/** The most values (numbers, strings, arrays, objects, …) in one message. The contract's own largest has about 200. */
export const MAX_MESSAGE_ITEMS = 4_096;
/** The deepest nesting of arrays and objects in one message. The contract's own deepest is 7. */
export const MAX_MESSAGE_DEPTH = 16;

/** Why a message was rejected before its content was read. */
export type RefusedMessageCode = 'message-too-large' | 'message-too-complex' | 'message-not-decodable';

/** What a channel passes on in place of a message that breaks a limit or can't be decoded. */
export class RefusedMessage {
  readonly code: RefusedMessageCode;
  constructor(code: RefusedMessageCode) {
    this.code = code;
  }
}

/**
 * A two-way line of whole messages between a screen and the core. A message is a plain value: objects, arrays,
 * strings, finite numbers, booleans, null and Uint8Array. Messages arrive in the order they were posted.
 */
export interface Channel {
  /** Sends one message. Throws when the value can't be encoded; does nothing once the channel is closed. */
  post(message: unknown): void;
  /** Sets the one receiver. Messages that arrived earlier are kept for it. It gets a RefusedMessage for a bad one. */
  on(receive: (message: unknown) => void): void;
  /** Calls back once when the line is closed, by either side; at once if that has happened already. */
  onClose(fn: () => void): void;
  close(): void;
}

/** The receiving and closing half that every channel shares. */
export class Inbox {
  private receive: ((message: unknown) => void) | null = null;
  private waiting: unknown[] = [];
  private closers: (() => void)[] = [];
  closed = false;

  /** Hands a message to the receiver, or keeps it until there is one. */
  deliver(message: unknown): void {
    if (this.closed) return;
    if (this.receive) this.receive(message);
    else this.waiting.push(message);
  }

  on(receive: (message: unknown) => void): void {
    this.receive = receive;
    const early = this.waiting;
    this.waiting = [];
    for (const message of early) receive(message);
  }

  onClose(fn: () => void): void {
    if (this.closed) fn();
    else this.closers.push(fn);
  }

  /** Marks the line as gone; true the first time. */
  end(): boolean {
    if (this.closed) return false;
    this.closed = true;
    this.waiting = [];
    const closers = this.closers;
    this.closers = [];
    for (const fn of closers) fn();
    return true;
  }
}
