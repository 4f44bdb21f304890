import type { Presence, SiteKiosk } from '../../../sync/protocol/wire/changes.ts';
import { SiteKiosks } from '../../../sync/protocol/wire/changes.ts';
import { uuidBytes, uuidText } from './header.ts';
import type { Whereabouts as Whereabout } from './interface.ts';
import { asPerson, type Known } from './known.ts';
import type { Rows } from './rows.ts';
import type { Session } from './session.ts';

/** What the server last said of the site's kiosks, as JSON. */
const KIOSKS = 'site-kiosks';
/** RFC 3339: of the time before this the server may have left someone out, since it named as many as fit. */
const CUT = 'presence-cut';
/** The evacuation that goes on: its id, since when (RFC 3339), and the number of the event by which it began or ended here. */
const EVACUATION = 'evacuation-id';
const BEGUN = 'evacuation-begun';
const EVENT = 'evacuation-event';

/** An evacuation of the site. */
export interface OngoingEvacuation {
  readonly id: string;
  /** RFC 3339. */
  readonly begunAt: string;
}

/** What is older says nothing about today, ms. */
const KEPT_MS = 36 * 3_600_000;

/**
 * Where people were last recorded: what the server sent of the site's other kiosks, kept so that a kiosk which starts
 * without a network still knows it; and who is accounted for in an evacuation. Writes belong into a transaction of the
 * caller's; rows of a person go with the person.
 */
export class WhereaboutsRows {
  readonly #s: Session;
  readonly #rows: Rows;
  readonly #device: string;
  readonly #put;
  readonly #account;

  /** @param device this kiosk */
  constructor(session: Session, rows: Rows, device: string) {
    this.#s = session;
    this.#device = device;
    this.#rows = rows;
    const { db } = session;
    this.#put = db.prepare(
      `INSERT INTO presence(person, direction, at) VALUES (?, ?, ?)
       ON CONFLICT(person) DO UPDATE SET direction = excluded.direction, at = excluded.at WHERE excluded.at >= presence.at`,
    );
    this.#account = db.prepare(
      `INSERT INTO accounted(person, at, n, device, missing) VALUES (?, ?, ?, ?, ?) ON CONFLICT(person) DO UPDATE
       SET at = excluded.at, n = excluded.n, device = excluded.device, missing = excluded.missing`,
    );
  }

  /**
   * Takes what a page says. Nothing is kept of people this kiosk does not know.
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
      (
        db.prepare('SELECT person, at, device FROM accounted WHERE missing = 0').all() as {
          person: number;
          at: number;
          device: Buffer | null;
        }[]
      ).map((row) => [row.person, row]),
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
          accounted: mark
            ? { at: new Date(mark.at).toISOString(), device: mark.device && uuidText(mark.device) }
            : null,
        },
      ];
    });
  }

  /** The evacuation that goes on, as far as this kiosk knows. */
  evacuation(): OngoingEvacuation | null {
    const [id, begunAt] = [this.#rows.setting(EVACUATION), this.#rows.setting(BEGUN)];
    return id && begunAt ? { id, begunAt } : null;
  }

  /** Begun here, or ended; nobody is accounted for. */
  setEvacuation({ id, begunAt }: OngoingEvacuation, change: 'begun' | 'ended'): void {
    const { n } = this.#s.log.insert('evacuation', { evacuation: id, change });
    this.#rows.setSetting(EVENT, String(n));
    this.#keepEvacuation(change === 'begun' ? { id, begunAt } : null);
    this.#clearAccounted();
  }

  #keepEvacuation(evacuation: OngoingEvacuation | null): void {
    this.#rows.setSetting(EVACUATION, evacuation?.id ?? '');
    this.#rows.setSetting(BEGUN, evacuation?.begunAt ?? '');
  }

  #clearAccounted(): void {
    this.#s.db.prepare('DELETE FROM accounted').run();
  }

  /** The server says which goes on. What was begun or ended here, and is not committed there, is newer. */
  applyEvacuation(ongoing: OngoingEvacuation | null): void {
    const n = Number(this.#rows.setting(EVENT) || 0);
    if (!this.#s.log.isCommitted(n)) return;
    // Begun at two doors without a network it is one: people accounted for here stay so.
    if (!ongoing || !this.evacuation()) this.#clearAccounted();
    this.#keepEvacuation(ongoing);
  }

  /** The server says whether someone was seen outside; a word of this kiosk's that it has not heard is newer. */
  applyAccounted(ref: number, seen: { readonly at: string; readonly device: string | null } | null): void {
    const { db, log } = this.#s;
    const n = db.prepare('SELECT n FROM accounted WHERE person = ?').pluck().get(ref) as number | undefined;
    if (n !== undefined && !log.isCommitted(n)) return;
    if (seen && this.evacuation())
      this.#account.run(ref, Date.parse(seen.at), 0, seen.device && uuidBytes(seen.device), 0);
    else db.prepare('DELETE FROM accounted WHERE person = ?').run(ref);
  }

  /** Seen outside, or not after all, by this kiosk's word. @param at ms since 1970 */
  account(person: Known, accounted: boolean, at: number, evacuation: string): void {
    const { values, log } = this.#s;
    this.#account.run(person.ref, at, log.last + 1, uuidBytes(this.#device), accounted ? 0 : 1);
    const open = { evacuation, change: accounted ? 'accounted' : 'missing' } as const;
    values.append('evacuation', open, { person: person.id }, person);
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
