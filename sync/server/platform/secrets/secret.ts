import { inspect } from 'node:util';

const HIDDEN = '[redacted]';

/** Bytes that must not be printed: JSON, template strings, console and error messages all show `[redacted]`. */
export class Secret {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Returns the bytes themselves. Only call it where they are used. */
  reveal(): Uint8Array {
    return this.#bytes;
  }

  toJSON(): string {
    return HIDDEN;
  }

  toString(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}
