import { type PersonField, personFields } from '../../sync/protocol/api/people.ts';
import type { MemoryOutbox } from './outbox.ts';

/** Enrols someone at this kiosk with a valid consent, to a text that this build has, and one template. @returns the person */
export const newPerson = (kiosk: MemoryOutbox, name: string, at: Date, number: string): string =>
  kiosk.enrol(name, { at, number, textVersion: '2026-11.no-photo', count: 1, model: 'test' });

/** A unique value for every field of a person. Each contains `mark`, except the language. */
export const personValues = (mark: string): Record<PersonField, string> => ({
  ...(Object.fromEntries(personFields.map((field) => [field, `${field}-${mark}`])) as Record<PersonField, string>),
  email: `email-${mark}@example.org`,
  language: 'de',
});
