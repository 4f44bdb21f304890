import { PinValue } from '../../../sync/protocol/wire/event.ts';

/*
 * How a person's PIN is stored, below the person's key: under this kiosk's own pepper as a PHC string, under one that kiosks
 * share as its `PinValue` in JSON.
 */

/** What is shared of a stored PIN; null: it is this kiosk's own. */
export function sharedPin(stored: string): PinValue | null {
  return stored.startsWith('{') ? PinValue.parse(JSON.parse(stored)) : null;
}

/** As `sharedPin` reads it. */
export function storedPin(pin: PinValue): string {
  return JSON.stringify(pin);
}
