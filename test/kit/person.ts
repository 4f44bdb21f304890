import type { MemoryOutbox } from './outbox.ts';

/** Someone with a standing consent, to a text that this build has, and one template, enrolled at this kiosk. @returns the person */
export const newPerson = (kiosk: MemoryOutbox, name: string, at: Date, number: string): string =>
  kiosk.enrol(name, { at, number, textVersion: '2026-11.no-photo', count: 1, model: 'test' });
