import { z } from 'zod';
import { Instant, Method, Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';
import { pageOf, pageQuery } from './page.ts';

/** Who is inside a site now, and the roll call of an evacuation. */

export const PresenceQuery = z.strictObject({
  ...pageQuery,
  /** Absent: the default site. */
  site: Uuid.optional(),
});

export const Inside = z.strictObject({
  person: Uuid,
  /** Null: unknown here. */
  name: z.string().nullable(),
  since: Instant,
  /** Kiosk of the record; null: added by hand. */
  device: Uuid.nullable(),
  method: Method,
});
export type Inside = z.infer<typeof Inside>;

/** Time up to which the server has all of a kiosk's records: a kiosk sends its records before it asks for anything. */
export const KnownAsOf = z.strictObject({ id: Uuid, name: z.string(), knownAsOf: Instant.nullable() });
export type KnownAsOf = z.infer<typeof KnownAsOf>;

export const PresencePage = z.strictObject({
  site: z.strictObject({ id: Uuid.nullable(), name: z.string(), timeZone: z.string() }),
  now: Instant,
  kiosks: z.array(KnownAsOf),
  /** Number of all people inside, not only those on this page. */
  inside: z.number().int(),
  ...pageOf(Inside).shape,
});
export type PresencePage = z.infer<typeof PresencePage>;

export const Evacuation = z.strictObject({
  id: Uuid,
  site: Uuid.nullable(),
  startedAt: Instant,
  endedAt: Instant.nullable(),
  /** Numbers at its end; null while it is in progress. */
  inside: z.number().int().nullable(),
  accounted: z.number().int().nullable(),
});
export type Evacuation = z.infer<typeof Evacuation>;

/** Someone was reported as seen outside. */
export const Accounted = z.strictObject({
  person: Uuid,
  at: Instant,
  /** Account that reported it; null: reported at a kiosk. */
  by: Uuid.nullable(),
  /** Kiosk where it was reported; null: in the console. */
  device: Uuid.nullable(),
});

export const EvacuationState = z.strictObject({
  /** The one in progress; null: none. */
  current: Evacuation.nullable(),
  accounted: z.array(Accounted),
  /** The last one that ended. */
  last: Evacuation.nullable(),
});
export type EvacuationState = z.infer<typeof EvacuationState>;

export const listPresence = endpoint('GET /api/presence', {
  summary: 'List who is inside a site now, since when and by which kiosk, and how current each kiosk’s data is',
  roles: ['admin', 'dpo', 'staff'],
  data: ['attendance', 'person.name'],
  query: PresenceQuery,
  answer: PresencePage,
  errors: ['unknown-site'],
});

export const getPersonPresence = endpoint('GET /api/people/:person/presence', {
  summary: 'Show whether a person is inside, by their newest record that counts',
  roles: ['admin', 'dpo', 'staff'],
  data: ['attendance'],
  answer: z.strictObject({
    inside: z.boolean(),
    /** Time of that record; null: there is none. */
    at: Instant.nullable(),
  }),
});

export const getEvacuation = endpoint('GET /api/evacuation', {
  summary: 'Show a site’s current evacuation with the people accounted for, and the last one that ended',
  roles: ['admin', 'dpo', 'staff'],
  data: ['attendance'],
  query: z.strictObject({ site: Uuid.optional() }),
  answer: EvacuationState,
  errors: ['unknown-site'],
});

export const startEvacuation = endpoint('POST /api/evacuations', {
  summary: 'Start an evacuation roll call, or join the one in progress at the site',
  roles: ['admin', 'staff'],
  data: ['attendance'],
  body: z.strictObject({ site: Uuid.optional() }),
  answer: Evacuation,
  errors: ['unknown-site'],
});

const rollCall = { roles: ['admin', 'staff'], data: ['attendance'], errors: ['evacuation-over'] } as const;

export const markSafe = endpoint('PUT /api/evacuations/:evacuation/people/:person', {
  ...rollCall,
  summary: 'Mark a person as accounted for',
});

export const unmarkSafe = endpoint('DELETE /api/evacuations/:evacuation/people/:person', {
  ...rollCall,
  summary: 'Remove a person’s mark',
  action: 'write',
});

export const endEvacuation = endpoint('POST /api/evacuations/:evacuation/end', {
  ...rollCall,
  summary: 'End a roll call; the names are deleted and only the numbers are kept',
  answer: Evacuation,
});
