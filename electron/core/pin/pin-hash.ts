import { hash, verify } from '@node-rs/argon2';
import { Problem } from '../../../sync/errors/problem.ts';
import { weakPin } from '../../contract/pin.ts';

/**
 * PINs: argon2id (RFC 9106) with a pepper as argon2's secret, so that hashes alone can't be searched for PINs. 19 MiB × 2
 * passes (OWASP's first choice) takes some 20–40 ms on a kiosk. A shared PIN has just this cost (wire/event.ts, `PinValue`).
 */
/** 2 is argon2id in the library's enum, which type stripping can't import. */
const COST = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export interface PinHasher {
  /** A PHC string to store. */
  hash(pin: string): Promise<string>;
  /** Whether `pin` is the one behind `stored`. With null (nobody has that number) it works as long, and says no. */
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
