import { hash, verify } from '@node-rs/argon2';
import { Problem } from '../../../sync/errors/problem.ts';
import { weakPin } from '../../contract/pin.ts';

/**
 * PINs: argon2id (RFC 9106) with a pepper as argon2's secret, so that the hashes alone can't be searched for PINs. 19 MiB × 2
 * passes (OWASP's first choice) takes about 20–40 ms on a kiosk. A shared PIN has the same cost (wire/event.ts, `PinValue`).
 */
/** 2 is argon2id in the library's enum, which can't be imported with type stripping. */
const COST = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export interface PinHasher {
  /** Returns a PHC string to store. */
  hash(pin: string): Promise<string>;
  /** Returns whether `pin` matches `stored`. With null (nobody has that number) it takes as long and returns false. */
  verify(stored: string | null, pin: string): Promise<boolean>;
}

export const hashPin = (pin: string, pepper: Uint8Array): Promise<string> => hash(pin, { ...COST, secret: pepper });

export const verifyPin = (stored: string, pin: string, pepper: Uint8Array): Promise<boolean> =>
  verify(stored, pin, { secret: pepper });

/** @param pepper 32 bytes that never leave the device */
export async function createPinHasher(pepper: Uint8Array): Promise<PinHasher> {
  const decoy = await hashPin('decoy-that-no-keypad-can-type', pepper);
  return {
    hash: (pin) => hashPin(pin, pepper),
    async verify(stored, pin) {
      const right = await verifyPin(stored ?? decoy, pin, pepper);
      return stored !== null && right;
    },
  };
}

/** @throws Problem `pin-weak` */
export function refuseWeak(pin: string): void {
  const why = weakPin(pin);
  if (why) throw new Problem('pin-weak');
}
