import { Problem } from '../errors/problem.ts';
import { openAck } from '../protocol/seal/ack.ts';
import type { Ack } from '../protocol/wire/ack.ts';
import type { ServerKeys } from '../protocol/wire/keys.ts';
import type { LastAck, OutboxSource } from './outbox.ts';

/** An ack that changes no mark is stored at most this often, ms of the server's time, to reduce wear on an idle kiosk's flash. */
const KEEP_MS = 60_000;

export interface Taken {
  readonly ack: Ack;
  /** Newer than all earlier acks, or an answer to our ask: this is the server's current state. */
  readonly fresh: boolean;
  /** The server has fewer events than before because it was restored from an older copy. */
  readonly restored: boolean;
  /** The server lacks events that this kiosk no longer has. */
  readonly hole: boolean;
}

/**
 * The rules by which the server's acks move the marks. Any verified ack can raise them. Only an ack newer than all before it, or
 * one that answers our own ask just now, can lower them: then the server has lost events (its database is an older copy) and gets
 * them again. So a replayed ack neither changes nor deletes anything, and a server whose clock was once ahead does not make all
 * later acks look old.
 */
export class AckBook {
  readonly #source: OutboxSource;
  readonly #keys: () => ServerKeys;
  #last: LastAck | null;
  #kept: number;
  #opened: { readonly signed: string; readonly ack: Ack } | null = null;

  constructor(source: OutboxSource, keys: () => ServerKeys) {
    this.#source = source;
    this.#keys = keys;
    this.#last = source.lastAck();
    this.#kept = this.#last ? Date.parse(this.#last.serverTime) : 0;
  }

  /** Verifies an ack, only once if called twice with the same text. @throws Problem of openAck */
  async open(signed: string, epoch: string): Promise<Ack> {
    if (this.#opened?.signed !== signed || this.#opened.ack.epoch !== epoch) {
      const ack = await openAck(signed, this.#keys().signing, { device: this.#source.device, epoch });
      this.#opened = { signed, ack };
    }
    return this.#opened.ack;
  }

  /** `serverTime` of the newest ack taken; null before the first. */
  get heard(): string | null {
    return this.#last?.serverTime ?? null;
  }

  isFresh(ack: Ack): boolean {
    return this.#last === null || ack.serverTime > this.#last.serverTime;
  }

  /**
   * @param sent last event of the batch that it answers; 0 if it answers an ask
   * @param asked whether it arrived in a page that answers our ask, so that it can't be a replay, whatever its time
   * @throws Problem `ack-older`: its marks are below the known ones and it is not newer
   */
  take(ack: Ack, sent = 0, asked = false): Taken {
    const mark = this.#source.marks().find(({ epoch }) => epoch === ack.epoch);
    const known = mark?.committed ?? 0;
    // Trimmed events can't be sent again. Marks don't fall below them, and lacking some of them doesn't mean another restore.
    const sayable = Math.max(ack.committed, mark?.trimmed ?? 0);
    const fresh = asked || this.isFresh(ack);
    const otherLog = this.#last !== null && ack.logEpoch !== this.#last.logEpoch;
    if (!fresh && (otherLog || ack.committed < known)) throw new Problem('ack-older');
    // An older copy of the store was restored, so its newer events reuse numbers that the server has for other events. Only
    // events actually sent count as accepted, whatever the mark says.
    const ahead = mark !== undefined && ack.committed > mark.made;
    if (ahead && fresh) this.#source.rolledBack(ack.epoch, ack.committed);
    const committed = ahead ? Math.max(known, Math.min(sent, mark.made)) : ack.committed;
    const marks = { committed, safe: Math.min(ack.safe, committed) };
    if (sayable < known) this.#source.rewind(ack.epoch, marks);
    else if (committed > known || marks.safe > (mark?.safe ?? 0)) this.#source.acknowledge(ack.epoch, marks);
    const restored = sayable < known || otherLog;
    if (fresh) this.#last = { logEpoch: ack.logEpoch, serverTime: ack.serverTime };
    this.#store(restored || committed > known);
    return { ack, fresh, restored, hole: ack.committed < (mark?.trimmed ?? 0) };
  }

  /**
   * Stores the newest ack. Also when an older one has raised a mark: otherwise, after a restart, one from in between would look
   * newer than all before it, and could lower the mark again.
   */
  #store(changed: boolean): void {
    const at = Date.parse(this.#last!.serverTime);
    if (!changed && Math.abs(at - this.#kept) < KEEP_MS) return;
    this.#source.keepAck(this.#last!);
    this.#kept = at;
  }
}
