import { z } from 'zod';

/** The evacuation list of a site, as this kiosk knows it: behind the staff PIN, also without a network. */

const Id = z.uuid();
const Instant = z.iso.datetime({ precision: 3 });

export const EvacuationList = z.strictObject({
  /** When it was compiled, and how far it looks back. */
  at: Instant,
  since: Instant,
  /** People whose last record says in. */
  people: z.array(
    z.strictObject({
      person: Id,
      name: z.string(),
      number: z.string().nullable(),
      cameAt: Instant,
      /** Recorded at this kiosk; else at another of the site. */
      here: z.boolean(),
      /** Null: missing. */
      accountedAt: Instant.nullable(),
      /** Who says so: staff here, at another kiosk (by its name), or in the console. Null with `accountedAt`. */
      accountedBy: z.strictObject({ where: z.enum(['here', 'kiosk', 'console']), name: z.string() }).nullable(),
    }),
  ),
  /** What is known of each kiosk's records, and up to when; this one first. */
  kiosks: z.array(
    z.strictObject({
      device: Id,
      name: z.string(),
      own: z.boolean(),
      /** Null: it was never heard. */
      knownAsOf: Instant.nullable(),
      /** What it recorded since may be missing here. */
      late: z.boolean(),
    }),
  ),
  /** False: this kiosk belongs to no server and knows its own records alone. */
  server: z.boolean(),
  /** People whose last record elsewhere is older than this may be missing: the server sent as many as fit. */
  cutBefore: Instant.nullable(),
  /** When the evacuation under way was begun; null while there is none. */
  startedAt: Instant.nullable(),
});
export type EvacuationList = z.infer<typeof EvacuationList>;
