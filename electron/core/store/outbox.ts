import { randomUUID } from 'node:crypto';
import { Problem } from '../../../sync/errors/problem.ts';
import type { WireEvent } from '../../../sync/protocol/wire/event.ts';
import { type Epoch, type EventLog, type EventRow, happenedAt } from './events.ts';
import type { Session } from './session.ts';
import type { Settings } from './settings.ts';

export interface EventPlace {
  readonly epoch: string;
  readonly seq: number;
}

/**
 * The outbox: the events that the server has not committed yet. It acknowledges by marks ("everything up to here"), so
 * the outbox is the end of the event table beyond each epoch's mark, and an event's row is its outbox row: the two can't
 * disagree, an acknowledgement is one small write, and a check-in is spared an encrypted page. Photos are sent after
 * their events.
 */
export class Outbox {
  readonly #s: Session;
  readonly #log: EventLog;
  readonly #settings: Settings;
  /** Addresses of photos that the server had when asked once. */
  readonly #found = new Set<string>();
  /** Number of the newest event when a photo was last found there; 0: it was before this start. */
  #foundAt = 0;
  /** Some photo may have to be asked for once more. */
  #loose = true;

  constructor(session: Session, settings: Settings) {
    this.#s = session;
    this.#log = session.log;
    this.#settings = settings;
  }

  /** Grows whenever personal values were removed: what was read before may hold some of them. */
  get removals(): number {
    return this.#s.removals;
  }

  count(): number {
    return this.#log.epochs.reduce((sum, epoch) => sum + this.#end(epoch) - epoch.base - epoch.committed, 0);
  }

  /** Events to send, oldest first: at most `limit`, and about `bytes` of JSON; only those behind `after`. */
  pending(limit: number, bytes = Number.POSITIVE_INFINITY, after?: EventPlace): WireEvent[] {
    return this.#s.values.wire(this.#pendingRows(limit, after), bytes);
  }

  #pendingRows(limit: number, after?: EventPlace): EventRow[] {
    const found: EventRow[] = [];
    const behind = after ? this.#find(after.epoch).base + after.seq : 0;
    for (const epoch of this.#log.epochs) {
      if (found.length >= limit) break;
      const from = Math.max(epoch.base + epoch.committed, behind);
      const rows = 'SELECT * FROM whole_event WHERE n > ? AND n <= ? ORDER BY n LIMIT ?';
      if (from < this.#end(epoch))
        found.push(...this.#s.sql.rows<EventRow>(rows, from, this.#end(epoch), limit - found.length));
    }
    return found;
  }

  /** When the oldest event still to send happened. */
  oldestAt(): string | null {
    const [oldest] = this.#pendingRows(1);
    return oldest ? new Date(happenedAt(oldest)).toISOString() : null;
  }

  #find(epoch: string): Epoch {
    const found = this.#log.epochs.find((one) => one.id === epoch);
    if (!found) throw new Problem('epoch-unknown');
    return found;
  }

  /** Number of the last event of an epoch. */
  #end(epoch: Epoch): number {
    return this.#log.epochs.find((one) => one.ref > epoch.ref)?.base ?? this.#log.last;
  }

  /**
   * The server has committed (and put into a backup) everything of `epoch` up to these sequence numbers; lower ones than
   * before change nothing.
   * @throws Problem `epoch-unknown`, `ack-impossible`
   */
  acknowledge(id: string, { committed, safe }: { committed: number; safe: number }): void {
    const epoch = this.#find(id);
    const made = this.#end(epoch) - epoch.base;
    const whole = Number.isInteger(committed) && Number.isInteger(safe);
    if (!whole || safe < 0 || safe > committed || committed > made)
      throw new Problem('ack-impossible', { committed, safe, made });
    const { sql } = this.#s;
    this.#s.write(() => {
      const marks = 'UPDATE epoch SET committed = max(committed, ?), safe = max(safe, ?) WHERE ref = ?';
      sql.run(marks, committed, safe, epoch.ref);
      // What was kept only so that the server hears of it has been heard.
      const heard = 'UPDATE event SET sealed = NULL WHERE person IS NULL AND sealed IS NOT NULL AND n > ? AND n <= ?';
      sql.run(heard, epoch.base, epoch.base + safe);
      if (!this.#loose || epoch.base + committed <= this.#foundAt) return;
      sql.run('UPDATE photo SET sent = 0 WHERE sent = 3');
      this.#loose = false;
    });
    this.#log.refreshEpochs();
  }

  /**
   * The server has less than it said (it was restored from an older copy): takes the marks back and sends again, events
   * and photos. What was trimmed can't be sent again: the marks stop there.
   * @returns how many events go out again
   */
  rewind(id: string, marks: { committed: number; safe: number }): number {
    const epoch = this.#find(id);
    const committed = Math.max(Math.min(marks.committed, epoch.committed), epoch.trimmed);
    this.#s.write(() => {
      const safe = Math.max(Math.min(marks.safe, committed), epoch.trimmed);
      this.#s.sql.run('UPDATE epoch SET committed = ?, safe = min(safe, ?) WHERE ref = ?', committed, safe, epoch.ref);
      this.resendPhotos();
    });
    this.#log.refreshEpochs();
    return epoch.committed - committed;
  }

  /**
   * The server has events of `epoch` that this store never made: an older copy of the whole folder was put back, which
   * nothing here could tell. Says so to the server, once an epoch; where that epoch is still the one in use (a machine
   * whose memory was put back too), begins another, so that no number is used for two events from now on.
   */
  rolledBack(epoch: string, committed: number): void {
    const setting = `rolled-back/${epoch}`;
    if (this.#settings.get(setting) !== null) return;
    const made = this.marks().find((mark) => mark.epoch === epoch)?.made ?? 0;
    const log = this.#log;
    this.#s.write(() => {
      if (log.own && log.epoch.id === epoch) log.beginNext(randomUUID(), 'rolled-back');
      log.insert('health', { code: 'store-rolled-back', detail: { committed, made } });
      this.#settings.set(setting, String(committed));
    });
  }

  /** Addresses of photos whose events the server has, oldest first. */
  photosToSend(limit: number): string[] {
    const select = 'SELECT address FROM photo WHERE sent = 0 AND n > ? AND n <= ? ORDER BY n LIMIT ?';
    const found: Buffer[] = [];
    // One whose event is not committed must not hold back those of later epochs.
    for (const { base, committed } of this.#log.epochs) {
      if (found.length >= limit) break;
      found.push(...this.#s.sql.values<Buffer>(select, base, base + committed, limit - found.length));
    }
    return found.map((address) => address.toString('base64url'));
  }

  photosWaiting(): number {
    return this.#s.sql.value<number>('SELECT count(*) FROM photo WHERE sent = 0')!;
  }

  /** Whether a photo still is one to send: it may have been purged since it was listed. */
  isPhotoWaiting(address: string): boolean {
    const select = 'SELECT 1 FROM photo WHERE address = ? AND sent = 0';
    return this.#s.sql.row(select, Buffer.from(address, 'base64url')) !== undefined;
  }

  /** Photos that the server did not want are offered once more: their event may have left its quarantine since. */
  reofferPhotos(): void {
    this.#s.write(() => this.#s.sql.run('UPDATE photo SET sent = 0 WHERE sent = 2 AND keyed = 1'));
  }

  /**
   * The server's files may be older than its events: asks for each photo whether it is there; also for those that it did
   * not want, since what it was restored to had perhaps not their events.
   */
  resendPhotos(): void {
    this.#found.clear();
    this.#s.sql.run('UPDATE photo SET sent = 0 WHERE sent IN (1, 3) OR (sent = 2 AND keyed = 1)');
  }

  /**
   * Notes what the server said of a photo; nothing where its event is no longer committed: then it was said before the
   * server was restored, and the photo is asked for again after its event. One that it has is asked for once more when it has an event that was made later
   * (sent = 3 until then): a server that was put back to between the photo's event and the photo says so by no mark, as long
   * as it has nothing newer of this kiosk. Whatever it is put back to from then on takes that later event with it.
   *
   * @param taken false: the server will never want it
   */
  photoSent(address: string, taken: boolean): void {
    this.#s.write(() => {
      const bytes = Buffer.from(address, 'base64url');
      const n = this.#s.sql.value<number>('SELECT n FROM photo WHERE address = ?', bytes);
      if (n === undefined || !this.#log.epochs.some(({ base, committed }) => n > base && n <= base + committed)) return;
      this.#notePhoto(address, bytes, taken);
    });
  }

  #notePhoto(address: string, bytes: Buffer, taken: boolean): void {
    const forGood = this.#found.delete(address);
    const sent = 'UPDATE photo SET sent = ?, found = coalesce(?, found) WHERE address = ?';
    this.#s.sql.run(sent, !taken ? 2 : forGood ? 1 : 3, forGood ? null : this.#log.last, bytes);
    if (!taken || forGood) return;
    this.#found.add(address);
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
