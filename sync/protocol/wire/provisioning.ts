import { z } from 'zod';
import { Ed25519PublicJwk, X25519PublicJwk } from './batch.ts';
import { Uuid } from './event.ts';

/** What a device shows the server to be registered. Carries no secret. */
export const DeviceRequest = z.strictObject({
  id: Uuid,
  name: z.string().trim().min(1).max(80),
  /** PKCS #10 request for the TLS key, PEM; its signature proves possession. */
  csr: z.string().max(4096),
  ed25519PublicJwk: Ed25519PublicJwk,
  x25519PublicJwk: X25519PublicJwk,
});
export type DeviceRequest = z.infer<typeof DeviceRequest>;

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
  /** Batches are sealed to it; its `kid` is its RFC 7638 thumbprint. */
  serverSealingJwk: X25519PublicJwk,
  site: z.strictObject({ name: z.string(), timeZone: z.string() }),
});
export type ServerBundle = z.infer<typeof ServerBundle>;
