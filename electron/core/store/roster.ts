import { MAX_PRESENCE, type Page } from '../../../sync/protocol/wire/changes.ts';
import { uuidText } from './header.ts';
import type { Outbox } from './outbox.ts';
import { Applying, ISSUERS, type PageOutcome, type PageParts, PIN_PEPPERS, POLICY } from './roster-page.ts';
import type { Outcome, Session } from './session.ts';

type ChangesPage = Extract<Page, { what: 'changes' }>;
export type RosterPage = Pick<ChangesPage, 'whole' | 'first' | 'changes' | 'cursor' | 'more' | 'kiosks'> &
  Partial<Pick<ChangesPage, 'presence'>>;

/** The changes to make in memory once a page is committed. */
export interface RosterOutcome extends PageOutcome {
  readonly complete: boolean;
}

const CURSOR = 'roster-cursor';
/** `under-way` from a snapshot's first page to its last. */
const SNAPSHOT = 'roster-snapshot';

/** Longest time a removed person's keys wait for the server to have the events in a backup, ms of trusted time. */
const REMOVED_MS = 30 * 86_400_000;

/**
 * People as sent by the server: a page's changes and its cursor are one transaction. A change made here that the server has not
 * committed yet is newer than anything it can send.
 */
export class Roster {
  readonly #s: Session;
  readonly #parts: PageParts;
  readonly #outbox: Outbox;

  constructor(session: Session, parts: PageParts, outbox: Outbox) {
    this.#s = session;
    this.#parts = parts;
    this.#outbox = outbox;
  }

  /** Where to continue in the server's log; empty for a snapshot. */
  get cursor(): string {
    return this.#parts.settings.get(CURSOR) ?? '';
  }

  /** The server's policy as JSON; null if it has sent none. */
  get policy(): string | null {
    return this.#parts.settings.get(POLICY);
  }

  /** Public keys for verifying people's own codes, as JSON; null if the server has sent none. */
  get issuers(): string | null {
    return this.#parts.settings.get(ISSUERS);
  }

  /** Peppers that kiosks of this server share for PINs, base64url, as JSON; null if the server has sent none. */
  get pinPeppers(): string | null {
    return this.#parts.settings.get(PIN_PEPPERS);
  }

  /** Handles a different server log: starts with a snapshot, and queries for each photo whether the server has it. */
  restart(): void {
    this.#s.write(() => {
      this.#requestSnapshot();
      this.#outbox.resendPhotos();
    });
  }

  #requestSnapshot(): void {
    this.#parts.settings.setAll({ [CURSOR]: '', [SNAPSHOT]: '' });
  }

  /**
   * Applies a page of the server's log, including the cursor, in one transaction; memory is updated after the commit.
   * @param settings settings to store in the same transaction
   * @param then called after the commit, even if removed data then can't be wiped from the disk: the page is not sent again
   * @throws Problem of the store: before the commit nothing of the page is kept, after it everything
   */
  async apply(
    page: RosterPage,
    settings: (outcome: RosterOutcome) => Readonly<Record<string, string>> = () => ({}),
    then: (outcome: RosterOutcome) => void = () => undefined,
  ): Promise<RosterOutcome> {
    const erasing = page.changes.some(({ kind }) => kind === 'erase');
    const result = this.#s.change(() => {
      const applied = this.#apply(page);
      this.#parts.presence.note(page.presence ?? [], page.kiosks, MAX_PRESENCE, applied.result.complete);
      this.#parts.settings.setAll(settings(applied.result));
      return applied;
    }, erasing);
    then(result);
    if (result.removedPeople.length > 0 || result.templatesRemoved || result.photos.length > 0)
      await this.#s.wipe(result.photos);
    return result;
  }

  #apply(page: RosterPage): Outcome<RosterOutcome> {
    const { settings } = this.#parts;
    const work = new Applying(this.#s, this.#parts, page.whole);
    const { sql, log } = this.#s;
    // The server may restart a snapshot in the middle: what the first attempt named no longer counts.
    if (page.whole && (page.first ?? settings.get(SNAPSHOT) !== 'under-way')) {
      // People the server already has from us, or ever sent us, must be in a page.
      sql.run('UPDATE person SET unseen = 0');
      const entered = 'UPDATE person SET unseen = 1 WHERE removed_at IS NULL AND entered > ? AND entered <= ?';
      for (const { base, committed } of log.epochs) sql.run(entered, base, base + committed);
      sql.run('UPDATE person SET unseen = 1 WHERE removed_at IS NULL AND entered = 0');
      settings.set(SNAPSHOT, 'under-way');
    }
    for (const change of page.changes) work.apply(change);
    const complete = page.whole && !page.more;
    if (complete) {
      const left = sql.values<Buffer>('SELECT id FROM person WHERE unseen = 1');
      for (const id of left) work.remove(uuidText(id));
      settings.set(SNAPSHOT, '');
    }
    settings.set(CURSOR, page.cursor);
    return { result: { ...work.outcome(), complete }, committed: () => work.committed() };
  }

  /**
   * Destroys the keys of removed people when the server has all their events: in a backup, or for so long that a backup can be
   * assumed. Returns how many photos were deleted with them.
   */
  async sweep(): Promise<number> {
    const photos = this.#s.change(() => this.#sweep());
    if (photos.length > 0) await this.#s.wipe(photos);
    return photos.length;
  }

  #sweep(): Outcome<string[]> {
    const { sql, log, people } = this.#s;
    const rows = sql.rows<{ ref: number; removed_at: number }>(
      'SELECT ref, removed_at FROM person WHERE removed_at IS NOT NULL',
    );
    if (rows.length === 0) return { result: [], committed: () => undefined };
    const photos: string[] = [];
    const forgotten: number[] = [];
    const waiting = (column: 'committed' | 'safe') =>
      new Set(
        log.epochs.flatMap((epoch, i) =>
          sql.values<number>(
            'SELECT DISTINCT person FROM event WHERE person IS NOT NULL AND n > ? AND n <= ?',
            epoch.base + epoch[column],
            log.epochs[i + 1]?.base ?? log.last,
          ),
        ),
      );
    const uncommitted = waiting('committed');
    const unsafe = waiting('safe');
    const unsent = new Set(sql.values<number>('SELECT DISTINCT person FROM photo WHERE sent = 0'));
    for (const { ref, removed_at } of rows) {
      if (uncommitted.has(ref)) continue;
      const overdue = this.#s.trustedNow() - removed_at > REMOVED_MS;
      if (!overdue && (unsafe.has(ref) || unsent.has(ref))) continue;
      forgotten.push(ref);
      photos.push(...this.#parts.removal.deletePersonRows(ref));
    }
    return { result: photos, committed: () => people.forgetRefs(forgotten) };
  }

  hasTemplates(): boolean {
    return this.#s.sql.row('SELECT 1 FROM template UNION ALL SELECT 1 FROM card_template LIMIT 1') !== undefined;
  }

  /**
   * Deletes every template, including those on cards and in unsent events, because the lease has expired. A snapshot, requested
   * next, restores them. Stores `settings` in the same transaction. Returns how many were deleted.
   */
  async dropTemplates(settings: Readonly<Record<string, string>> = {}): Promise<number> {
    const { sql, people } = this.#s;
    const dropped = this.#s.change(() => {
      this.#parts.settings.setAll(settings);
      const result = sql.run('DELETE FROM template').changes + sql.run('DELETE FROM card_template').changes;
      this.#requestSnapshot();
      return {
        result,
        committed: () => {
          for (const person of people.all()) person.templates = 0;
        },
      };
    });
    if (dropped > 0) await this.#s.wipe([]);
    return dropped;
  }
}
