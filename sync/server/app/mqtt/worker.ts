import type { Logger } from 'pino';
import { Problem } from '../../../errors/problem.ts';
import { typOf } from '../../../protocol/mqtt/payload.ts';
import { MAX_SEALED_BYTES, TYP } from '../../../protocol/wire/batch.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { readTopic } from '../../../protocol/wire/topics.ts';
import { ErrorLog } from '../../platform/http/error-log.ts';
import { PerDeviceQueue } from '../devices/per-device-queue.ts';

/** A sealed message of a device, and its kind. */
export interface UpMessage {
  readonly kind: 'batch' | 'ask';
  readonly sealed: string;
  readonly device: string;
}

export interface WorkerOptions {
  readonly serverId: string;
  /** Decrypts, verifies and commits a message, and returns the answer. Throws a Problem if it is refused. */
  readonly take: (message: UpMessage) => Promise<string>;
  /** Returns a signed rejection. */
  readonly refuse: (message: UpMessage, problem: Problem) => Promise<string>;
  readonly presence: (device: string, online: boolean) => Promise<void>;
  readonly log: Logger;
  readonly atOnce?: number;
}

/** Number of dropped messages since the start, by code. */
export type Dropped = Readonly<Record<string, number>>;

/** A code is logged at its first drop and then every so many drops, so that a flood doesn't fill the log. */
const LOG_EVERY = 1000;

/**
 * Handles messages from all brokers: a limited number at once, and one at a time per device. Junk is dropped, counted and
 * logged by code. No message can stop the others.
 */
export class MqttWorker {
  readonly #o: WorkerOptions;
  readonly #queue: PerDeviceQueue;
  readonly #errors: ErrorLog;
  readonly #dropped: Record<string, number> = {};

  constructor(options: WorkerOptions) {
    this.#o = options;
    this.#queue = new PerDeviceQueue(options.atOnce);
    this.#errors = new ErrorLog(options.log);
  }

  get dropped(): Dropped {
    return this.#dropped;
  }

  /**
   * Handles one message.
   *
   * @param send publishes an answer to the device; awaited, so that a slow broker slows down the work
   * @returns once the message is committed and answered, or dropped. Never rejects.
   */
  async handle(
    topic: string,
    payload: Uint8Array,
    send: (device: string, answer: string) => Promise<void>,
  ): Promise<void> {
    const address = readTopic(this.#o.serverId, topic);
    if (!address || !Uuid.safeParse(address.device).success) return this.drop('unknown-topic');
    const { kind, device } = address;
    if (kind === 'presence') return this.#presence(device, payload);
    const sealed = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('latin1');
    if (sealed.length > MAX_SEALED_BYTES) return this.drop('message-too-large', device);
    const typ = typOf(sealed);
    if (typ !== TYP.sealedBatch && typ !== TYP.sealedAsk) return this.drop('unknown-message', device);
    const message: UpMessage = { kind: typ === TYP.sealedBatch ? 'batch' : 'ask', sealed, device };
    const place = this.#queue.reserve(device);
    if (!place) return this.drop('too-many-at-once', device);
    await place.run(async () => {
      const answer = await this.#answer(message);
      if (answer === null) return;
      try {
        await send(device, answer);
      } catch (cause) {
        // The commit stands. The device sends the message again and gets the same answer.
        this.drop('answer-not-sent', device, cause);
      }
    });
  }

  /** Logs rejections that were only counted so far. Call it when no more messages arrive. */
  close(): void {
    this.#errors.close();
  }

  /** Counts a dropped message, and logs its code, never its content. */
  drop(code: string, device?: string, cause?: unknown): void {
    const count = (this.#dropped[code] ?? 0) + 1;
    this.#dropped[code] = count;
    if (count === 1 || count % LOG_EVERY === 0)
      this.#o.log.warn({ code, device, count, ...(cause !== undefined && { err: cause }) }, 'mqtt message dropped');
  }

  async #presence(device: string, payload: Uint8Array): Promise<void> {
    const text = payload.byteLength <= 7 ? Buffer.from(payload).toString('latin1') : '';
    if (text === '') return;
    if (text !== 'online' && text !== 'offline') return this.drop('unknown-presence', device);
    try {
      await this.#o.presence(device, text === 'online');
    } catch (cause) {
      this.drop('presence-not-kept', device, cause);
    }
  }

  async #answer(message: UpMessage): Promise<string | null> {
    const { device } = message;
    try {
      return await this.#o.take(message);
    } catch (cause) {
      const problem = cause instanceof Problem ? cause : new Problem('internal-error', { cause });
      if (problem === cause) this.#errors.note({ device, code: problem.code }, problem.message);
      else this.#o.log.error({ device, code: problem.code, err: cause }, 'mqtt message failed');
      try {
        return await this.#o.refuse(message, problem);
      } catch (failure) {
        this.drop('rejection-not-signed', device, failure);
        return null;
      }
    }
  }
}
