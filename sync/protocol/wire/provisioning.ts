import { z } from 'zod';
import { Ed25519PublicJwk, X25519PublicJwk } from './batch.ts';
import { Uuid } from './event.ts';
import { ServerKeys } from './keys.ts';

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

/** What provisioning gives a kiosk: where its server is, and which keys it pins. */
export const ServerBundle = z.strictObject({
  /** Identity of the server: the audience of every batch. Outlives its keys. */
  serverId: Uuid,
  /** https://host:port of the listener for devices. */
  serverUrl: z.url({ protocol: /^https$/ }),
  /** mqtts:// or wss:// of the broker, in the order to try; empty: HTTPS alone. */
  mqttUrls: z.array(z.url({ protocol: /^(mqtts|wss)$/ })).max(4),
  /** The server's public keys and its own CA, the only ones trusted. */
  keys: ServerKeys,
  /** This device's client certificate, and the chain above it where its CA was succeeded. */
  tlsCertPem: z.string(),
  site: z.strictObject({ id: Uuid, name: z.string(), timeZone: z.string() }),
});
export type ServerBundle = z.infer<typeof ServerBundle>;
