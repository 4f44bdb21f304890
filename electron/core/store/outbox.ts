import { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { Db } from './database.ts';
import type { Epoch, EventLog, EventRow } from './events.ts';

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
  readonly #unmark;

  constructor(db: Db, log: EventLog) {
    this.#log = log;
    this.#rows = db.prepare('SELECT * FROM whole_event WHERE n > ? AND n <= ? ORDER BY n LIMIT ?');
    this.#marks = db.prepare('UPDATE epoch SET committed = max(committed, ?), safe = max(safe, ?) WHERE ref = ?');
    this.#heard = db.prepare(
      'UPDATE event SET sealed = NULL WHERE person IS NULL AND sealed IS NOT NULL AND n > ? AND n <= ?',
    );
    this.#unmark = db.prepare('UPDATE epoch SET committed = safe WHERE ref = ?');
  }

  get count(): number {
    return this.#log.epochs.reduce((sum, epoch) => sum + this.#end(epoch) - epoch.base - epoch.committed, 0);
  }

  /** The oldest events still to send, in order. */
  rows(limit: number): EventRow[] {
    const found: EventRow[] = [];
    for (const epoch of this.#log.epochs) {
      if (found.length >= limit) break;
      const from = epoch.base + epoch.committed;
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
  }

  /** Sends everything of an epoch again that is not safe; how many events that puts back. */
  resendUnsafe(id: string): number {
    const epoch = this.#find(id);
    this.#unmark.run(epoch.ref);
    return epoch.committed - epoch.safe;
  }
}
