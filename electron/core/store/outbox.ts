import { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { Db } from './database.ts';
import type { Epoch, EventLog } from './events.ts';

/**
 * The outbox: events that the server has not committed yet. Rows come by a trigger on `event`, and go by the server's
 * own acknowledgement alone. Writes belong into a transaction of the caller's, followed by `log.refreshEpochs()`.
 */
export class Outbox {
  readonly #log: EventLog;
  readonly #count;
  readonly #oldest;
  readonly #marks;
  readonly #sent;
  readonly #heard;
  readonly #unmark;
  readonly #again;

  constructor(db: Db, log: EventLog) {
    this.#log = log;
    this.#count = db.prepare('SELECT count(*) FROM outbox').pluck();
    this.#oldest = db.prepare('SELECT event.utc FROM outbox JOIN event USING (n) ORDER BY n LIMIT 1').pluck();
    this.#marks = db.prepare('UPDATE epoch SET committed = max(committed, ?), safe = max(safe, ?) WHERE ref = ?');
    this.#sent = db.prepare('DELETE FROM outbox WHERE n > ? AND n <= ?');
    this.#heard = db.prepare('DELETE FROM personal WHERE person IS NULL AND n > ? AND n <= ?');
    this.#unmark = db.prepare('UPDATE epoch SET committed = safe WHERE ref = ?');
    this.#again = db.prepare('INSERT OR IGNORE INTO outbox(n) SELECT n FROM event WHERE n > ? AND n <= ?');
  }

  get count(): number {
    return this.#count.get() as number;
  }

  /** Claimed time of the oldest event still to send. */
  get oldestAt(): string | null {
    const utc = this.#oldest.get() as number | undefined;
    return utc === undefined ? null : new Date(utc).toISOString();
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
    this.#sent.run(epoch.base, epoch.base + committed);
    // What was kept only so that the server hears of it has been heard.
    this.#heard.run(epoch.base, epoch.base + safe);
  }

  /** Puts everything of an epoch that is not safe back; how many rows that made. */
  resendUnsafe(id: string): number {
    const epoch = this.#find(id);
    this.#unmark.run(epoch.ref);
    return this.#again.run(epoch.base + epoch.safe, this.#end(epoch)).changes;
  }
}
