import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { newSealingKey, newSigningKey, publicHalf } from '../protocol/seal/keys.ts';
import { Ed25519PrivateJwk, X25519PrivateJwk } from '../protocol/wire/batch.ts';
import { Uuid } from '../protocol/wire/event.ts';
import { DeviceRequest } from '../protocol/wire/provisioning.ts';

/**
 * A device's private keys, made on the device. Plain JSON, which the core stores in its encrypted store. Must never be written
 * anywhere else.
 */
export const DeviceSecret = z.strictObject({
  v: z.literal(1),
  device: Uuid,
  signing: Ed25519PrivateJwk,
  /** Opens what the server seals to this device. */
  sealing: X25519PrivateJwk,
  /** P-256 key of the TLS client certificate, PKCS #8 PEM. */
  tlsKeyPem: z.string(),
});
export type DeviceSecret = z.infer<typeof DeviceSecret>;

/** Returns a new P-256 key, PKCS #8 PEM. */
export async function newTlsKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Makes a new identity: Ed25519 and X25519 for messages, P-256 for TLS (browsers and proxies don't support Ed25519 there). */
export async function createDeviceIdentity(device: string): Promise<DeviceSecret> {
  return {
    v: 1,
    device: Uuid.parse(device),
    signing: newSigningKey(),
    sealing: newSealingKey(),
    tlsKeyPem: await newTlsKey(),
  };
}

/** Returns what the server needs to register this device under `name`. */
export async function deviceRequest(secret: DeviceSecret, name: string): Promise<DeviceRequest> {
  const { createCsr } = await import('../protocol/seal/csr.ts');
  return DeviceRequest.parse({
    id: secret.device,
    name,
    csr: await createCsr(secret.device, secret.tlsKeyPem),
    ed25519PublicJwk: publicHalf(secret.signing),
    x25519PublicJwk: publicHalf(secret.sealing),
  });
}

export { deviceFingerprint } from '../protocol/seal/fingerprint.ts';
