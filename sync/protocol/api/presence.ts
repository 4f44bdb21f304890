import { z } from 'zod';
import { Method, Uuid } from '../wire/event.ts';
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
