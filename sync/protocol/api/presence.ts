import { z } from 'zod';
import { Method, Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';
import { Instant, pageOf, pageQuery } from './page.ts';

/** Who is inside a site now, and the roll call of an evacuation. */

export const PresenceQuery = z.strictObject({
  ...pageQuery,
  /** Absent: the default site. */
  site: Uuid.optional(),
});

export const Inside = z.strictObject({
  person: Uuid,
  /** Null: not known here. */
  name: z.string().nullable(),
  since: Instant,
  /** Kiosk of the record; null: added by hand. */
  device: Uuid.nullable(),
  method: Method,
});
export type Inside = z.infer<typeof Inside>;

/** Until when the server knows a kiosk's records: it sends what it has before it asks for anything. */
export const KnownAsOf = z.strictObject({ id: Uuid, name: z.string(), knownAsOf: Instant.nullable() });
export type KnownAsOf = z.infer<typeof KnownAsOf>;

export const PresencePage = z.strictObject({
  site: z.strictObject({ id: Uuid.nullable(), name: z.string(), timeZone: z.string() }),
  now: Instant,
  kiosks: z.array(KnownAsOf),
  /** All of them, however many this page shows. */
  inside: z.number().int(),
  ...pageOf(Inside).shape,
});
export type PresencePage = z.infer<typeof PresencePage>;

export const NewEvacuation = z.strictObject({ site: Uuid.optional() });

export const Evacuation = z.strictObject({
  id: Uuid,
  site: Uuid.nullable(),
  begunAt: Instant,
  endedAt: Instant.nullable(),
  /** At its end; null while it goes on. */
  inside: z.number().int().nullable(),
  accounted: z.number().int().nullable(),
});
export type Evacuation = z.infer<typeof Evacuation>;

/** Someone was seen outside, as reported by the person who says so. */
export const Accounted = z.strictObject({
  person: Uuid,
  at: Instant,
  /** Account that says so; null: a kiosk. */
  by: Uuid.nullable(),
  /** Kiosk where it was said; null: the console. */
  device: Uuid.nullable(),
});

export const EvacuationQuery = z.strictObject({ site: Uuid.optional() });
export const EvacuationState = z.strictObject({
  /** The one that goes on; null: none does. */
  current: Evacuation.nullable(),
  accounted: z.array(Accounted),
  /** The last that ended. */
  last: Evacuation.nullable(),
});
export type EvacuationState = z.infer<typeof EvacuationState>;

export const listPresence = endpoint({
  method: 'GET',
  path: '/api/presence',
  summary: 'Who is inside a site now, since when and by which kiosk, and until when each of its kiosks is known',
  roles: ['admin', 'dpo', 'staff'],
  data: ['attendance', 'person.name'],
  action: 'read',
  query: PresenceQuery,
  answer: PresencePage,
  errors: ['unknown-site', 'cursor-unreadable'],
});

export const getEvacuation = endpoint({
  method: 'GET',
  path: '/api/evacuation',
  summary: 'The evacuation of a site that goes on, with the people accounted for, and the last that ended',
  roles: ['admin', 'dpo', 'staff'],
  data: ['attendance'],
  action: 'read',
  query: EvacuationQuery,
  answer: EvacuationState,
  errors: ['unknown-site'],
});

export const startEvacuation = endpoint({
  method: 'POST',
  path: '/api/evacuations',
  summary: 'Begin the roll call of an evacuation; where one goes on at the site, that one',
  roles: ['admin', 'staff'],
  data: ['attendance'],
  action: 'write',
  body: NewEvacuation,
  answer: Evacuation,
  errors: ['unknown-site'],
});

export const markSafe = endpoint({
  method: 'PUT',
  path: '/api/evacuations/:evacuation/people/:person',
  summary: 'A person was seen outside',
  roles: ['admin', 'staff'],
  data: ['attendance'],
  action: 'write',
  params: { evacuation: Uuid, person: Uuid },
  answer: 'nothing',
  errors: ['evacuation-over', 'person-unknown'],
});

export const unmarkSafe = endpoint({
  method: 'DELETE',
  path: '/api/evacuations/:evacuation/people/:person',
  summary: 'A person was marked by mistake',
  roles: ['admin', 'staff'],
  data: ['attendance'],
  action: 'write',
  params: { evacuation: Uuid, person: Uuid },
  answer: 'nothing',
  errors: ['evacuation-over', 'person-unknown'],
});

export const endEvacuation = endpoint({
  method: 'POST',
  path: '/api/evacuations/:evacuation/end',
  summary: 'End it: who it accounted for is forgotten, how many stays',
  roles: ['admin', 'staff'],
  data: ['attendance'],
  action: 'write',
  params: { evacuation: Uuid },
  answer: Evacuation,
  errors: ['evacuation-over'],
});
