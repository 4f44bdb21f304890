import { createHash, createPrivateKey } from 'node:crypto';
import { CompactEncrypt, CompactSign, importJWK } from 'jose';
import { agreementKey, keyId, publicHalf, signatureKey } from '../../sync/protocol/seal/keys.ts';
import { pad } from '../../sync/protocol/seal/padding.ts';
import type { Ed25519PrivateJwk, X25519PrivateJwk } from '../../sync/protocol/wire/batch.ts';

/** The material of every test vector: fixed keys, a fixed ephemeral key and nonce, and `jose` for signature and encryption. */

/** Derives a private key from a name: SHA-256("smartpresence vector: " ‖ name) is the seed (RFC 8032) or scalar (RFC 7748). */
function key(crv: 'Ed25519', name: string): Ed25519PrivateJwk;
function key(crv: 'X25519', name: string): X25519PrivateJwk;
function key(crv: 'Ed25519' | 'X25519', name: string): Ed25519PrivateJwk | X25519PrivateJwk {
  const seed = createHash('sha256').update(`smartpresence vector: ${name}`).digest();
  // PKCS #8 of RFC 8410: the only format in which Node accepts a bare seed.
  const oid = crv === 'Ed25519' ? '2b6570' : '2b656e';
  const der = Buffer.concat([Buffer.from(`302e020100300506032b65${oid.slice(4)}04220420`, 'hex'), seed]);
  const { x, d } = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' });
  return { kty: 'OKP', crv, x: x!, d: d! } as Ed25519PrivateJwk | X25519PrivateJwk;
}

export const KEYS = {
  deviceSigning: key('Ed25519', 'device signing'),
  deviceSealing: key('X25519', 'device sealing'),
  serverSigning: key('Ed25519', 'server signing'),
  serverSealing: key('X25519', 'server sealing'),
};
export const EPHEMERAL = key('X25519', 'ephemeral');
export const NONCE = Buffer.from('000102030405060708090a0b', 'hex');

export const DEVICE = '11111111-1111-4111-8111-111111111111';
export const SERVER = '22222222-2222-4222-8222-222222222222';
export const EPOCH = '33333333-3333-4333-8333-333333333333';
export const PERSON = '44444444-4444-4444-8444-444444444444';
export const JTI = '55555555-5555-4555-8555-555555555555';
export const LOG = '66666666-6666-4666-8666-666666666666';
export const REQUEST = '77777777-7777-4777-8777-777777777777';
export const NOW = '2026-03-02T07:58:01.123Z';

export async function sign(header: object, body: unknown, signing: Ed25519PrivateJwk): Promise<string> {
  return new CompactSign(new TextEncoder().encode(JSON.stringify(body)))
    .setProtectedHeader(header as { alg: string })
    .sign(await signatureKey(signing));
}

/** Pads and encrypts a signed message. */
export async function seal(signed: string, typ: string, cty: string, to: X25519PrivateJwk): Promise<string> {
  return encrypt(pad(new TextEncoder().encode(signed)), { typ, cty }, to);
}

/** @param more members of the protected header in addition to `alg`, `enc`, `kid` and `epk` */
export async function encrypt(plain: Uint8Array, more: object, to: X25519PrivateJwk): Promise<string> {
  const epk = (await importJWK(EPHEMERAL, 'ECDH-ES', { extractable: true })) as CryptoKey;
  return new CompactEncrypt(plain)
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', ...more, kid: await keyId(publicHalf(to)) })
    .setKeyManagementParameters({ epk })
    .setInitializationVector(NONCE)
    .encrypt(await agreementKey(publicHalf(to)));
}

/** Returns an encrypted message with all its intermediate stages. */
export async function sealed(
  header: { typ: string },
  body: unknown,
  signing: Ed25519PrivateJwk,
  to: X25519PrivateJwk,
): Promise<{ header: object; body: unknown; signed: string; sealed: string }> {
  const signed = await sign({ alg: 'EdDSA', ...header }, body, signing);
  return {
    header: { alg: 'EdDSA', ...header },
    body,
    signed,
    sealed: await seal(signed, header.typ.replace('+jws', '+jwe'), header.typ, to),
  };
}
