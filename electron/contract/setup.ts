import { z } from 'zod';

/** The screens of a kiosk that belongs to no server yet, or no longer: what they show, and what may be done on them. */

const Code = z.string().regex(/^[a-z0-9-]{1,60}$/);

/** What went wrong: a code for support, and words for where the screen has none of its own. */
const Trouble = z.strictObject({ code: Code, message: z.string().max(2_000), nextStep: z.string().max(2_000) });

export const Setup = z.discriminatedUnion('at', [
  /** Waits for the console's code. `trouble`: why the one before did not do. */
  z.strictObject({ at: z.literal('code'), trouble: Trouble.nullable() }),
  /** Shows the code to the server; retried automatically after a temporary problem. */
  z.strictObject({ at: z.literal('asking'), server: z.string(), trouble: Trouble.nullable() }),
  /** Waits until an administrator has compared the fingerprint. */
  z.strictObject({
    at: z.literal('approval'),
    server: z.string(),
    fingerprint: z.string().max(40),
    /** This machine's clock less the server's, seconds, where that is worth a word. */
    clockOff: z.number().int().nullable(),
    trouble: Trouble.nullable(),
    /** A staff PIN is set; while there is none it can be chosen here. */
    staffPin: z.boolean(),
  }),
  /** Belongs to this server now, and is restarting. */
  z.strictObject({ at: z.literal('joined'), server: z.string() }),
  /**
   * The server has it leave. `waiting`: records that have yet to get there, or into a backup of its; null: it is about to
   * destroy everything.
   */
  z.strictObject({
    at: z.literal('leaving'),
    what: z.enum(['wipe', 'decommission']),
    waiting: z.strictObject({ for: z.enum(['server', 'backup']), count: z.number().int() }).nullable(),
  }),
  /** `done`: nothing is left, and the server knows it, or has nothing to do with it any more. */
  z.strictObject({
    at: z.literal('removed'),
    what: z.enum(['wipe', 'decommission']),
    step: z.enum(['destroying', 'notifying', 'done']),
  }),
]);
export type Setup = z.infer<typeof Setup>;
