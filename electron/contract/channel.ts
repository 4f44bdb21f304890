import { MAX_PICTURE_PIXELS } from './frames.ts';

/** The largest message, in bytes: one picture of the largest size, plus 16 KiB for everything else. */
export const MAX_MESSAGE_BYTES = MAX_PICTURE_PIXELS * 3 + 16_384;
/** The most values (numbers, strings, arrays, objects, …) in one message. The contract's largest message has about 200. */
export const MAX_MESSAGE_ITEMS = 4_096;
/** The deepest nesting of arrays and objects in one message. The contract's deepest message has 7 levels. */
export const MAX_MESSAGE_DEPTH = 16;

/** Why a message was rejected before its content was read. */
export type RefusedMessageCode = 'message-too-large' | 'message-too-complex' | 'message-not-decodable';

/** Passed on by a channel in place of a message that breaks a limit or can't be decoded. */
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
  /** Sets the only receiver. Messages that arrived earlier are kept for it. A bad message arrives as a RefusedMessage. */
  on(receive: (message: unknown) => void): void;
  /** Calls `fn` once when either side closes the line, or immediately if it is already closed. */
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

  /** Marks the line as closed. Returns true the first time. */
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
