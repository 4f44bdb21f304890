import { randomInt } from 'node:crypto';
import { weakPin } from '../../contract/pin.ts';

/** Setting with the hash of the sealed emergency PIN. */
export const EMERGENCY_PIN = 'staff-pin';
/** Setting with the time of its last use; empty once a new one is sealed. */
export const EMERGENCY_USED = 'staff-emergency-used';

/** Returns a random PIN: for an envelope, or for a member's first use. */
export function newPin(): string {
  for (;;) {
    const pin = String(randomInt(0, 10 ** 8)).padStart(8, '0');
    if (!weakPin(pin)) return pin;
  }
}
