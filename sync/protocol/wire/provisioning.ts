import { z } from 'zod';
import { Ed25519PublicJwk, X25519PublicJwk } from './batch.ts';
import { Uuid } from './event.ts';
import { ServerKeys } from './keys.ts';

/** What a device sends the server to be registered. Contains no secret. */
export const DeviceRequest = z.strictObject({
  id: Uuid,
  name: z.string().trim().min(1).max(80),
  /** PKCS #10 request for the TLS key, PEM; its signature proves possession. */
  csr: z.string().max(4096),
  ed25519PublicJwk: Ed25519PublicJwk,
  x25519PublicJwk: X25519PublicJwk,
});
export type DeviceRequest = z.infer<typeof DeviceRequest>;

/** What a kiosk gets at provisioning: where its server is, and the keys it pins. */
export const ServerBundle = z.strictObject({
  /** Identity of the server, the audience of every batch. Stays the same when its keys change. */
  serverId: Uuid,
  /** https://host:port of the listener for devices. */
  serverUrl: z.url({ protocol: /^https$/ }),
  /** mqtts:// or wss:// URLs of the broker, in the order to try; empty: HTTPS only. */
  mqttUrls: z.array(z.url({ protocol: /^(mqtts|wss)$/ })).max(4),
  /** The server's public keys and its own CA, the only ones trusted. */
  keys: ServerKeys,
  /** This device's client certificate, followed by the chain above it if its CA has been succeeded. */
  tlsCertPem: z.string(),
  site: z.strictObject({ id: Uuid, name: z.string(), timeZone: z.string() }),
});
export type ServerBundle = z.infer<typeof ServerBundle>;
