import { z } from 'zod';
import { Ed25519PublicJwk, X25519PublicJwk } from './batch.ts';

/**
 * The server's public keys as a kiosk pins them. A later set arrives as a `keys` change in a page signed by a key of the previous
 * set, so a trusted key introduces its successor. `serial` only rises; a set with a lower one is ignored.
 */
export const ServerKeys = z.strictObject({
  serial: z.number().int().positive(),
  /** Keys that may sign acks, pages and rejections, newest first. */
  signing: z.array(Ed25519PublicJwk).min(1).max(4),
  /** Batches and asks are sealed to this key. */
  sealing: X25519PublicJwk,
  /** CA certificates (PEM) that may have issued those of the device listener and the broker, newest first. */
  caPem: z.array(z.string().max(4096)).min(1).max(4),
});
export type ServerKeys = z.infer<typeof ServerKeys>;
