import { instant } from './clock.ts';
import type { Db } from './database.ts';
import type { EventLog } from './events.ts';
import { forgetLookalikes } from './lookalikes.ts';
import type { PendingPhotos } from './pending.ts';
import type { Session } from './session.ts';

/** Events deleted in one transaction: secure_delete writes each of their pages. */
const TRIM = 500;

/** What a kiosk has of someone for as long as they are one of its people, by the person's `ref`. */
export const ROSTER_TABLES = [
  'template',
  'pin',
  'credential',
  'card_template',
  'presence',
  'accounted',
  'pin_code',
] as const;

/** Removal by age and by person. Files of the vault go after the commit. */
export class Retention {
  readonly #s: Session;
  readonly #db: Db;
  readonly #log: EventLog;
  readonly #pending: PendingPhotos;
  readonly #newestBefore;

  constructor(session: Session, pending: PendingPhotos) {
    const { db, log } = session;
    this.#s = session;
    this.#db = db;
    this.#log = log;
    this.#pending = pending;
    this.#newestBefore = db.prepare('SELECT n FROM event WHERE utc + "offset" < ? ORDER BY n DESC LIMIT 1').pluck();
  }

  /**
   * Number of the newest event that is older than `before`, by trusted time. Everything numbered up to it is older too,
   * whatever its own clock claimed: a record made while the clock was ahead doesn't outlive those after it.
   */
  #upTo(before: string): number {
    return (this.#newestBefore.get(instant(before)) as number | undefined) ?? 0;
  }

  /**
   * Removes verification photos from before `before` (RFC 3339, trusted time); how many. Enrolment photos stay. It is
   * reported also where none was left: the server waits for each kiosk's word that nothing older is there.
   */
  async purgePhotos(before: string): Promise<number> {
    const addresses = this.#s.write(() => {
      const upTo = this.#upTo(before);
      this.#reportUnsent(upTo);
      const removed = this.#deletePhotos(upTo);
      this.#log.insert('purge', { what: 'photos', before, removed: removed.length });
      return removed;
    });
    if (addresses.length > 0) await this.#s.wipe(addresses);
    return addresses.length;
  }

  /** Photos of check-ins go. Gives the addresses of their files. */
  #deletePhotos(upTo: number): string[] {
    const where = "kind = 'checkin' AND n <= ?";
    const removed = this.#db.prepare(`SELECT address FROM photo WHERE ${where}`).pluck().all(upTo) as Buffer[];
    this.#db.prepare(`DELETE FROM photo WHERE ${where}`).run(upTo);
    return removed.map((address) => address.toString('base64url'));
  }

  /** Removes positions of check-ins from before `before`, as above; how many. */
  purgeGps(before: string): number {
    const removed = this.#s.write(() => {
      const { changes } = this.#db.prepare('DELETE FROM checkin_gps WHERE n <= ?').run(this.#upTo(before));
      this.#log.insert('purge', { what: 'gps', before, removed: changes });
      return changes;
    });
    if (removed > 0) this.#s.noteRemoval();
    return removed;
  }

  /**
   * Forgets events that are safe and older than `before`; how many. Photos that the server does not have safe hold theirs back
   * until they are older than `patience`. Both RFC 3339, trusted time; without `patience` they wait for ever.
   */
  async trim(before: string, patience = '1970-01-01T00:00:00.000Z'): Promise<number> {
    let count = 0;
    for (;;) {
      const first = this.#log.epochs.map(({ base, trimmed }) => base + trimmed);
      const { photos, upTo } = this.#s.write(() => this.#trimSome(before, patience));
      this.#log.refreshEpochs();
      if (upTo === 0) return count;
      count += this.#log.epochs.reduce((sum, { base, trimmed }, i) => sum + base + trimmed - first[i]!, 0);
      this.#s.people.forgetCheckins(upTo);
      await this.#s.wipe(photos);
    }
  }

  /**
   * Events that are safe and older than `before`, at most `TRIM` of them: the oldest first, so that the rest still is one
   * chain, which goes on from the anchor. A photo holds its event, and all after it, back until the server has it safe, or
   * it is older than `patience`: what then never reached the server is reported in a `photos-not-sent` event. A photo is
   * safe once an event is that was made after the server had the photo: the backup with that event has it too.
   * Gives the addresses of the photos' files that go with them, and the number of the newest event that went.
   */
  #trimSome(before: string, patience: string): { photos: string[]; upTo: number } {
    const old = this.#upTo(before);
    const given = this.#upTo(patience);
    const waiting = this.#db
      .prepare('SELECT min(n) FROM photo WHERE n > ? AND (sent = 0 OR (sent <> 2 AND found >= ?))')
      .pluck();
    const epochs = this.#log.epochs;
    const newestSafe = Math.max(...epochs.map(({ base, safe }) => (safe > 0 ? base + safe : 0)));
    for (const [i, epoch] of epochs.entries()) {
      const { ref, base, safe, trimmed } = epoch;
      const from = base + trimmed;
      const photo = (waiting.get(Math.max(from, given), newestSafe) as number | null) ?? Number.MAX_SAFE_INTEGER;
      const upTo = Math.min(base + safe, old, photo - 1, from + TRIM);
      if (upTo > from) return { photos: this.#trimEpoch(ref, base, upTo), upTo };
      if (from < (epochs[i + 1]?.base ?? this.#log.last)) break; // what comes later must wait for it
    }
    return { photos: [], upTo: 0 };
  }

  #trimEpoch(ref: number, base: number, upTo: number): string[] {
    const db = this.#db;
    this.#reportUnsent(upTo);
    const photos = this.#deletePhotos(upTo);
    const anchor = db.prepare('SELECT substr(digests, 1, 32) FROM event WHERE n = ?').pluck().get(upTo) as Buffer;
    for (const table of ['checkin_gps', 'checkin_note', 'event'])
      db.prepare(`DELETE FROM ${table} WHERE n <= ?`).run(upTo);
    db.prepare('UPDATE epoch SET trimmed = ?, anchor = ? WHERE ref = ?').run(upTo - base, anchor, ref);
    return photos;
  }

  /**
   * Photos of check-ins go with their events; of those that the server does not have it reports how many: `waiting`
   * never got through, `refused` it did not want or could not be read. Pictures of enrolments stay, and are sent all
   * the same.
   */
  #reportUnsent(upTo: number): void {
    const { waiting, refused } = this.#db
      .prepare(
        "SELECT total(sent = 0) AS waiting, total(sent = 2 AND keyed = 1) AS refused FROM photo WHERE kind = 'checkin' AND n <= ?",
      )
      .get(upTo) as { waiting: number; refused: number };
    if (waiting + refused > 0) this.#log.insert('health', { code: 'photos-not-sent', detail: { waiting, refused } });
  }

  /** Pictures of an import that may show a person. Gives the addresses of their files. */
  waiting(ref: number): string[] {
    const known = this.#s.people.byRef(ref);
    return known ? this.#pending.removePerson(known) : [];
  }

  /** Every picture of an import that waits: no face is taken here any more. Gives the addresses of their files. */
  allWaiting(): string[] {
    return this.#pending.remove(Number.MAX_SAFE_INTEGER);
  }

  /** Everything of a person, the keys last; check-ins stay, of nobody. Gives the addresses of the photos' files. */
  deletePersonRows(ref: number): string[] {
    const waiting = this.waiting(ref);
    const photos = this.#db.prepare('SELECT address FROM photo WHERE person = ?').pluck().all(ref) as Buffer[];
    for (const table of ['photo', 'checkin_gps', ...ROSTER_TABLES])
      this.#db.prepare(`DELETE FROM ${table} WHERE person = ?`).run(ref);
    this.#db.prepare('DELETE FROM reenrolment WHERE person = (SELECT id FROM person WHERE ref = ?)').run(ref);
    const id = this.#db.prepare('SELECT id FROM person WHERE ref = ?').pluck().get(ref) as Buffer | undefined;
    if (id) forgetLookalikes(this.#db, id);
    this.#db.prepare('UPDATE event SET person = NULL, sealed = NULL WHERE person = ?').run(ref);
    this.#db.prepare('DELETE FROM person WHERE ref = ?').run(ref);
    return [...waiting, ...photos.map((address) => address.toString('base64url'))];
  }
}
