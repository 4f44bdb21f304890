import { instant } from './clock.ts';
import type { Sql } from './database.ts';
import type { EventLog } from './events.ts';
import { forgetLookalikes } from './lookalikes.ts';
import type { PendingPhotos } from './pending.ts';
import { isStorageProblem } from './reserve.ts';
import type { Session } from './session.ts';

/** Events deleted in one transaction: secure_delete overwrites each of their pages. */
const TRIM = 500;
/** Two clocks have run alike if their differences between two readings differ by at most this, ms. */
const IN_STEP_MS = 300_000;

/** Tables with what a kiosk has of a person while they are assigned to it, by the person's `ref`. */
export const ROSTER_TABLES = [
  'template',
  'pin',
  'credential',
  'card_template',
  'presence',
  'accounted',
  'pin_code',
] as const;

/** Removes data by age (retention/ says when) and by person. Files in the vault are deleted after the commit. */
export class Removal {
  readonly #s: Session;
  readonly #sql: Sql;
  readonly #log: EventLog;
  readonly #pending: PendingPhotos;

  constructor(session: Session, pending: PendingPhotos) {
    this.#s = session;
    this.#sql = session.sql;
    this.#log = session.log;
    this.#pending = pending;
  }

  /**
   * Returns the number of the newest event older than `before`, by trusted time. Everything up to that number counts as older,
   * whatever its own clock claimed: a record made while the clock was ahead doesn't outlive later ones.
   */
  #upTo(before: string): number {
    const later = 'SELECT max(later) FROM time_correction WHERE event.n BETWEEN first AND last';
    const newest = `SELECT n FROM event WHERE utc + "offset" + coalesce((${later}), 0) < ? ORDER BY n DESC LIMIT 1`;
    return this.#sql.value<number>(newest, instant(before)) ?? 0;
  }

  /**
   * Handles trusted time found to be behind: what was recorded since it went wrong happened later than its events say, by the same
   * amount, so it must not be removed early. These are the newest events of this boot during which both clocks ran like the
   * monotonic one. If the wall clock is known to be dead, it may have been set since.
   *
   * @param now ms: trusted time before it is corrected, wall clock, monotonic clock. @param by ms
   * @param alive earliest time of a working wall clock, ms since 1970
   */
  correct(now: { trusted: number; wall: number; monotonic: number; bootId: string }, by: number, alive: number): void {
    const { trusted, wall, monotonic, bootId } = now;
    const before = `SELECT n FROM event WHERE boot <> (SELECT ref FROM boot WHERE id = ?)
      OR abs(utc + "offset" - monotonic / 1000 - ?) > ? OR (utc >= ? AND abs(utc - monotonic / 1000 - ?) > ?)
      ORDER BY n DESC LIMIT 1`;
    const [ran, claimed] = [trusted - monotonic, wall - monotonic];
    const first = (this.#sql.value<number>(before, bootId, ran, IN_STEP_MS, alive, claimed, IN_STEP_MS) ?? 0) + 1;
    const { last } = this.#log;
    if (first <= last)
      this.#s.write(() => this.#sql.put('time_correction', { last, first, later: Math.round(by) }, 'last'));
  }

  /**
   * Deletes verification photos from before `before` (RFC 3339, trusted time); returns how many. Enrolment photos are kept.
   * Reported even if none existed: the server waits for each kiosk to confirm that nothing older is left.
   */
  async purgePhotos(before: string): Promise<number> {
    const photos = await this.#deletePhotos(this.#upTo(before), (removed) => {
      this.#log.insert('purge', { what: 'photos', before, removed });
    });
    if (photos.length > 0) await this.#s.wipe(photos);
    return photos.length;
  }

  /**
   * Deletes photos of check-ins, and runs `also` in the same transaction. If the disk is too full even for that, their files are
   * deleted first. Returns the addresses of their files.
   */
  async #deletePhotos(upTo: number, also: (removed: number) => void): Promise<string[]> {
    const where = "kind = 'checkin' AND n <= ?";
    const found = this.#sql.values<Buffer>(`SELECT address FROM photo WHERE ${where}`, upTo);
    const photos = found.map((address) => address.toString('base64url'));
    const rows = () =>
      this.#s.write(() => {
        this.#reportUnsent(upTo);
        this.#sql.run(`DELETE FROM photo WHERE ${where}`, upTo);
        also(photos.length);
      });
    try {
      rows();
    } catch (error) {
      if (!isStorageProblem(error) || photos.length === 0) throw error;
      await this.#s.vault.remove(photos);
      rows();
    }
    return photos;
  }

  /** Deletes positions of check-ins from before `before`, as above; returns how many. */
  purgeGps(before: string): number {
    const removed = this.#s.write(() => {
      const { changes } = this.#sql.run('DELETE FROM checkin_gps WHERE n <= ?', this.#upTo(before));
      this.#log.insert('purge', { what: 'gps', before, removed: changes });
      return changes;
    });
    if (removed > 0) this.#s.noteRemoval();
    return removed;
  }

  /**
   * Deletes events that are safe and older than `before`; returns how many. Photos that the server does not have safely hold
   * theirs back until they are older than `patience`. Both RFC 3339, trusted time; without `patience` they wait for ever.
   */
  async trim(before: string, patience = '1970-01-01T00:00:00.000Z'): Promise<number> {
    let count = 0;
    for (;;) {
      const first = this.#log.epochs.map(({ base, trimmed }) => base + trimmed);
      const next = this.#nextTrim(before, patience);
      if (!next) return count;
      const { ref, base, upTo } = next;
      const photos = await this.#deletePhotos(upTo, () => this.#trimEpoch(ref, base, upTo));
      this.#log.refreshEpochs();
      count += this.#log.epochs.reduce((sum, { base, trimmed }, i) => sum + base + trimmed - first[i]!, 0);
      this.#s.people.forgetCheckins(upTo);
      await this.#s.wipe(photos);
    }
  }

  /**
   * Finds events that are safe and older than `before`, at most `TRIM`: the oldest first, so that the rest is still one chain,
   * which continues from the anchor. A photo holds back its event and all later ones until the server has it safely, or it is
   * older than `patience`: then photos that never reached the server are reported in a `photos-not-sent` event. A photo is safe
   * once an event is safe that was made after the server had the photo: the backup with that event also has the photo. Returns
   * their epoch, and the number of the newest; null if there are none.
   */
  #nextTrim(before: string, patience: string): { ref: number; base: number; upTo: number } | null {
    const old = this.#upTo(before);
    const given = this.#upTo(patience);
    const waiting = 'SELECT min(n) FROM photo WHERE n > ? AND (sent = 0 OR (sent <> 2 AND found >= ?))';
    const epochs = this.#log.epochs;
    const newestSafe = Math.max(...epochs.map(({ base, safe }) => (safe > 0 ? base + safe : 0)));
    for (const [i, epoch] of epochs.entries()) {
      const { ref, base, safe, trimmed } = epoch;
      const from = base + trimmed;
      const photo = this.#sql.value<number>(waiting, Math.max(from, given), newestSafe) ?? Number.MAX_SAFE_INTEGER;
      const upTo = Math.min(base + safe, old, photo - 1, from + TRIM);
      if (upTo > from) return { ref, base, upTo };
      if (from < (epochs[i + 1]?.base ?? this.#log.last)) break; // later epochs must wait for this one
    }
    return null;
  }

  #trimEpoch(ref: number, base: number, upTo: number): void {
    const anchor = this.#sql.value<Buffer>('SELECT substr(digests, 1, 32) FROM event WHERE n = ?', upTo)!;
    for (const table of ['checkin_gps', 'checkin_note', 'event'])
      this.#sql.run(`DELETE FROM ${table} WHERE n <= ?`, upTo);
    this.#sql.run('DELETE FROM time_correction WHERE last <= ?', upTo);
    this.#sql.run('UPDATE epoch SET trimmed = ?, anchor = ? WHERE ref = ?', upTo - base, anchor, ref);
  }

  /**
   * Reports how many of the photos being deleted with their events the server does not have: `waiting` were never sent, `refused`
   * were rejected or unreadable. Pictures of enrolments are kept and sent anyway.
   */
  #reportUnsent(upTo: number): void {
    const { waiting, refused } = this.#sql.row<{ waiting: number; refused: number }>(
      "SELECT total(sent = 0) AS waiting, total(sent = 2 AND keyed = 1) AS refused FROM photo WHERE kind = 'checkin' AND n <= ?",
      upTo,
    )!;
    if (waiting + refused > 0) this.#log.insert('health', { code: 'photos-not-sent', detail: { waiting, refused } });
  }

  /** Deletes pictures of an import that may show a person. Returns the addresses of their files. */
  waiting(ref: number): string[] {
    const known = this.#s.people.byRef(ref);
    return known ? this.#pending.removePerson(known) : [];
  }

  /** Deletes every waiting picture of an import, when faces are no longer enrolled here. Returns the addresses of their files. */
  allWaiting(): string[] {
    return this.#pending.remove(Number.MAX_SAFE_INTEGER);
  }

  /** Deletes everything of a person, keys last; check-ins remain, assigned to nobody. Returns the photo files' addresses. */
  deletePersonRows(ref: number): string[] {
    const waiting = this.waiting(ref);
    const photos = this.#sql.values<Buffer>('SELECT address FROM photo WHERE person = ?', ref);
    for (const table of ['photo', 'checkin_gps', ...ROSTER_TABLES])
      this.#sql.run(`DELETE FROM ${table} WHERE person = ?`, ref);
    this.#sql.run('DELETE FROM reenrolment WHERE person = (SELECT id FROM person WHERE ref = ?)', ref);
    const id = this.#sql.value<Buffer>('SELECT id FROM person WHERE ref = ?', ref);
    if (id) forgetLookalikes(this.#sql, id);
    this.#sql.run('UPDATE event SET person = NULL, sealed = NULL WHERE person = ?', ref);
    this.#sql.run('DELETE FROM person WHERE ref = ?', ref);
    return [...waiting, ...photos.map((address) => address.toString('base64url'))];
  }
}
