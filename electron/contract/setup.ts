import { z } from 'zod';

/** The setup screens of a kiosk that belongs to no server yet, or no longer: what they show, and what they can do. */

const Code = z.string().regex(/^[a-z0-9-]{1,60}$/);

/** What went wrong: a code for support, and text for screens that have no translation of the code. */
const Trouble = z.strictObject({ code: Code, message: z.string().max(2_000), nextStep: z.string().max(2_000) });

export const Setup = z.discriminatedUnion('at', [
  /** Waits for the console's code. `trouble`: why the previous code was not accepted. */
  z.strictObject({ at: z.literal('code'), trouble: Trouble.nullable() }),
  /** Sends the code to the server; retried automatically after a temporary problem. */
  z.strictObject({ at: z.literal('asking'), server: z.string(), trouble: Trouble.nullable() }),
  /** Waits until an administrator has compared the fingerprint. */
  z.strictObject({
    at: z.literal('approval'),
    server: z.string(),
    fingerprint: z.string().max(40),
    /** This machine's clock minus the server's, seconds, if the difference is worth mentioning; else null. */
    clockOff: z.number().int().nullable(),
    trouble: Trouble.nullable(),
    /** True if a staff PIN is set. If not, it can be chosen here. */
    staffPin: z.boolean(),
  }),
  /** Belongs to this server now, and is restarting. */
  z.strictObject({ at: z.literal('joined'), server: z.string() }),
  /**
   * The server is removing this kiosk. `waiting`: records that still have to be sent to the server, or to be included in one of
   * its backups. Null: it is about to destroy everything.
   */
  z.strictObject({
    at: z.literal('leaving'),
    what: z.enum(['wipe', 'decommission']),
    waiting: z.strictObject({ for: z.enum(['server', 'backup']), count: z.number().int() }).nullable(),
  }),
  /** `done`: everything is deleted, and the server knows it or no longer has anything to do with it. */
  z.strictObject({
    at: z.literal('removed'),
    what: z.enum(['wipe', 'decommission']),
    step: z.enum(['destroying', 'notifying', 'done']),
  }),
]);
export type Setup = z.infer<typeof Setup>;
