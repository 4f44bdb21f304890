import type { Page } from '../../../sync/protocol/wire/changes.ts';
import type { DeviceState } from './device-state.ts';
import { uuidText } from './header.ts';
import type { Lookalikes } from './lookalikes.ts';
import type { Purge } from './purge.ts';
import { Applying, ISSUERS, type PageOutcome, PIN_PEPPERS, POLICY } from './roster-page.ts';
import type { Rows } from './rows.ts';
import type { Session } from './session.ts';
import type { WhereaboutsRows } from './whereabouts.ts';

/** What of a page concerns the roster. */
type ChangesPage = Extract<Page, { what: 'changes' }>;
export type RosterPage = Pick<ChangesPage, 'whole' | 'first' | 'changes' | 'cursor' | 'more' | 'kiosks'> &
  Partial<Pick<ChangesPage, 'presence'>>;

/** What memory has to follow once a page is committed. */
export interface RosterOutcome extends PageOutcome {
  /** A snapshot came to its end. */
  readonly complete: boolean;
}

const CURSOR = 'roster-cursor';
/** `under-way` from a snapshot's first page to its last. */
const SNAPSHOT = 'roster-snapshot';

/** A person's keys wait at most this long for the server to have the events in a backup, ms of trusted time. */
const GONE_MS = 30 * 86_400_000;

/**
 * People as the server sends them, in a transaction of the caller's: a page's changes and its cursor are one. What was
 * changed here and is not committed by the server yet is newer than anything the server can say of it.
 */
export class Roster {
  readonly #s: Session;
  readonly #purge: Purge;
  readonly #rows: Rows;
  readonly #deviceState: DeviceState;
  readonly #whereabouts: WhereaboutsRows;
  readonly #lookalikes: Lookalikes;
  readonly #trustedNow: () => number;

  constructor(
    session: Session,
    purge: Purge,
    rows: Rows,
    deviceState: DeviceState,
    whereabouts: WhereaboutsRows,
    lookalikes: Lookalikes,
    trustedNow: () => number,
  ) {
    this.#whereabouts = whereabouts;
    this.#lookalikes = lookalikes;
    this.#s = session;
    this.#purge = purge;
    this.#rows = rows;
    this.#deviceState = deviceState;
    this.#trustedNow = trustedNow;
  }

  /** Where to go on in the server's log; empty for a snapshot. */
  get cursor(): string {
    return this.#rows.setting(CURSOR) ?? '';
  }

  get policy(): string | null {
    return this.#rows.setting(POLICY);
  }

  get issuers(): string | null {
    return this.#rows.setting(ISSUERS);
  }

  get pinPeppers(): string | null {
    return this.#rows.setting(PIN_PEPPERS);
  }

  /** Asks for a snapshot next. */
  restart(): void {
    this.#rows.setSetting(CURSOR, '');
    this.#rows.setSetting(SNAPSHOT, '');
  }

  /** @returns what to apply in memory; `committed` must be called after the commit */
  apply(page: RosterPage): { result: RosterOutcome; committed: () => void } {
    const o = { now: this.#trustedNow(), whole: page.whole };
    const work = new Applying(
      this.#s,
      this.#purge,
      this.#rows,
      this.#deviceState,
      this.#whereabouts,
      this.#lookalikes,
      o,
    );
    const { db, log } = this.#s;
    // The server may begin a snapshot again in the middle of one: what that one named counts no more.
    if (page.whole && (page.first ?? this.#rows.setting(SNAPSHOT) !== 'under-way')) {
      // People the server already has from us, or ever sent us, must be in a page.
      db.prepare('UPDATE person SET unseen = 0').run();
      for (const epoch of log.epochs)
        db.prepare('UPDATE person SET unseen = 1 WHERE gone_at IS NULL AND entered > ? AND entered <= ?').run(
          epoch.base,
          epoch.base + epoch.committed,
        );
      db.prepare('UPDATE person SET unseen = 1 WHERE gone_at IS NULL AND entered = 0').run();
      this.#rows.setSetting(SNAPSHOT, 'under-way');
    }
    for (const change of page.changes) work.apply(change);
    const complete = page.whole && !page.more;
    if (complete) {
      const left = db.prepare('SELECT id FROM person WHERE unseen = 1').pluck().all() as Buffer[];
      for (const id of left) work.gone(uuidText(id));
      this.#rows.setSetting(SNAPSHOT, '');
    }
    this.#rows.setSetting(CURSOR, page.cursor);
    return { result: { ...work.outcome(), complete }, committed: () => work.committed() };
  }

  /**
   * Destroys the keys of those who left, when the server has all their events: in a backup, or for so long that it may be
   * taken for granted. Gives the addresses of photos whose files must go.
   */
  sweep(): { result: string[]; committed: () => void } {
    const { db, log, people } = this.#s;
    const rows = db.prepare('SELECT ref, gone_at FROM person WHERE gone_at IS NOT NULL').all() as {
      ref: number;
      gone_at: number;
    }[];
    if (rows.length === 0) return { result: [], committed: () => undefined };
    const photos: string[] = [];
    const forgotten: number[] = [];
    const waiting = (column: 'committed' | 'safe') =>
      new Set(
        log.epochs.flatMap((epoch, i) =>
          db
            .prepare('SELECT DISTINCT person FROM event WHERE person IS NOT NULL AND n > ? AND n <= ?')
            .pluck()
            .all(epoch.base + epoch[column], log.epochs[i + 1]?.base ?? log.last),
        ) as number[],
      );
    const uncommitted = waiting('committed');
    const unsafe = waiting('safe');
    const unsent = new Set(db.prepare('SELECT DISTINCT person FROM photo WHERE sent = 0').pluck().all() as number[]);
    for (const { ref, gone_at } of rows) {
      if (uncommitted.has(ref)) continue;
      const overdue = this.#trustedNow() - gone_at > GONE_MS;
      if (!overdue && (unsafe.has(ref) || unsent.has(ref))) continue;
      forgotten.push(ref);
      photos.push(...this.#purge.person(ref));
    }
    return { result: photos, committed: () => people.forgetRefs(forgotten) };
  }

  /** Every template goes, those on cards too: the lease has run out. Asks for a snapshot, which brings them back. How many went. */
  dropTemplates(): { result: number; committed: () => void } {
    const drop = (table: string) => this.#s.db.prepare(`DELETE FROM ${table}`).run().changes;
    const changes = drop('template') + drop('card_template');
    this.restart();
    return {
      result: changes,
      committed: () => {
        for (const person of this.#s.people.all()) person.templates = 0;
      },
    };
  }
}
