import { z } from 'zod';
import { Ed25519PublicJwk, X25519PublicJwk } from './batch.ts';

/**
 * The server's public keys as a kiosk pins them. A later set arrives in a page (`keys` change) that is signed by a key of
 * the set before: a trusted key introduces its successor. `serial` only rises; a lower one changes nothing.
 */
export const ServerKeys = z.strictObject({
  serial: z.number().int().positive(),
  /** Keys that may sign acks, pages and rejections; newest first. */
  signing: z.array(Ed25519PublicJwk).min(1).max(4),
  /** Batches and asks are sealed to it. */
  sealing: X25519PublicJwk,
  /** CA certificates (PEM) that the listener for devices and the broker may be issued by; newest first. */
  caPem: z.array(z.string().max(4096)).min(1).max(4),
});
export type ServerKeys = z.infer<typeof ServerKeys>;
