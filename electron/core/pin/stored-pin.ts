import { PinValue } from '../../../sync/protocol/wire/event.ts';

/*
 * How a person's PIN is stored, encrypted under the person's key: hashed with this kiosk's own pepper as a PHC string, with a
 * pepper shared by kiosks as its `PinValue` in JSON.
 */

/** Returns the shared form of a stored PIN; null if it is valid only at this kiosk. */
export function sharedPin(stored: string): PinValue | null {
  return stored.startsWith('{') ? PinValue.parse(JSON.parse(stored)) : null;
}

/** Returns a shared PIN in stored form, as `sharedPin` reads it. */
export function storedPin(pin: PinValue): string {
  return JSON.stringify(pin);
}
