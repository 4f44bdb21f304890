import { type PersonField, personFields } from '../../sync/protocol/api/people.ts';
import type { MemoryOutbox } from './outbox.ts';

/** Someone with a standing consent, to a text that this build has, and one template, enrolled at this kiosk. @returns the person */
export const newPerson = (kiosk: MemoryOutbox, name: string, at: Date, number: string): string =>
  kiosk.enrol(name, { at, number, textVersion: '2026-11.no-photo', count: 1, model: 'test' });

/** A value for every field that a person has, which nothing else has: `mark` is in each but the language. */
export const personValues = (mark: string): Record<PersonField, string> => ({
  ...(Object.fromEntries(personFields.map((field) => [field, `${field}-${mark}`])) as Record<PersonField, string>),
  email: `email-${mark}@example.org`,
  language: 'de',
});
