import { z } from 'zod';
import { Ed25519PublicJwk, X25519PublicJwk } from '../protocol/wire/batch.ts';
import { Uuid } from '../protocol/wire/event.ts';

/** What provisioning gives a kiosk: where its server is, and which keys it pins. Holds no secret. */
export const ServerBundle = z.strictObject({
  /** Identity of the server: the audience of every batch. Outlives its keys. */
  serverId: Uuid,
  /** https://host:port of the listener for devices. */
  serverUrl: z.url({ protocol: /^https$/ }),
  /** The server's own CA, the only one trusted on this connection. */
  caPem: z.string(),
  /** This device's client certificate. */
  tlsCertPem: z.string(),
  serverSigningJwk: Ed25519PublicJwk,
  serverSealingJwk: X25519PublicJwk,
  site: z.strictObject({ name: z.string(), timeZone: z.string() }),
});
export type ServerBundle = z.infer<typeof ServerBundle>;
