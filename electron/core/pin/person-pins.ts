import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { pinPepperId } from '../../../sync/protocol/seal/pin-pepper.ts';
import { keptJson } from '../kept-json.ts';
import { hashPin, type PinHasher, verifyPin } from './pin-hash.ts';
import { sharedPin, storedPin } from './stored-pin.ts';

/**
 * PINs of people. A kiosk that has a pepper from its server hashes with it, so that the PIN is valid at every kiosk of the
 * person's sites. Without such a pepper, or without a server, it uses its own.
 */
export interface PersonPins extends PinHasher {
  /**
   * Returns a new hash of a PIN that was just verified, under the newest shared pepper. Null if it has that hash already, or if
   * there is no shared pepper.
   */
  renewed(stored: string, pin: string): Promise<string | null>;
}

/** Parses the server's peppers as stored: base64url, newest first. */
export const readPeppers = (text: string | null): Buffer[] =>
  (keptJson(z.array(z.string()), text) ?? []).map((pepper) => Buffer.from(pepper, 'base64url'));

/**
 * @param own hashes with this kiosk's own pepper
 * @param peppers returns the server's current peppers, newest first
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
      // The pepper was withdrawn: take as long as always, and answer no.
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
