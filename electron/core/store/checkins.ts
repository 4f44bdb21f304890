import { Problem } from '../../../sync/errors/problem.ts';
import type { Open } from '../../../sync/protocol/wire/event.ts';
import { fileKey } from '../vault/vault.ts';
import { instant } from './clock.ts';
import { asProblem, storageFull } from './database.ts';
import type { Composed, EventRow, Inserted } from './events.ts';
import { counterOf, uuidBytes, uuidText } from './header.ts';
import type { Checkin, CheckinQuery, NewCheckin } from './interface.ts';
import type { Known } from './known.ts';
import type { Lookalikes } from './lookalikes.ts';
import type { Photos } from './photos.ts';
import { ofPhoto, type Session } from './session.ts';

/** An event may be committed up to this many numbers after its id was made: photos are written in between. */
const ID_REACH = 4096;

interface CheckinRow {
  n: number;
  person: number | null;
  sealed: Buffer | null;
  voided: number | null;
  photo_lost: string | null;
  address: Buffer | null;
}

const SELECT = `SELECT checkin.n, checkin.person, checkin.sealed, voided, photo_lost, address
  FROM checkin LEFT JOIN photo ON photo.n = checkin.n`;
const BY_NUMBER = `${SELECT} WHERE checkin.n = ?`;
const PAGE = `${SELECT} WHERE checkin.n < ? AND checkin.utc < ? ORDER BY checkin.n DESC LIMIT ?`;

export class Checkins {
  readonly #s: Session;
  readonly #photos: Photos;
  readonly #lookalikes: Lookalikes;

  constructor(session: Session, photos: Photos, lookalikes: Lookalikes) {
    this.#s = session;
    this.#photos = photos;
    this.#lookalikes = lookalikes;
  }

  #compose(person: Known, checkin: NewCheckin, id: Buffer, photo: string | null): { event: Composed; sealed: Buffer } {
    const { values, log } = this.#s;
    const gps = person.gpsOptOut ? null : checkin.gps; // no coordinates for a person who opted out, whatever the caller passes
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

  /**
   * Stores the record and its event, which is then in the outbox. Durable when this returns.
   * @throws Problem `person-unknown`
   */
  async record(checkin: NewCheckin): Promise<Checkin> {
    const { people, log, vault, reserve } = this.#s;
    const known = people.require(checkin.person);
    const id = log.newId();
    if (!checkin.photo) return this.#store(known, checkin, id, null, null);
    const record = (photo: string | null, lost: string | null) => {
      // The person may have been deleted while the photo was written.
      const person = people.known(checkin.person);
      if (person?.ref !== known.ref) throw new Problem('person-unknown');
      return this.#store(person, checkin, id, photo, lost);
    };
    try {
      if (!reserve.keep()) throw storageFull();
      const where = { person: known.id, record: uuidText(id), keyVersion: known.keyVersion, kind: 'checkin' } as const;
      const sealed = vault.seal(fileKey(people.photosKey(known), where), where, checkin.photo);
      return await vault.keep(sealed, () => record(sealed.address, null));
    } catch (error) {
      // Attendance doesn't depend on the photo: the record says why it has none.
      const code = (asProblem(error) as { code?: unknown } | null)?.code;
      if (typeof code !== 'string' || code === 'person-unknown') throw error;
      return record(null, code);
    }
  }

  #store(person: Known, checkin: NewCheckin, id: Buffer, photo: string | null, lost: string | null): Checkin {
    const { log, people, reserve } = this.#s;
    const plain = photo === null && lost === null && checkin.gps === null;
    const event = reserve.withReserve(() => {
      if (plain) {
        // A single statement is a transaction of its own.
        const composed = this.#compose(person, checkin, id, null);
        return log.store(composed.event, person.ref, composed.sealed);
      }
      return log.transaction(() => {
        const inserted = this.#insert(person, checkin, id, photo, lost);
        if (lost) log.insert('health', { code: 'photo-not-kept', detail: { reason: lost, checkin: inserted.id } });
        return inserted;
      });
    });
    people.noteCheckin(person, event.n);
    const { score } = checkin;
    const second = score === null ? null : checkin.second;
    const fresh = { person, score, second, photo, photoLost: lost, voided: false, acked: false };
    return shaped(event.id, event.parts.utc, checkin.open, fresh);
  }

  /** Inserts a check-in and everything that belongs to it, in the running transaction. */
  #insert(person: Known, checkin: NewCheckin, id: Buffer, photo: string | null, photoLost: string | null): Inserted {
    const { event, sealed } = this.#compose(person, checkin, id, photo);
    const { sql, log, values } = this.#s;
    log.store(event, person.ref, sealed);
    if (photoLost) sql.put('checkin_note', { n: event.n, photo_lost: photoLost });
    // Values with their own retention period are in separate rows.
    const gps = event.salted.filter(({ field }) => field === 'gps');
    if (gps.length > 0) {
      const sealed = values.seal('checkin.gps', person, event.id, gps);
      sql.put('checkin_gps', { n: event.n, person: person.ref, sealed });
    }
    if (photo) this.#photos.insert(person, event, 'checkin', photo);
    return event;
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
    return shaped(record, new Date(event.utc).toISOString(), JSON.parse(event.open) as Open<'checkin'>, {
      person,
      score: (found.get('score') as number | undefined) ?? null,
      second: (found.get('second') as number | null | undefined) ?? null,
      photo: row.address?.toString('base64url') ?? null,
      photoLost: row.photo_lost,
      voided: row.voided !== null,
      acked: row.n - epoch.base <= epoch.committed,
    });
  }

  /** Returns a person's newest check-in that was not voided: the basis for the next direction and for detecting repeats. */
  last(person: string): Checkin | null {
    const n = this.#s.people.known(person)?.recent.at(-1);
    if (n === undefined) return null;
    const row = this.#s.sql.row<CheckinRow>(BY_NUMBER, n);
    return row ? this.#read(row) : null;
  }

  /** Newest first. */
  list({ limit, before, after }: CheckinQuery): Checkin[] {
    const below = after === undefined ? Number.MAX_SAFE_INTEGER : this.#numberOf(after);
    const earlier = before === undefined ? Number.MAX_SAFE_INTEGER : instant(before);
    return this.#s.sql.rows<CheckinRow>(PAGE, below, earlier, limit).map((row) => this.#read(row));
  }

  /**
   * Voids a check-in. Voiding it again does nothing.
   * @param takenFor the person whose face was nearly as similar, if the person at the kiosk says they were misrecognised
   * @throws Problem `checkin-unknown`
   */
  void(id: string, reason: Open<'void'>['reason'], takenFor?: string): void {
    const { sql, people, values } = this.#s;
    const n = this.#numberOf(id);
    const row = sql.row<CheckinRow>(BY_NUMBER, n)!;
    if (row.voided !== null) return;
    const person = row.person === null ? null : people.byRef(row.person);
    this.#s.write(() => {
      const event = values.append('void', { target: id, reason }, { person: person?.id }, person);
      sql.put('checkin_note', { n, voided: event.n }, 'n');
      if (reason !== 'not-me' || takenFor === undefined || !person) return;
      if (people.known(takenFor) !== null) this.#lookalikes.confuse(person.id, takenFor);
    });
    if (person) people.dropCheckin(person, n);
  }

  /** Returns the number of a check-in by its id. @throws Problem `checkin-unknown` */
  #numberOf(id: string): number {
    const bytes = uuidBytes(id);
    if (bytes.length !== 16) throw new Problem('checkin-unknown');
    const from = counterOf(bytes);
    const find = 'SELECT n FROM checkin WHERE n BETWEEN ? AND ? AND id = ? LIMIT 1';
    const n = this.#s.sql.value<number>(find, from, from + ID_REACH, bytes);
    if (n === undefined) throw new Problem('checkin-unknown');
    return n;
  }
}

function shaped(
  id: string,
  at: string,
  { direction, method, liveness, threshold, gallery, model }: Open<'checkin'>,
  rest: Pick<Checkin, 'score' | 'second' | 'photo' | 'voided' | 'acked'> & {
    readonly person: Known | null;
    readonly photoLost: string | null;
  },
): Checkin {
  return {
    id,
    person: rest.person?.id ?? null,
    name: rest.person?.name ?? null,
    direction,
    at,
    method,
    liveness,
    score: rest.score,
    second: rest.second,
    threshold: threshold ?? null,
    galleryPeople: gallery?.people ?? null,
    model: model ?? null,
    photo: rest.photo,
    ...(rest.photoLost && { photoLost: rest.photoLost }),
    voided: rest.voided,
    acked: rest.acked,
  };
}
