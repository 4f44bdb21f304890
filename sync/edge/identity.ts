import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { z } from 'zod';
import { newSealingKey, newSigningKey, publicHalf } from '../protocol/seal/keys.ts';
import { Ed25519PrivateJwk, X25519PrivateJwk } from '../protocol/wire/batch.ts';
import { Uuid } from '../protocol/wire/event.ts';
import { DeviceRequest } from '../protocol/wire/provisioning.ts';

/**
 * A device's private keys, made on the device. Plain JSON, so that the core can keep it inside its encrypted store; it must
 * never be written anywhere else.
 */
export const DeviceSecret = z.strictObject({
  v: z.literal(1),
  device: Uuid,
  /** Signs batches. */
  signing: Ed25519PrivateJwk,
  /** Receives what the server seals to this device. */
  sealing: X25519PrivateJwk,
  /** P-256 key of the TLS client certificate, PKCS #8 PEM. */
  tlsKeyPem: z.string(),
});
export type DeviceSecret = z.infer<typeof DeviceSecret>;

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A new P-256 key, PKCS #8 PEM. */
export async function newTlsKey(): Promise<string> {
  const pair = await crypto.subtle.generateKey(P256, true, ['sign', 'verify']);
  return x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', pair.privateKey), 'PRIVATE KEY');
}

/** Makes a new identity: Ed25519 and X25519 for messages, P-256 for TLS (browsers and proxies know no Ed25519 certificate). */
export async function createDeviceIdentity(device: string): Promise<DeviceSecret> {
  return {
    v: 1,
    device: Uuid.parse(device),
    signing: newSigningKey(),
    sealing: newSealingKey(),
    tlsKeyPem: await newTlsKey(),
  };
}

/** What the server needs to register this device under `name`. */
export async function deviceRequest(secret: DeviceSecret, name: string): Promise<DeviceRequest> {
  const pkcs8 = x509.PemConverter.decodeFirst(secret.tlsKeyPem);
  const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, P256, true, ['sign']);
  const { d: _, key_ops: __, ...jwk } = await crypto.subtle.exportKey('jwk', privateKey);
  const publicKey = await crypto.subtle.importKey('jwk', jwk, P256, true, ['verify']);
  const csr = await x509.Pkcs10CertificateRequestGenerator.create(
    { name: [{ CN: [secret.device] }], keys: { privateKey, publicKey }, signingAlgorithm: P256 },
    crypto,
  );
  return DeviceRequest.parse({
    id: secret.device,
    name,
    csr: csr.toString('pem'),
    ed25519PublicJwk: publicHalf(secret.signing),
    x25519PublicJwk: publicHalf(secret.sealing),
  });
}

export { deviceFingerprint } from '../protocol/seal/fingerprint.ts';
