import type { Logger } from 'pino';

/** How often the counts are logged, ms. */
const EVERY_MS = 60_000;
/** How many pairs of code and device are counted separately. Beyond that, only codes are counted. */
const MOST_PAIRS = 1000;

/** Fields of a log line besides its message. Never a body, an address or a person. */
export interface ErrorFields {
  readonly code: string;
  /** The device whose request was rejected, if known. */
  readonly device?: string | undefined;
  readonly [field: string]: unknown;
}

interface Kept {
  readonly fields: ErrorFields;
  readonly message: string;
  count: number;
}

/**
 * Logs rejections without losing any or flooding the log: the first per code and device is logged at once, later ones as one
 * line per minute with their count. A pair that was quiet for a minute starts over.
 */
export class ErrorLog {
  readonly #log: Pick<Logger, 'warn'>;
  readonly #everyMs: number;
  readonly #kept = new Map<string, Kept>();
  #timer: NodeJS.Timeout | null = null;

  constructor(log: Pick<Logger, 'warn'>, { everyMs = EVERY_MS }: { everyMs?: number } = {}) {
    this.#log = log;
    this.#everyMs = everyMs;
  }

  /** Logs or counts a rejection. @param message for the log; must not contain personal data */
  note(fields: ErrorFields, message: string): void {
    const pair = `${fields.code} ${fields.device ?? ''}`;
    const key = this.#kept.has(pair) || this.#kept.size < MOST_PAIRS ? pair : `${fields.code} *`;
    const kept = this.#kept.get(key);
    if (kept) {
      kept.count += 1;
      return;
    }
    this.#kept.set(key, { fields: key === pair ? fields : { code: fields.code }, message, count: 0 });
    this.#log.warn(fields, message);
    this.#timer ??= setInterval(() => this.#notify(), this.#everyMs).unref();
  }

  /** Logs the remaining counts, and stops. */
  close(): void {
    this.#notify();
    this.#kept.clear();
    this.#rest();
  }

  #notify(): void {
    for (const [key, kept] of this.#kept) {
      const { fields, message, count } = kept;
      if (count === 0) this.#kept.delete(key);
      else this.#log.warn({ ...fields, count }, message);
      kept.count = 0;
    }
    if (this.#kept.size === 0) this.#rest();
  }

  #rest(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }
}

const speakers = new WeakMap<object, string>();

/** Remembers which device sent a request, so that rejections can be counted per device. */
export function noteSpeaker(request: object, device: string): void {
  speakers.set(request, device);
}

/** The device that sent a request, if known. */
export function speakerOf(request: object): string | undefined {
  return speakers.get(request);
}
