import type { Logger } from 'pino';

/** How often what was counted is written down, ms. */
const EVERY_MS = 60_000;
/** Pairs of code and device that are counted apart at once; more are counted by their code alone. */
const MOST_PAIRS = 1000;

/** What a line of the log says besides its sentence; never a body, an address or a person. */
export interface ErrorFields {
  readonly code: string;
  /** Who was refused, where that is known. */
  readonly device?: string | undefined;
  readonly [field: string]: unknown;
}

interface Kept {
  readonly fields: ErrorFields;
  readonly message: string;
  count: number;
}

/**
 * Writes rejections into the log so that none is lost and none floods it: the first of a code and a device at once, what
 * follows as one line a minute with its number. A pair that was quiet for a minute starts over.
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

  /** @param message the sentence of the first line; it names nobody */
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

  /** Writes down what was only counted so far: at the end. */
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

/** Notes which device sent a request, so that a rejection of it can be distinguished from another's. */
export function noteSpeaker(request: object, device: string): void {
  speakers.set(request, device);
}

/** The device that sent a request, where that is known. */
export function speakerOf(request: object): string | undefined {
  return speakers.get(request);
}
