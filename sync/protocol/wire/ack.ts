import { z } from 'zod';
import { Instant, Uuid } from './event.ts';

/**
 * The server's signed answer: how far it has got with one epoch of one device. Both marks are high-water marks without a
 * hole beneath them; 0 means none. They never go back while `logEpoch` stays the same.
 */
export const Ack = z.strictObject({
  device: Uuid,
  epoch: Uuid,
  /** Every event up to this one is in the database (or in quarantine there). */
  committed: z.number().int().nonnegative(),
  /** Every event up to this one is in a backup too: the kiosk may forget it. Never above `committed`. */
  safe: z.number().int().nonnegative(),
  /** Changes when the server's database was restored from a backup: the kiosk then sends again from `safe`. */
  logEpoch: Uuid,
  /** The server's clock when it signed: a floor for the kiosk's trusted time. */
  serverTime: Instant,
});
export type Ack = z.infer<typeof Ack>;
