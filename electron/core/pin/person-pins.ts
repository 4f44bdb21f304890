import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { pinPepperId } from '../../../sync/protocol/seal/pin-pepper.ts';
import { keptJson } from '../kept-json.ts';
import { hashPin, type PinHasher, verifyPin } from './pin-hash.ts';
import { sharedPin, storedPin } from './stored-pin.ts';

/**
 * PINs of people. A kiosk that has a pepper of its server's hashes with it, so that the PIN counts at every kiosk of the person's
 * sites; one that has none yet, or no server, with its own.
 */
export interface PersonPins extends PinHasher {
  /**
   * A PIN that was right just now, as it is to be stored from now on: under the newest pepper that kiosks share.
   * Null: it is already, or there is none.
   */
  renewed(stored: string, pin: string): Promise<string | null>;
}

/** The peppers that the server sent, as they are in the store: base64url, newest first. */
export const readPeppers = (text: string | null): Buffer[] =>
  (keptJson(z.array(z.string()), text) ?? []).map((pepper) => Buffer.from(pepper, 'base64url'));

/**
 * @param own hashes with this kiosk's own pepper
 * @param peppers of the server's, newest first, at this moment
 */
export function createPersonPins(own: PinHasher, peppers: () => readonly Uint8Array[]): PersonPins {
  async function shared(pin: string, id: string): Promise<string | null> {
    const [newest] = peppers();
    if (!newest) return null;
    return storedPin({ id, pepper: pinPepperId(newest), hash: await hashPin(pin, newest) });
  }
  return {
    hash: async (pin) => (await shared(pin, randomUUID())) ?? own.hash(pin),
    verify(stored, pin) {
      const value = stored === null ? null : sharedPin(stored);
      if (!value) return own.verify(stored, pin);
      const pepper = peppers().find((one) => pinPepperId(one) === value.pepper);
      // A pepper that was taken back: as long as any, and no.
      return pepper ? verifyPin(value.hash, pin, pepper) : own.verify(null, pin);
    },
    async renewed(stored, pin) {
      const value = sharedPin(stored);
      const [newest] = peppers();
      if (!newest || value?.pepper === pinPepperId(newest)) return null;
      return shared(pin, value?.id ?? randomUUID());
    },
  };
}
