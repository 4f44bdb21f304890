import { Problem } from '../../../sync/errors/problem.ts';
import { pinCodeHash } from '../../../sync/protocol/seal/pin-code.ts';
import type { CoreMethods } from '../../contract/methods.ts';
import type { CoreOptions } from '../interface.ts';
import type { PinGuard } from '../pin/guard.ts';
import { ONLY_PIN_BUDGET, PIN_BUDGET } from '../pin/lockout.ts';
import type { PersonPins } from '../pin/person-pins.ts';
import { refuseWeak } from '../pin/pin-hash.ts';
import type { NumberSubjects } from '../pin/subjects.ts';
import type { Person, Store } from '../store/interface.ts';
import type { Admit } from './admit.ts';
import type { Recogniser } from './recogniser.ts';

/** The dependencies of a check-in by number and PIN: see CheckinDeps. */
interface PinCheckinDeps {
  readonly store: Pick<Store, 'people' | 'pins'>;
  readonly recogniser: Pick<Recogniser, 'off'>;
  readonly pins: PersonPins;
  readonly guard: PinGuard;
  readonly subjects: NumberSubjects;
  readonly now: () => number;
  readonly log: CoreOptions['log'];
  readonly admit: Admit;
}

const pinWrong = () => new Problem('pin-wrong');

/** The check-in methods by number and PIN, and choosing a PIN with a code. */
export function createPinCheckins(deps: PinCheckinDeps): Pick<CoreMethods, 'checkinByPin' | 'pinChoose'> {
  const { store, recogniser, admit } = deps;

  /** Returns the person with this number and this PIN (or PIN code). The error does not reveal which of the two was wrong. */
  function byPin(number: string, typed: string): Promise<{ readonly person: Person; readonly byCode: boolean }> {
    return deps.guard.attempt({
      subject: deps.subjects.pin(number),
      shared: recogniser.off ? ONLY_PIN_BUDGET : PIN_BUDGET,
      async check() {
        const person = store.people.byNumber(number);
        const stored = person ? store.pins.hash(person.id) : null;
        const right = await deps.pins.verify(stored, typed);
        if (!person) return null;
        if (right && stored !== null) await share(person.id, stored, typed);
        const byCode = store.pins.code(person.id, deps.now()) === pinCodeHash(person.id, typed);
        return right || byCode ? { person, byCode } : null;
      },
      wrong: pinWrong,
    });
  }

  /**
   * Re-hashes a PIN that is valid only at this kiosk, or is hashed with an older pepper: only at this moment is it known in plain
   * text. From then on it is valid at the other kiosks.
   */
  async function share(person: string, stored: string, pin: string): Promise<void> {
    const after = await deps.pins.renewed(stored, pin);
    if (after === null) return;
    try {
      store.pins.rehash(person, stored, after);
    } catch (error) {
      deps.log('error', 'check-in: a PIN could not be shared with other kiosks; it still works here', { error });
    }
  }

  return {
    async checkinByPin({ number, pin }) {
      const { person, byCode } = await byPin(number, pin);
      if (byCode) throw new Problem('pin-choose');
      return { receipt: await admit(person, { method: 'number+pin' }) };
    },

    async pinChoose({ number, code, pin }) {
      if (pin === code) throw new Problem('pin-weak');
      refuseWeak(pin);
      // Check again, with the same failure count: nothing about the code was kept since it was first typed.
      const { person, byCode } = await byPin(number, code);
      if (!byCode) throw pinWrong();
      const hash = await deps.pins.hash(pin);
      // Meanwhile the code may have been used, expired, or been revoked.
      if (store.pins.code(person.id, deps.now()) !== pinCodeHash(person.id, code)) throw pinWrong();
      store.pins.choose(person.id, hash);
      return { receipt: await admit(person, { method: 'number+pin' }) };
    },
  };
}
