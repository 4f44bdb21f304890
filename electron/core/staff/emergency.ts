import { randomInt } from 'node:crypto';
import { weakPin } from '../../contract/pin.ts';

/** Setting that holds the hash of the sealed emergency PIN. */
export const EMERGENCY_PIN = 'staff-pin';
/** Setting that says when it was last used; empty once a new one is sealed. */
export const EMERGENCY_USED = 'staff-emergency-used';

/** A random PIN: for an envelope, or for a member's first use. */
export function newPin(): string {
  for (;;) {
    const pin = String(randomInt(0, 10 ** 8)).padStart(8, '0');
    if (!weakPin(pin)) return pin;
  }
}
