import type { Presence, SiteKiosk } from '../../../sync/protocol/wire/changes.ts';
import { SiteKiosks } from '../../../sync/protocol/wire/changes.ts';
import { uuidText } from './header.ts';
import type { Whereabouts as Whereabout } from './interface.ts';
import { asPerson } from './known.ts';
import type { Rows } from './rows.ts';
import type { Session } from './session.ts';

/** What the server last said of the site's kiosks, as JSON. */
const KIOSKS = 'site-kiosks';
/** RFC 3339: of the time before this the server may have left somebody out, since it named as many as fit. */
const CUT = 'presence-cut';

/** What is older says nothing about today, ms. */
const KEPT_MS = 36 * 3_600_000;

/**
 * Where people were last recorded: what the server told of the site's other kiosks, kept so that a kiosk which starts
 * without a network still knows it; and who is accounted for in an evacuation. Writes belong into a transaction of the
 * caller's; rows of a person go with the person.
 */
export class WhereaboutsRows {
  readonly #s: Session;
  readonly #rows: Rows;
  readonly #put;
  readonly #account;

  constructor(session: Session, rows: Rows) {
    this.#s = session;
    this.#rows = rows;
    const { db } = session;
    this.#put = db.prepare(
      `INSERT INTO presence(person, direction, at) VALUES (?, ?, ?)
       ON CONFLICT(person) DO UPDATE SET direction = excluded.direction, at = excluded.at WHERE excluded.at >= presence.at`,
    );
    this.#account = db.prepare(
      'INSERT INTO accounted(person, at) VALUES (?, ?) ON CONFLICT(person) DO UPDATE SET at = excluded.at',
    );
  }

  /**
   * Takes what a page says. Of people whom this kiosk does not know nothing is kept.
   * @param full as many presences as a page can have
   */
  note(presence: readonly Presence[], kiosks: readonly SiteKiosk[] | undefined, full: number): void {
    const { db } = this.#s;
    const ref = db.prepare('SELECT ref FROM person WHERE id = ? AND gone_at IS NULL').pluck();
    let newest = 0;
    for (const { person, direction, at } of presence) {
      const time = Date.parse(at);
      newest = Math.max(newest, time);
      const known = ref.get(Buffer.from(person.replaceAll('-', ''), 'hex')) as number | undefined;
      if (known !== undefined) this.#put.run(known, direction, time);
    }
    if (newest > 0) db.prepare('DELETE FROM presence WHERE at < ?').run(newest - KEPT_MS);
    // Newest first: of what lies before the last one others may be missing.
    if (presence.length >= full) this.#rows.setSetting(CUT, presence.at(-1)!.at);
    if (kiosks) this.#rows.setSetting(KIOSKS, JSON.stringify(kiosks));
  }

  presence(): Presence[] {
    const rows = this.#s.db
      .prepare('SELECT id, direction, at FROM presence JOIN person ON person.ref = presence.person')
      .all() as { id: Buffer; direction: 'in' | 'out'; at: number }[];
    return rows.map(({ id, direction, at }) => ({
      person: uuidText(id),
      direction,
      at: new Date(at).toISOString(),
    }));
  }

  /** The newest standing record of everybody who has one at or after `since` (ms since 1970), from here or from elsewhere. */
  list(since: number): Whereabout[] {
    const { db, people, log } = this.#s;
    const elsewhere = new Map(
      (
        db.prepare('SELECT person, direction, at FROM presence WHERE at >= ?').all(since) as {
          person: number;
          direction: 'in' | 'out';
          at: number;
        }[]
      ).map((row) => [row.person, row]),
    );
    const accounted = new Map(
      (db.prepare('SELECT person, at FROM accounted').all() as { person: number; at: number }[]).map((row) => [
        row.person,
        row.at,
      ]),
    );
    return people.all().flatMap((known): Whereabout[] => {
      const n = known.recent.at(-1);
      const row = n === undefined ? null : log.row(n);
      const there = elsewhere.get(known.ref);
      const own = row && row.utc >= since && row.utc >= (there?.at ?? 0) ? row : null;
      const direction = own ? (JSON.parse(own.open) as { direction: 'in' | 'out' }).direction : there?.direction;
      if (!direction) return [];
      const mark = accounted.get(known.ref);
      return [
        {
          person: asPerson(known),
          direction,
          at: new Date(own ? own.utc : there!.at).toISOString(),
          here: own !== null,
          accountedAt: mark === undefined ? null : new Date(mark).toISOString(),
        },
      ];
    });
  }

  /** @param at ms since 1970, or null: missing again */
  account(ref: number, at: number | null): void {
    if (at === null) this.#s.db.prepare('DELETE FROM accounted WHERE person = ?').run(ref);
    else this.#account.run(ref, at);
  }

  clearAccounted(): void {
    this.#s.db.prepare('DELETE FROM accounted').run();
  }

  /** The site's kiosks as the server last named them; none where it never did, or this build can't read it. */
  kiosks(): readonly SiteKiosk[] {
    const text = this.#rows.setting(KIOSKS);
    return text === null ? [] : (SiteKiosks.safeParse(JSON.parse(text)).data ?? []);
  }

  cut(): string | null {
    return this.#rows.setting(CUT);
  }
}
