import { z } from 'zod';

export const Printing = z.strictObject({
  /** `none`: none is set up. `unknown`: this system does not say; what is printed goes to its default printer. */
  printer: z.enum(['ready', 'none', 'unknown']),
  /** What currently keeps the printer from printing. */
  trouble: z
    .enum([
      'paper-jam',
      'paper-empty',
      'ink-empty',
      'cover-open',
      'printer-offline',
      'printer-fault',
      'printer-stopped',
    ])
    .nullable(),
  /** Number of its newest job, to ask for later ones; 0: it had none. */
  newest: z.number().int().nonnegative(),
  /** The first job after the one asked about; null: none was asked about, or it is unknown. */
  job: z.enum(['none', 'waiting', 'printed', 'failed']).nullable(),
});
export type Printing = z.infer<typeof Printing>;
