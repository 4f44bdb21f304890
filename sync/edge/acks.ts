import { Problem } from '../errors/problem.ts';
import { openAck } from '../protocol/seal/ack.ts';
import type { Ack } from '../protocol/wire/ack.ts';
import type { ServerKeys } from '../protocol/wire/keys.ts';
import type { LastAck, OutboxSource } from './outbox.ts';

/** An ack that changes no mark is kept at most this often, ms of the server's time: an idle kiosk spares its flash. */
const KEEP_MS = 60_000;

export interface Taken {
  readonly ack: Ack;
  /** Newer than every ack before, or asked for just now: the server was really heard. */
  readonly fresh: boolean;
  /** The server has fewer events than before: it was restored from an older copy. */
  readonly restored: boolean;
  /** The server lacks events that this kiosk no longer has. */
  readonly hole: boolean;
}

/**
 * The rules by which the server's acks move marks. They rise by any ack that verifies; they fall only by one that is newer
 * than every ack before it, or that answers a question of our own just now: then the server itself has lost events (its
 * database is an older copy) and gets them again. So a replayed ack changes nothing, and nothing is forgotten by one; and a
 * server whose clock was ahead once does not make all that come after it old.
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

  /** Verifies; asked twice for the same text, it verifies once. @throws Problem of openAck */
  async open(signed: string, epoch: string): Promise<Ack> {
    if (this.#opened?.signed !== signed || this.#opened.ack.epoch !== epoch) {
      const ack = await openAck(signed, this.#keys().signing, { device: this.#source.device, epoch });
      this.#opened = { signed, ack };
    }
    return this.#opened.ack;
  }

  /** `serverTime` of the newest ack that was taken; null before the first. */
  get heard(): string | null {
    return this.#last?.serverTime ?? null;
  }

  isFresh(ack: Ack): boolean {
    return this.#last === null || ack.serverTime > this.#last.serverTime;
  }

  /**
   * @param sent last event of the batch that it answers; 0 when it answers an ask
   * @param asked it came in a page that answers our ask: nobody can have kept it, whatever its time says
   * @throws Problem `ack-older`: it says less than what is known, and is no newer
   */
  take(ack: Ack, sent = 0, asked = false): Taken {
    const mark = this.#source.marks().find(({ epoch }) => epoch === ack.epoch);
    const known = mark?.committed ?? 0;
    // What was trimmed can't be sent again: below it no mark falls, and a server that lacks some of it was not restored again.
    const sayable = Math.max(ack.committed, mark?.trimmed ?? 0);
    const fresh = asked || this.isFresh(ack);
    const otherLog = this.#last !== null && ack.logEpoch !== this.#last.logEpoch;
    if (!fresh && (otherLog || ack.committed < known)) throw new Problem('ack-older');
    // An older copy of the store was put back: what it has made since bears numbers that the server knows for other events.
    // So only what was really sent counts as accepted, whatever number the mark has.
    const ahead = mark !== undefined && ack.committed > mark.made;
    if (ahead && fresh) this.#source.rolledBack(ack.epoch, ack.committed);
    const committed = ahead ? Math.max(known, Math.min(sent, mark.made)) : ack.committed;
    const marks = { committed, safe: Math.min(ack.safe, committed) };
    if (sayable < known) this.#source.rewind(ack.epoch, marks);
    else if (committed > known || marks.safe > (mark?.safe ?? 0)) this.#source.acknowledge(ack.epoch, marks);
    const restored = sayable < known || otherLog;
    if (fresh) this.#remember(ack, restored || committed > known);
    return { ack, fresh, restored, hole: ack.committed < (mark?.trimmed ?? 0) };
  }

  #remember({ logEpoch, serverTime }: Ack, changed: boolean): void {
    this.#last = { logEpoch, serverTime };
    const at = Date.parse(serverTime);
    if (!changed && Math.abs(at - this.#kept) < KEEP_MS) return;
    this.#source.keepAck(this.#last);
    this.#kept = at;
  }
}
