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
 * The outbox: the events that the server has not committed yet. The server acknowledges by marks ("everything up to here"), so
 * the outbox is the part of the event table beyond each epoch's mark. An event's row is its outbox row: the two can't disagree,
 * an acknowledgement is one small write, and a check-in saves an encrypted page. Photos are sent after their events.
 */
export class Outbox {
  readonly #s: Session;
  readonly #log: EventLog;
  readonly #settings: Settings;
  /** Addresses of photos that the server had at the first query. */
  readonly #found = new Set<string>();
  /** Number of the newest event when a photo was last found on the server; 0 if that was before this start. */
  #foundAt = 0;
  /** True if some photo may have to be queried again. */
  #loose = true;

  constructor(session: Session, settings: Settings) {
    this.#s = session;
    this.#log = session.log;
    this.#settings = settings;
  }

  /** Increases whenever personal values were removed: data read before may still contain them. */
  get removals(): number {
    return this.#s.removals;
  }

  count(): number {
    return this.#log.epochs.reduce((sum, epoch) => sum + this.#end(epoch) - epoch.base - epoch.committed, 0);
  }

  /** Returns events to send, oldest first: at most `limit` and about `bytes` of JSON, only those after `after`. */
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

  /** Returns when the oldest unsent event happened. */
  oldestAt(): string | null {
    const [oldest] = this.#pendingRows(1);
    return oldest ? new Date(happenedAt(oldest)).toISOString() : null;
  }

  #find(epoch: string): Epoch {
    const found = this.#log.epochs.find((one) => one.id === epoch);
    if (!found) throw new Problem('epoch-unknown');
    return found;
  }

  /** Returns the number of the last event of an epoch. */
  #end(epoch: Epoch): number {
    return this.#log.epochs.find((one) => one.ref > epoch.ref)?.base ?? this.#log.last;
  }

  /**
   * Notes that the server has committed (and put into a backup) everything of `epoch` up to these sequence numbers. Lower numbers
   * than before change nothing.
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
      // Values kept only for the server are no longer needed.
      const heard = 'UPDATE event SET sealed = NULL WHERE person IS NULL AND sealed IS NOT NULL AND n > ? AND n <= ?';
      sql.run(heard, epoch.base, epoch.base + safe);
      if (!this.#loose || epoch.base + committed <= this.#foundAt) return;
      sql.run('UPDATE photo SET sent = 0 WHERE sent = 3');
      this.#loose = false;
    });
    this.#log.refreshEpochs();
  }

  /**
   * Handles a server that has less than it had acknowledged (restored from an older copy): moves the marks back and resends
   * events and photos. Trimmed events can't be resent: the marks stop there.
   * @returns how many events are resent
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
   * Handles a server that has events of `epoch` which this store never made: an older copy of the whole folder was restored,
   * which can't be detected here. Reports that to the server, once per epoch. If that epoch is still in use (the machine's memory
   * was restored too), begins another one, so that from now on no number is used for two events.
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

  /** Returns addresses of photos whose events the server has, oldest first. */
  photosToSend(limit: number): string[] {
    const select = 'SELECT address FROM photo WHERE sent = 0 AND n > ? AND n <= ? ORDER BY n LIMIT ?';
    const found: Buffer[] = [];
    // A photo whose event is not committed must not hold back those of later epochs.
    for (const { base, committed } of this.#log.epochs) {
      if (found.length >= limit) break;
      found.push(...this.#s.sql.values<Buffer>(select, base, base + committed, limit - found.length));
    }
    return found.map((address) => address.toString('base64url'));
  }

  photosWaiting(): number {
    return this.#s.sql.value<number>('SELECT count(*) FROM photo WHERE sent = 0')!;
  }

  /** Returns whether a photo still has to be sent: it may have been purged since it was listed. */
  isPhotoWaiting(address: string): boolean {
    const select = 'SELECT 1 FROM photo WHERE address = ? AND sent = 0';
    return this.#s.sql.row(select, Buffer.from(address, 'base64url')) !== undefined;
  }

  /** Offers rejected photos once more: their events may have left the server's quarantine since. */
  reofferPhotos(): void {
    this.#s.write(() => this.#s.sql.run('UPDATE photo SET sent = 0 WHERE sent = 2 AND keyed = 1'));
  }

  /**
   * Queries for each photo whether the server has it, since its files may be older than its events. That includes rejected
   * photos: the state it was restored to may lack their events.
   */
  resendPhotos(): void {
    this.#found.clear();
    this.#s.sql.run('UPDATE photo SET sent = 0 WHERE sent IN (1, 3) OR (sent = 2 AND keyed = 1)');
  }

  /**
   * Stores what the server reported about a photo. Ignored if the photo's event is no longer committed: the report predates a
   * restore of the server, and the photo is queried again after its event. A photo that the server has is queried again once it
   * has a later event (sent = 3 until then). A server restored to between the photo's event and the photo has unchanged marks
   * while it has nothing newer from this kiosk; any later restore also loses that later event, which shows.
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

  /** Returns every epoch that still has events here, and the current one; sequence numbers. */
  marks(): { epoch: string; committed: number; safe: number; trimmed: number; made: number }[] {
    return this.#log.epochs
      .map((epoch) => ({ ...epoch, epoch: epoch.id, made: this.#end(epoch) - epoch.base }))
      .filter(({ ref, trimmed, made }) => trimmed < made || ref === this.#log.epoch.ref)
      .map(({ epoch, committed, safe, trimmed, made }) => ({ epoch, committed, safe, trimmed, made }));
  }
}
