import type { Open } from '../../../sync/protocol/wire/event.ts';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import { fileKey, type Vault } from '../vault/vault.ts';
import type { Checkins } from './checkins.ts';
import { asProblem, guarded, storageFull } from './database.ts';
import { uuidText } from './header.ts';
import type { Checkin, NewCheckin } from './interface.ts';
import type { Known } from './known.ts';
import type { Lookalikes } from './lookalikes.ts';
import type { Reserve } from './reserve.ts';
import type { Session } from './session.ts';

export interface Live {
  readonly session: Session;
  readonly checkins: Checkins;
  readonly lookalikes: Lookalikes;
}

/** Taking and voiding check-ins: rows and event in one durable transaction, with or without a photo. */
export class CheckinWrites {
  readonly #live: () => Live;
  readonly #vault: Vault;
  readonly #reserve: Reserve;

  constructor(live: () => Live, vault: Vault, reserve: Reserve) {
    this.#live = live;
    this.#vault = vault;
    this.#reserve = reserve;
  }

  async record(checkin: NewCheckin): Promise<Checkin> {
    const { people, log } = this.#live().session;
    const known = people.require(checkin.person);
    const id = log.newId();
    if (!checkin.photo) return this.#store(known, checkin, id, null, null);
    const record = (photo: string | null, lost: string | null) => {
      // The person may have been deleted while the photo was written.
      const person = this.#live().session.people.known(checkin.person);
      if (person?.ref !== known.ref)
        throw new Problem('person-unknown', 'this person was deleted meanwhile', 'Enrol the person again.');
      return this.#store(person, checkin, id, photo, lost);
    };
    try {
      if (!this.#reserve.keep()) throw storageFull();
      const where = { person: known.id, record: uuidText(id), keyVersion: known.keyVersion, kind: 'checkin' } as const;
      const sealed = this.#vault.seal(fileKey(people.photosKey(known), where), where, checkin.photo);
      return await this.#vault.keep(sealed, () => record(sealed.address, null));
    } catch (error) {
      // Attendance doesn't depend on the photo: the record says why it lacks one.
      const code = (asProblem(error) as { code?: unknown } | null)?.code;
      if (typeof code !== 'string' || code === 'person-unknown') throw error;
      return record(null, code);
    }
  }

  #store(person: Known, checkin: NewCheckin, id: Buffer, photo: string | null, lost: string | null): Checkin {
    const { session, checkins } = this.#live();
    const { log, people } = session;
    const plain = photo === null && lost === null && checkin.gps === null;
    const event = this.#reserve.durably(() =>
      plain
        ? checkins.take(person, checkin, id)
        : log.transaction(() => {
            const inserted = checkins.insert(person, checkin, id, photo, lost);
            if (lost) log.insert('health', { code: 'photo-not-kept', detail: { reason: lost, checkin: inserted.id } });
            return inserted;
          }),
    );
    people.noteCheckin(person, event.n);
    return checkins.fresh(event, person, checkin, photo, lost);
  }

  /** Said twice is said once. @param takenFor see interface.ts @throws Problem `checkin-unknown` */
  void(id: string, reason: Open<'void'>['reason'], takenFor?: string): boolean {
    const { session, checkins, lookalikes } = this.#live();
    const n = guarded(() => checkins.numberOf(id));
    const { person, voided } = checkins.personOf(n);
    if (voided) return false;
    const paired = this.#reserve.durably(() =>
      session.log.transaction(() => {
        const event = session.values.append('void', { target: id, reason }, { person: person?.id }, person);
        checkins.markVoided(n, event.n);
        if (reason !== 'not-me' || takenFor === undefined || !person) return false;
        return session.people.known(takenFor) !== null && lookalikes.confuse(person.id, takenFor);
      }),
    );
    if (person) session.people.dropCheckin(person, n);
    return paired;
  }
}
