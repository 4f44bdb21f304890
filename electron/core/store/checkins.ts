import type { Open } from '../../../sync/protocol/wire/event.ts';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { Composed, EventRow, Inserted } from './events.ts';
import { counterOf, uuidBytes, uuidText } from './header.ts';
import type { Checkin, CheckinQuery, NewCheckin } from './interface.ts';
import type { Known } from './known.ts';
import { ofPhoto, type Session } from './session.ts';

/** An event may be committed this many numbers after its id was made: photos are written in between. */
const ID_REACH = 4096;

interface CheckinRow {
  n: number;
  person: number | null;
  sealed: Buffer | null;
  voided: number | null;
  photo_lost: string | null;
  address: Buffer | null;
}

/** Check-ins of one session: the hot path of the store, so statements are prepared once. */
export class Checkins {
  readonly #s: Session;
  readonly #lost;
  readonly #insertGps;
  readonly #insertPhoto;
  readonly #get;
  readonly #page;
  readonly #void;
  readonly #find;

  constructor(session: Session) {
    this.#s = session;
    const { db } = session;
    const row = `SELECT checkin.n, checkin.person, checkin.sealed, voided, photo_lost, address
      FROM checkin LEFT JOIN photo ON photo.n = checkin.n`;
    this.#lost = db.prepare('INSERT INTO checkin_note(n, photo_lost) VALUES (?, ?)');
    this.#insertGps = db.prepare('INSERT INTO checkin_gps(n, person, sealed) VALUES (?, ?, ?)');
    this.#insertPhoto = db.prepare(
      'INSERT INTO photo(n, kind, person, address, sealed, record, keyed) VALUES (?, ?, ?, ?, ?, ?, 1)',
    );
    this.#get = db.prepare(`${row} WHERE checkin.n = ?`);
    this.#page = db.prepare(`${row} WHERE checkin.n < ? AND checkin.utc < ? ORDER BY checkin.n DESC LIMIT ?`);
    this.#void = db.prepare(
      'INSERT INTO checkin_note(n, voided) VALUES (?, ?) ON CONFLICT(n) DO UPDATE SET voided = excluded.voided',
    );
    this.#find = db.prepare('SELECT n FROM checkin WHERE n BETWEEN ? AND ? AND id = ? LIMIT 1').pluck();
  }

  #compose(person: Known, checkin: NewCheckin, id: Buffer, photo: string | null): { event: Composed; sealed: Buffer } {
    const { values, log } = this.#s;
    const gps = person.gpsOptOut ? null : checkin.gps; // who opted out leaves no coordinates, whatever calls
    const event = log.compose(
      'checkin',
      checkin.open,
      {
        person: person.id,
        score: checkin.score ?? undefined,
        second: checkin.score === null ? undefined : checkin.second,
        photo: photo ?? undefined,
        photoKey: photo === null ? undefined : values.photoKey(person, 'checkin', uuidText(id)),
        gps: gps ?? undefined,
        reason: checkin.reason,
      },
      id,
    );
    const match = event.salted.filter((one) => one.field !== 'gps' && !ofPhoto(one.field));
    return { event, sealed: values.seal('checkin.match', person, event.id, match) };
  }

  /** A check-in without photo and position, outside a transaction. */
  take(person: Known, checkin: NewCheckin, id: Buffer): Inserted {
    const { event, sealed } = this.#compose(person, checkin, id, null);
    return this.#s.log.storeAlone(event, person.ref, sealed);
  }

  /** A check-in with whatever else there is of it, in the running transaction. */
  insert(person: Known, checkin: NewCheckin, id: Buffer, photo: string | null, photoLost: string | null): Inserted {
    const { event, sealed } = this.#compose(person, checkin, id, photo);
    this.#s.log.store(event, person.ref, sealed);
    if (photoLost) this.#lost.run(event.n, photoLost);
    // What retention takes away on its own is in rows of its own.
    const gps = event.salted.filter(({ field }) => field === 'gps');
    if (gps.length > 0)
      this.#insertGps.run(event.n, person.ref, this.#s.values.seal('checkin.gps', person, event.id, gps));
    if (photo) this.insertPhoto(person, event, 'checkin', photo);
    return event;
  }

  /** The row of an event's photo, in the running transaction. */
  insertPhoto(person: Known, event: Inserted, kind: 'checkin' | 'enrolment', address: string): void {
    const place = kind === 'checkin' ? 'checkin.photo' : 'person.photo';
    const sealed = this.#s.values.seal(
      place,
      person,
      event.id,
      event.salted.filter(({ field }) => ofPhoto(field)),
    );
    const bytes = Buffer.from(address, 'base64url');
    this.#insertPhoto.run(event.n, kind, person.ref, bytes, sealed, uuidBytes(event.id));
  }

  /** Address of the newest picture of a person's enrolment here; null: there is none. */
  enrolmentPhoto(person: Known): string | null {
    const sql = "SELECT address FROM photo WHERE person = ? AND kind = 'enrolment' ORDER BY n DESC LIMIT 1";
    const address = this.#s.db.prepare(sql).pluck().get(person.ref) as Buffer | undefined;
    return address?.toString('base64url') ?? null;
  }

  /** The check-in as the rest of the core sees it, right after its transaction. */
  fresh(event: Inserted, person: Known, checkin: NewCheckin, photo: string | null, photoLost: string | null): Checkin {
    return this.#shape(event.id, event.parts.utc, checkin.open, {
      person,
      score: checkin.score,
      second: checkin.score === null ? null : checkin.second,
      photo,
      photoLost,
      voided: false,
      acked: false,
    });
  }

  #shape(
    id: string,
    at: string,
    open: Open<'checkin'>,
    rest: {
      person: Known | null;
      score: number | null;
      second: number | null;
      photo: string | null;
      photoLost: string | null;
      voided: boolean;
      acked: boolean;
    },
  ): Checkin {
    return {
      id,
      person: rest.person?.id ?? null,
      name: rest.person?.name ?? null,
      direction: open.direction,
      at,
      method: open.method,
      liveness: open.liveness,
      score: rest.score,
      second: rest.second,
      threshold: open.threshold ?? null,
      galleryPeople: open.gallery?.people ?? null,
      model: open.model ?? null,
      photo: rest.photo,
      ...(rest.photoLost ? { photoLost: rest.photoLost } : {}),
      voided: rest.voided,
      acked: rest.acked,
    };
  }

  #read(row: CheckinRow): Checkin {
    const { log, people, values } = this.#s;
    const event = log.row(row.n) as EventRow;
    const person = row.person === null ? null : people.byRef(row.person);
    const record = uuidText(event.id);
    const found = new Map(
      row.sealed
        ? values
            .open('checkin.match', person, record, row.sealed)
            .map((one) => [one.field, JSON.parse(one.text) as unknown])
        : [],
    );
    const epoch = log.epochOf(event.epoch);
    return this.#shape(record, new Date(event.utc).toISOString(), JSON.parse(event.open) as Open<'checkin'>, {
      person,
      score: (found.get('score') as number | undefined) ?? null,
      second: (found.get('second') as number | null | undefined) ?? null,
      photo: row.address?.toString('base64url') ?? null,
      photoLost: row.photo_lost,
      voided: row.voided !== null,
      acked: row.n - epoch.base <= epoch.committed,
    });
  }

  get(n: number): Checkin | null {
    const row = this.#get.get(n) as CheckinRow | undefined;
    return row ? this.#read(row) : null;
  }

  list({ limit, before, after }: CheckinQuery): Checkin[] {
    const below = after === undefined ? Number.MAX_SAFE_INTEGER : this.numberOf(after);
    const earlier = before === undefined ? Number.MAX_SAFE_INTEGER : instant(before);
    return (this.#page.all(below, earlier, limit) as CheckinRow[]).map((row) => this.#read(row));
  }

  /** Number of a check-in by its id. @throws Problem `checkin-unknown` */
  numberOf(id: string): number {
    const bytes = uuidBytes(id);
    const from = bytes.length === 16 ? counterOf(bytes) : 0;
    const n = bytes.length === 16 ? (this.#find.get(from, from + ID_REACH, bytes) as number | undefined) : undefined;
    if (n === undefined)
      throw new Problem('checkin-unknown', 'there is no such check-in on this kiosk', 'Look it up in the list again.');
    return n;
  }

  /** Marks a check-in as voided by event `by`, in the running transaction. */
  markVoided(n: number, by: number): void {
    this.#void.run(n, by);
  }

  personOf(n: number): { person: Known | null; voided: boolean } {
    const row = this.#get.get(n) as CheckinRow;
    return { person: row.person === null ? null : this.#s.people.byRef(row.person), voided: row.voided !== null };
  }
}

/** Ms since 1970 of an RFC 3339 instant. @throws Problem `time-malformed` */
export function instant(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms))
    throw new Problem(
      'time-malformed',
      `"${text}" is not a time`,
      'Give an RFC 3339 time, e.g. 2026-01-31T08:00:00.000Z.',
    );
  return ms;
}
