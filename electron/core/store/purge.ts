import { instant } from './checkins.ts';
import type { Db } from './database.ts';
import type { EventLog } from './events.ts';

/** Removal by age and by person, in a transaction of the caller's. Files of the vault go after the commit. */
export class Purge {
  readonly #db: Db;
  readonly #log: EventLog;
  readonly #newestBefore;

  constructor(db: Db, log: EventLog) {
    this.#db = db;
    this.#log = log;
    this.#newestBefore = db.prepare('SELECT n FROM event WHERE utc + "offset" < ? ORDER BY n DESC LIMIT 1').pluck();
  }

  /**
   * Number of the newest event that is older than `before`, by trusted time. Everything numbered up to it is older too,
   * whatever its own clock claimed: a record made while the clock was ahead doesn't outlive those after it.
   */
  #upTo(before: string): number {
    return (this.#newestBefore.get(instant(before)) as number | undefined) ?? 0;
  }

  /** Verification photos up to `before`; enrolment photos stay. Gives the addresses of their files. */
  photos(before: string): string[] {
    const upTo = this.#upTo(before);
    const where = "kind = 'checkin' AND n <= ?";
    const gone = this.#db.prepare(`SELECT address FROM photo WHERE ${where}`).pluck().all(upTo) as Buffer[];
    this.#db.prepare(`DELETE FROM photo WHERE ${where}`).run(upTo);
    if (gone.length > 0) this.#log.insert('purge', { what: 'photos', before, removed: gone.length });
    return gone.map((address) => address.toString('base64url'));
  }

  gps(before: string): number {
    const { changes } = this.#db.prepare('DELETE FROM checkin_gps WHERE n <= ?').run(this.#upTo(before));
    if (changes > 0) this.#log.insert('purge', { what: 'gps', before, removed: changes });
    return changes;
  }

  /** Everything of a person, the keys last; check-ins stay, of nobody. Gives the addresses of the photos' files. */
  person(ref: number): string[] {
    const photos = this.#db.prepare('SELECT address FROM photo WHERE person = ?').pluck().all(ref) as Buffer[];
    for (const table of ['photo', 'checkin_gps', 'template', 'pin'])
      this.#db.prepare(`DELETE FROM ${table} WHERE person = ?`).run(ref);
    this.#db.prepare('UPDATE event SET person = NULL, sealed = NULL WHERE person = ?').run(ref);
    this.#db.prepare('DELETE FROM person WHERE ref = ?').run(ref);
    return photos.map((address) => address.toString('base64url'));
  }
}
