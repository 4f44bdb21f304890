import { sharedPin } from '../pin/stored-pin.ts';
import type { Known } from './known.ts';
import type { Session } from './session.ts';

/** Stored PINs (pin/stored-pin.ts), and the codes with which people choose one. */
export class Pins {
  readonly #s: Session;

  constructor(session: Session) {
    this.#s = session;
  }

  hash(person: string): string | null {
    const { people } = this.#s;
    const known = people.known(person);
    return known && people.secrets.pinHash(known);
  }

  /** Returns the hash of the code with which this person may choose a PIN here now (trusted time, ms since 1970), or null. */
  code(person: string, now: number): string | null {
    const { people } = this.#s;
    const known = people.known(person);
    return known && (people.secrets.pinCodeOf(known, now)?.hash ?? null);
  }

  set(person: string, hash: string | null): void {
    this.#set(person, hash, () => undefined);
  }

  /** As `set`; also marks the code that allowed it as used. */
  choose(person: string, hash: string): void {
    this.#set(person, hash, (known) => this.#s.people.secrets.usePinCode(known));
  }

  #set(id: string, hash: string | null, also: (person: Known) => void): void {
    this.#s.change(() => {
      const person = this.#s.people.require(id);
      this.write(person, hash, hash === null ? 'removed' : 'set');
      also(person);
      return {
        result: undefined,
        committed: () => {
          person.hasPin = hash !== null;
        },
      };
    });
  }

  /** Stores a new hash of the same PIN, unless the PIN has changed. Notifies the server. */
  rehash(id: string, before: string, after: string): void {
    this.#s.write(() => {
      const person = this.#s.people.known(id);
      if (person && this.#s.people.secrets.pinHash(person) === before) this.write(person, after, 'carried');
    });
  }

  /** Writes the PIN and its event, in the running transaction. */
  write(person: Known, hash: string | null, change: 'set' | 'removed' | 'carried'): void {
    const { people, values, log } = this.#s;
    people.secrets.writePin(person, hash, log.last + 1);
    // A PIN that is valid only at this kiosk is not sent.
    const pin = hash === null ? null : sharedPin(hash);
    values.append('pin', { change }, { person: person.id, ...(pin && { pin }) }, person);
  }
}
