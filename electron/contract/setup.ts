import { z } from 'zod';

/** The first-run screen of a kiosk that belongs to no server yet: what it shows, and what may be done on it. */

const Code = z.string().regex(/^[a-z0-9-]{1,60}$/);

/** What went wrong: a code for whom to ask, and words for where the screen has none of its own. */
const Trouble = z.strictObject({ code: Code, message: z.string().max(2_000), nextStep: z.string().max(2_000) });

export const Setup = z.discriminatedUnion('at', [
  /** Waits for the console's code. `trouble`: why the one before did not do. */
  z.strictObject({ at: z.literal('code'), trouble: Trouble.nullable() }),
  /** Shows the code to the server; with a trouble that passes it is tried again by itself. */
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
  /** It belongs to this server now, and starts again. */
  z.strictObject({ at: z.literal('joined'), server: z.string() }),
]);
export type Setup = z.infer<typeof Setup>;
