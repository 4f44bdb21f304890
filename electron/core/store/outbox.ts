import { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { Db } from './database.ts';
import type { Epoch, EventLog, EventRow } from './events.ts';

/** Where an event stands. */
export interface EventPlace {
  readonly epoch: string;
  readonly seq: number;
}

/**
 * The outbox: the events that the server has not committed yet. It acknowledges by marks ("everything up to here"), so
 * the outbox is the end of the event table beyond each epoch's mark, and an event's row is its outbox row: the two can't
 * disagree, an acknowledgement is one small write, and a check-in is spared an encrypted page.
 * Writes belong into a transaction of the caller's, followed by `log.refreshEpochs()`.
 */
export class Outbox {
  readonly #log: EventLog;
  readonly #rows;
  readonly #marks;
  readonly #heard;
  readonly #rewind;
  readonly #photosAgain;
  readonly #photoSent;
  readonly #photosOnceMore;
  /** Photos that the server had when asked once, by address in hexadecimal. */
  readonly #found = new Set<string>();
  /** Number of the newest event when a photo was last found there; 0: it was before this start. */
  #foundAt = 0;
  /** Some photo may have to be asked for once more. */
  #loose = true;

  constructor(db: Db, log: EventLog) {
    this.#log = log;
    this.#rows = db.prepare('SELECT * FROM whole_event WHERE n > ? AND n <= ? ORDER BY n LIMIT ?');
    this.#marks = db.prepare('UPDATE epoch SET committed = max(committed, ?), safe = max(safe, ?) WHERE ref = ?');
    this.#heard = db.prepare(
      'UPDATE event SET sealed = NULL WHERE person IS NULL AND sealed IS NOT NULL AND n > ? AND n <= ?',
    );
    this.#rewind = db.prepare('UPDATE epoch SET committed = ?, safe = min(safe, ?) WHERE ref = ?');
    this.#photosAgain = db.prepare('UPDATE photo SET sent = 0 WHERE sent IN (1, 3) OR (sent = 2 AND keyed = 1)');
    this.#photoSent = db.prepare('UPDATE photo SET sent = ? WHERE address = ?');
    this.#photosOnceMore = db.prepare('UPDATE photo SET sent = 0 WHERE sent = 3');
  }

  get count(): number {
    return this.#log.epochs.reduce((sum, epoch) => sum + this.#end(epoch) - epoch.base - epoch.committed, 0);
  }

  /** The oldest events still to send, in order; only those behind `after`, when it is given. */
  rows(limit: number, after?: EventPlace): EventRow[] {
    const found: EventRow[] = [];
    const behind = after ? this.#find(after.epoch).base + after.seq : 0;
    for (const epoch of this.#log.epochs) {
      if (found.length >= limit) break;
      const from = Math.max(epoch.base + epoch.committed, behind);
      if (from < this.#end(epoch))
        found.push(...(this.#rows.all(from, this.#end(epoch), limit - found.length) as EventRow[]));
    }
    return found;
  }

  /** Claimed time of the oldest event still to send. */
  get oldestAt(): string | null {
    const oldest = this.rows(1)[0];
    return oldest ? new Date(oldest.utc).toISOString() : null;
  }

  #find(epoch: string): Epoch {
    const found = this.#log.epochs.find((one) => one.id === epoch);
    if (!found)
      throw new Problem(
        'epoch-unknown',
        'the server speaks of an epoch that this store never had',
        'Report this as a defect.',
      );
    return found;
  }

  /** Number of the last event of an epoch. */
  #end(epoch: Epoch): number {
    return this.#log.epochs.find((one) => one.ref > epoch.ref)?.base ?? this.#log.last;
  }

  /**
   * Takes the server's marks; lower ones than before change nothing.
   * @throws Problem `epoch-unknown`, `ack-impossible`
   */
  acknowledge(id: string, { committed, safe }: { committed: number; safe: number }): void {
    const epoch = this.#find(id);
    const made = this.#end(epoch) - epoch.base;
    const whole = Number.isInteger(committed) && Number.isInteger(safe);
    if (!whole || safe < 0 || safe > committed || committed > made)
      throw new Problem(
        'ack-impossible',
        `the server acknowledged ${committed} (${safe} safe) of ${made} events`,
        'Report this as a defect.',
      );
    this.#marks.run(committed, safe, epoch.ref);
    // What was kept only so that the server hears of it has been heard.
    this.#heard.run(epoch.base, epoch.base + safe);
    if (!this.#loose || epoch.base + committed <= this.#foundAt) return;
    this.#photosOnceMore.run();
    this.#loose = false;
  }

  /**
   * The server has less than it said (it was restored from an older copy): takes the marks back and sends again, events
   * and photos. What was trimmed can't be sent again: the marks stop there.
   * @returns how many events go out again
   */
  rewind(id: string, marks: { committed: number; safe: number }): number {
    const epoch = this.#find(id);
    const committed = Math.max(Math.min(marks.committed, epoch.committed), epoch.trimmed);
    this.#rewind.run(committed, Math.max(Math.min(marks.safe, committed), epoch.trimmed), epoch.ref);
    this.resendPhotos();
    return epoch.committed - committed;
  }

  /**
   * The server's files may be older than its events: asks for each photo whether it is there; also for those that it did
   * not want, since what it was restored to had perhaps not their events.
   */
  resendPhotos(): void {
    this.#found.clear();
    this.#photosAgain.run();
  }

  /**
   * Notes what the server said of a photo. One that it has is asked for once more when it has an event that was made later
   * (sent = 3 until then): a server that was put back to between the photo's event and the photo says so by no mark, as long
   * as it has nothing newer of this kiosk. Whatever it is put back to from then on takes that later event with it.
   *
   * @param taken false: the server will never want it
   */
  photoSent(address: Buffer, taken: boolean): void {
    const key = address.toString('hex');
    const forGood = this.#found.delete(key);
    this.#photoSent.run(!taken ? 2 : forGood ? 1 : 3, address);
    if (!taken || forGood) return;
    this.#found.add(key);
    this.#foundAt = this.#log.last;
    this.#loose = true;
  }

  /** Every epoch that still has events here, and the present one; sequence numbers. */
  marks(): { epoch: string; committed: number; safe: number; trimmed: number; made: number }[] {
    return this.#log.epochs
      .map((epoch) => ({ ...epoch, epoch: epoch.id, made: this.#end(epoch) - epoch.base }))
      .filter(({ ref, trimmed, made }) => trimmed < made || ref === this.#log.epoch.ref)
      .map(({ epoch, committed, safe, trimmed, made }) => ({ epoch, committed, safe, trimmed, made }));
  }
}
