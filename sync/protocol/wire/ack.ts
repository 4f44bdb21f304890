import { z } from 'zod';
import { Instant, Uuid } from './event.ts';

/**
 * The server's signed answer: its progress with one epoch of one device. Both marks are high-water marks with no gaps below them;
 * 0 means none. They never go back while `logEpoch` stays the same.
 */
export const Ack = z.strictObject({
  device: Uuid,
  epoch: Uuid,
  /** Every event up to this number is in the database, or in quarantine there. */
  committed: z.number().int().nonnegative(),
  /** Every event up to this number is also in a backup, so the kiosk may delete it. Never above `committed`. */
  safe: z.number().int().nonnegative(),
  /** Changes when the server's database is restored from a backup. The kiosk then sends again from `safe`. */
  logEpoch: Uuid,
  /** The server's clock at signing: a lower bound for the kiosk's trusted time. */
  serverTime: Instant,
});
export type Ack = z.infer<typeof Ack>;
