import { z } from 'zod';

/** What the staff's diagnostics screen shows of the core. It names no person and shows no complete badge number. */

const Code = z.string().regex(/^[a-z0-9-]{1,60}$/);
const Instant = z.iso.datetime({ precision: 3 });

/** `silent`: open, but sends nothing; `refused`: present, but can't be opened; `held`: the relay didn't take the lock command. */
const DeviceState = z.enum(['ok', 'absent', 'refused', 'silent', 'held']);

const Device = {
  state: DeviceState,
  path: z.string().nullable(),
  trouble: z.string().nullable(),
};
const seconds = z.number().nonnegative();

export const Diagnostics = z.strictObject({
  readers: z.array(
    z.strictObject({
      ...Device,
      name: z.string(),
      /** At most the last two characters; the others are dots. */
      lastRead: z.strictObject({ masked: z.string(), secondsAgo: seconds }).nullable(),
      /** Reads without a usable result, by reason. */
      faults: z.strictObject({
        damaged: z.number().int(),
        checksum: z.number().int(),
        parity: z.number().int(),
        characters: z.number().int(),
        empty: z.number().int(),
      }),
    }),
  ),
  gps: z
    .strictObject({
      ...Device,
      /** False: the receiver is used only for the clock. */
      positions: z.boolean(),
      /** Rounded to about a hundred metres: enough to see whether the position is right. */
      fix: z
        .strictObject({
          latitude: z.number(),
          longitude: z.number(),
          /** Metres. */
          accuracy: z.number(),
          satellites: z.number().int(),
          hdop: z.number(),
          secondsAgo: seconds,
        })
        .nullable(),
      /** Why there is no fix. */
      reason: Code.nullable(),
      damaged: z.number().int(),
    })
    .nullable(),
  door: z
    .strictObject({
      ...Device,
      mode: z.enum(['fail-secure', 'fail-safe']),
      open: z.boolean(),
      /** Since the last pulse; null if there was none. */
      secondsAgo: seconds.nullable(),
    })
    .nullable(),
  /** Every serial port of the machine, for the person who writes site.json. */
  ports: z.array(
    z.strictObject({
      path: z.string(),
      byId: z.string().nullable(),
      vendorId: z.string().nullable(),
      productId: z.string().nullable(),
      manufacturer: z.string().nullable(),
    }),
  ),
  store: z.strictObject({
    freeBytes: z.number().nonnegative(),
    queued: z.number().int(),
    photosWaiting: z.number().int(),
    people: z.number().int(),
  }),
  sync: z.strictObject({
    server: z.string().nullable(),
    transport: z.enum(['https', 'mqtt']).nullable(),
    online: z.boolean(),
    lastHeardAt: Instant.nullable(),
    leaseUntil: Instant.nullable(),
    problem: Code.nullable(),
  }),
  /** What is wrong with the clock, and trusted time minus claimed time, ms. */
  clock: z.strictObject({ doubt: z.enum(['ahead', 'behind']).nullable(), offsetMs: z.number() }),
});
export type Diagnostics = z.infer<typeof Diagnostics>;
