import { type Presence, type SiteKiosk, SiteKiosks } from '../../../sync/protocol/wire/changes.ts';
import type { Open } from '../../../sync/protocol/wire/event.ts';
import { keptJson } from '../kept-json.ts';
import { instant } from './clock.ts';
import { happenedAt } from './events.ts';
import { uuidBytes, uuidText } from './header.ts';
import type { Person } from './interface.ts';
import { asPerson } from './known.ts';
import type { Session } from './session.ts';
import type { Settings } from './settings.ts';

/** What the server last sent about the site's kiosks, as JSON. */
const KIOSKS = 'site-kiosks';
/** RFC 3339: before this time the server may have omitted people, since it sent only as many as fit. */
const CUT = 'presence-cut';
/** The ongoing evacuation: its id, its start (RFC 3339), and the number of the event that started or ended it here. */
const EVACUATION = 'evacuation-id';
const STARTED = 'evacuation-started';
const EVENT = 'evacuation-event';

export interface OngoingEvacuation {
  readonly id: string;
  /** RFC 3339. */
  readonly startedAt: string;
}

/** The newest valid record of a person, from any kiosk of the site. */
export interface Whereabouts {
  readonly person: Person;
  readonly direction: 'in' | 'out';
  /** RFC 3339. */
  readonly at: string;
  /** True: recorded here. False: sent by the server. */
  readonly here: boolean;
  /** When they were seen outside in the current evacuation, and at which kiosk (null: reported in the console). Null: missing. */
  readonly accounted: { readonly at: string; readonly device: string | null } | null;
}

/** Older presences are irrelevant today, ms. */
const KEPT_MS = 36 * 3_600_000;
/** An evacuation that nobody ended ends automatically after this, ms: on the server, and here if no server reports it. */
const LONGEST_EVACUATION_MS = 24 * 3_600_000;

/**
 * Where people were last recorded: what the server sent about the site's other kiosks, stored so that a kiosk that starts without
 * a network still has it; and who is accounted for in an evacuation. A person's rows are deleted with the person.
 */
export class PresenceRecords {
  readonly #s: Session;
  readonly #settings: Settings;

  constructor(session: Session, settings: Settings) {
    this.#s = session;
    this.#settings = settings;
  }

  /**
   * Stores what a page contains. Nothing is kept about people unknown to this kiosk.
   * @param full the most presences a page can have
   * @param whole the page has all of the site, as at the end of a snapshot: existing rows may be from another one
   */
  note(presence: readonly Presence[], kiosks: readonly SiteKiosk[] | undefined, full: number, whole: boolean): void {
    const { sql } = this.#s;
    if (whole) {
      const since = presence.length < full ? 0 : Date.parse(presence.at(-1)!.at);
      sql.run('DELETE FROM presence WHERE at >= ?', since);
    }
    let newest = 0;
    for (const { person, direction, at } of presence) {
      const time = Date.parse(at);
      newest = Math.max(newest, time);
      const ref = sql.value<number>('SELECT ref FROM person WHERE id = ? AND removed_at IS NULL', uuidBytes(person));
      if (ref !== undefined) sql.put('presence', { person: ref, direction, at: time }, 'person');
    }
    if (newest > 0) sql.run('DELETE FROM presence WHERE at < ?', newest - KEPT_MS);
    // Newest first: presences before the last one may be missing.
    if (presence.length >= full) this.#settings.set(CUT, presence.at(-1)!.at);
    if (kiosks) this.#settings.set(KIOSKS, JSON.stringify(kiosks));
  }

  /** Returns the records from the site's other kiosks, as sent by the server, newest per person. */
  elsewhere(): Presence[] {
    const rows = this.#s.sql.rows<{ id: Buffer; direction: 'in' | 'out'; at: number }>(
      'SELECT id, direction, at FROM presence JOIN person ON person.ref = presence.person',
    );
    return rows.map(({ id, direction, at }) => ({
      person: uuidText(id),
      direction,
      at: new Date(at).toISOString(),
    }));
  }

  /** Returns everyone's newest valid record at or after `since` (RFC 3339, trusted time), from here or elsewhere. */
  list(since: string): Whereabouts[] {
    const { sql, people, log } = this.#s;
    const from = instant(since);
    const byPerson = <T>(select: string, ...values: number[]) =>
      new Map(sql.rows<T & { person: number }>(select, ...values).map((row) => [row.person, row]));
    const elsewhere = byPerson<{ direction: 'in' | 'out'; at: number }>(
      'SELECT person, direction, at FROM presence WHERE at >= ?',
      from,
    );
    const accounted = byPerson<{ at: number; device: Buffer | null }>(
      'SELECT person, at, device FROM accounted WHERE missing = 0',
    );
    return people.all().flatMap((known): Whereabouts[] => {
      const n = known.recent.at(-1);
      const row = n === undefined ? null : log.row(n);
      const there = elsewhere.get(known.ref);
      const at = row ? happenedAt(row) : Number.NEGATIVE_INFINITY;
      const own = row && at >= from && at >= (there?.at ?? 0) ? row : null;
      const direction = own ? (JSON.parse(own.open) as { direction: 'in' | 'out' }).direction : there?.direction;
      if (!direction) return [];
      const mark = accounted.get(known.ref);
      return [
        {
          person: asPerson(known),
          direction,
          at: new Date(own ? at : there!.at).toISOString(),
          here: own !== null,
          accounted: mark
            ? { at: new Date(mark.at).toISOString(), device: mark.device && uuidText(mark.device) }
            : null,
        },
      ];
    });
  }

  /** Returns the ongoing evacuation of this site, if known here; else null. */
  evacuation(): OngoingEvacuation | null {
    const [id, startedAt] = [this.#settings.get(EVACUATION), this.#settings.get(STARTED)];
    return id && startedAt ? { id, startedAt } : null;
  }

  /** Starts an evacuation unless one is ongoing; deletes earlier marks. `report` has its counts. */
  beginEvacuation(evacuation: OngoingEvacuation, report: Open<'health'>): void {
    this.#s.write(() => {
      if (this.evacuation()) return;
      this.#setEvacuation(evacuation, 'started');
      this.#s.log.insert('health', report);
    });
  }

  endEvacuation(report: Open<'health'>): void {
    this.#s.write(() => {
      const ongoing = this.evacuation();
      if (!ongoing) return;
      this.#setEvacuation(ongoing, 'ended');
      this.#s.log.insert('health', report);
    });
  }

  /** Ends an evacuation that nobody ended: who was accounted for is not kept, nor shown in the next one. */
  endForgotten(): void {
    const ongoing = this.evacuation();
    if (ongoing && this.#s.trustedNow() - instant(ongoing.startedAt) >= LONGEST_EVACUATION_MS)
      this.endEvacuation({ code: 'evacuation-ended', detail: {} });
  }

  /** Stores a start or end made here, and clears who is accounted for. */
  #setEvacuation({ id, startedAt }: OngoingEvacuation, change: 'started' | 'ended'): void {
    const { n } = this.#s.log.insert('evacuation', { evacuation: id, change });
    this.#settings.set(EVENT, String(n));
    this.#keepEvacuation(change === 'started' ? { id, startedAt } : null);
    this.#clearAccounted();
  }

  #keepEvacuation(evacuation: OngoingEvacuation | null): void {
    this.#settings.set(EVACUATION, evacuation?.id ?? '');
    this.#settings.set(STARTED, evacuation?.startedAt ?? '');
  }

  #clearAccounted(): void {
    this.#s.sql.run('DELETE FROM accounted');
  }

  /** Applies the server's ongoing evacuation. A start or end made here that the server has not committed is newer. */
  applyEvacuation(ongoing: OngoingEvacuation | null): void {
    const n = Number(this.#settings.get(EVENT) || 0);
    if (!this.#s.log.isCommitted(n)) return;
    const before = this.evacuation();
    if (!ongoing || !before) this.#clearAccounted();
    // An evacuation begun at two doors without a network is one, and the server knows its earlier start: people accounted for
    // here since then remain so. Earlier marks belong to an evacuation that has ended.
    else if (ongoing.id !== before.id)
      this.#s.sql.run('DELETE FROM accounted WHERE at < ?', Date.parse(ongoing.startedAt));
    this.#keepEvacuation(ongoing);
  }

  /** Applies the server's report on whether someone was seen outside, unless a newer report of this kiosk is still unsent. */
  applyAccounted(ref: number, seen: { readonly at: string; readonly device: string | null } | null): void {
    const { sql, log } = this.#s;
    const n = sql.value<number>('SELECT n FROM accounted WHERE person = ?', ref);
    if (n !== undefined && !log.isCommitted(n)) return;
    if (seen && this.evacuation()) {
      const device = seen.device && uuidBytes(seen.device);
      sql.put('accounted', { person: ref, at: Date.parse(seen.at), n: 0, device, missing: 0 }, 'person');
    } else sql.run('DELETE FROM accounted WHERE person = ?', ref);
  }

  /**
   * Marks someone as accounted for in the ongoing evacuation, or as missing again; `at` is RFC 3339.
   * @throws Problem `person-unknown`
   */
  account(person: string, accounted: boolean, at: string): void {
    const { sql, values, log, people, device } = this.#s;
    const known = people.require(person);
    this.#s.write(() => {
      const ongoing = this.evacuation();
      if (!ongoing) return;
      const seen = { at: instant(at), n: log.last + 1, device: uuidBytes(device), missing: accounted ? 0 : 1 };
      sql.put('accounted', { person: known.ref, ...seen }, 'person');
      const open = { evacuation: ongoing.id, change: accounted ? 'accounted' : 'missing' } as const;
      values.append('evacuation', open, { person }, known);
    });
  }

  /** The site's kiosks as last sent by the server; empty if it sent none, or this build can't read them. */
  get kiosks(): readonly SiteKiosk[] {
    return keptJson(SiteKiosks, this.#settings.get(KIOSKS)) ?? [];
  }

  /** RFC 3339: presences before this time may be incomplete; null if they are complete. */
  get cut(): string | null {
    return this.#settings.get(CUT);
  }
}
