import { z } from 'zod';

export const Printing = z.strictObject({
  /** `none`: no printer is set up. `unknown`: this system can't tell; prints go to its default printer. */
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
  /** Number of the printer's newest job, for asking about later ones; 0 if it had none. */
  newest: z.number().int().nonnegative(),
  /** The first job after the one asked about; null if none was asked about, or if it is unknown. */
  job: z.enum(['none', 'waiting', 'printed', 'failed']).nullable(),
});
export type Printing = z.infer<typeof Printing>;
