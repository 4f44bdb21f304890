import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Ed25519PrivateJwk, Ed25519PublicJwk, X25519PrivateJwk, X25519PublicJwk } from '../wire/batch.ts';

/** Returns a new Ed25519 key for signing messages (RFC 8032), as a private JWK (RFC 8037). */
export function newSigningKey(): Ed25519PrivateJwk {
  const { x, d } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return { kty: 'OKP', crv: 'Ed25519', x: x!, d: d! };
}

/** Returns a new X25519 key for receiving sealed messages (RFC 7748), as a private JWK. */
export function newSealingKey(): X25519PrivateJwk {
  const { x, d } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
  return { kty: 'OKP', crv: 'X25519', x: x!, d: d! };
}

/** Returns only the public half, without `d`. */
export function publicHalf(key: Ed25519PrivateJwk): Ed25519PublicJwk;
export function publicHalf(key: X25519PrivateJwk): X25519PublicJwk;
export function publicHalf(key: Ed25519PrivateJwk | X25519PrivateJwk): Ed25519PublicJwk | X25519PublicJwk {
  return { kty: 'OKP', crv: key.crv, x: key.x } as Ed25519PublicJwk | X25519PublicJwk;
}

/** Returns the RFC 7638 SHA-256 thumbprint, base64url: the value of `kid`, also shown on two screens for comparison. */
export async function keyId({ kty, crv, x }: Ed25519PublicJwk | X25519PublicJwk): Promise<string> {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
}

/** Returns the trusted key with this thumbprint; null if there is none. */
export async function keyNamed(trusted: readonly Ed25519PublicJwk[], kid: string): Promise<Ed25519PublicJwk | null> {
  for (const key of trusted) if ((await keyId(key)) === kid) return key;
  return null;
}

/**
 * Cache of imported keys, because importing costs about as much as a signature and a server sees the same thousand devices all
 * day. Public keys are cached by value, dropping the oldest; private ones only as long as their JWK object exists.
 */
const MOST_KEPT = 4096;
const publicKeys = new Map<string, KeyObject>();
const privateKeys = new WeakMap<object, KeyObject>();

function imported(jwk: Ed25519PublicJwk | X25519PublicJwk): KeyObject {
  const { kty, crv, x } = jwk;
  if ('d' in jwk) {
    let key = privateKeys.get(jwk);
    if (!key) {
      key = createPrivateKey({ key: { kty, crv, x, d: String(jwk.d) }, format: 'jwk' });
      privateKeys.set(jwk, key);
    }
    return key;
  }
  const name = `${crv}.${x}`;
  let key = publicKeys.get(name);
  if (!key) {
    key = createPublicKey({ key: { kty, crv, x }, format: 'jwk' });
    if (publicKeys.size >= MOST_KEPT) publicKeys.delete(publicKeys.keys().next().value!);
    publicKeys.set(name, key);
  }
  return key;
}

/** @throws if it is not a valid key */
export function signatureKey(jwk: Ed25519PublicJwk | Ed25519PrivateJwk): KeyObject {
  return imported(jwk);
}

/** @throws if it is not a valid key */
export function agreementKey(jwk: X25519PublicJwk | X25519PrivateJwk): KeyObject {
  return imported(jwk);
}
