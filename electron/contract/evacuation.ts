import { z } from 'zod';

/** The evacuation list of a site, as this kiosk knows it. Requires the staff PIN; works without a network. */

const Id = z.uuid();
const Instant = z.iso.datetime({ precision: 3 });

export const EvacuationList = z.strictObject({
  /** When the list was compiled, and how far it looks back. */
  at: Instant,
  since: Instant,
  /** People whose last record is a check-in. */
  people: z.array(
    z.strictObject({
      person: Id,
      name: z.string(),
      number: z.string().nullable(),
      cameAt: Instant,
      /** True: recorded at this kiosk. False: at another kiosk of the site. */
      here: z.boolean(),
      /** Null: missing. */
      accountedAt: Instant.nullable(),
      /** Where and by which name they were accounted for: here, another kiosk, or the console. Null with `accountedAt`. */
      accountedBy: z.strictObject({ where: z.enum(['here', 'kiosk', 'console']), name: z.string() }).nullable(),
    }),
  ),
  /** Every kiosk of the site, this one first, and how up to date its records are here. */
  kiosks: z.array(
    z.strictObject({
      device: Id,
      name: z.string(),
      own: z.boolean(),
      /** Null: its records were never received. */
      knownAsOf: Instant.nullable(),
      /** True: what it has recorded since may be missing here. */
      late: z.boolean(),
    }),
  ),
  /** False: this kiosk belongs to no server and has only its own records. */
  server: z.boolean(),
  /** People whose last record at another kiosk is older than this may be missing: the server sent only as many as fit. */
  cutBefore: Instant.nullable(),
  /** When the current evacuation began; null if there is none. */
  startedAt: Instant.nullable(),
});
export type EvacuationList = z.infer<typeof EvacuationList>;
