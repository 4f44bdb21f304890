import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Ed25519PrivateJwk, Ed25519PublicJwk, X25519PrivateJwk, X25519PublicJwk } from '../wire/batch.ts';

/** New Ed25519 key for signing messages (RFC 8032), as a private JWK (RFC 8037). */
export function newSigningKey(): Ed25519PrivateJwk {
  const { x, d } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return { kty: 'OKP', crv: 'Ed25519', x: x!, d: d! };
}

/** New X25519 key for receiving sealed messages (RFC 7748), as a private JWK. */
export function newSealingKey(): X25519PrivateJwk {
  const { x, d } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
  return { kty: 'OKP', crv: 'X25519', x: x!, d: d! };
}

/** The public half, and nothing else: `d` can't slip through. */
export function publicHalf(key: Ed25519PrivateJwk): Ed25519PublicJwk;
export function publicHalf(key: X25519PrivateJwk): X25519PublicJwk;
export function publicHalf(key: Ed25519PrivateJwk | X25519PrivateJwk): Ed25519PublicJwk | X25519PublicJwk {
  return { kty: 'OKP', crv: key.crv, x: key.x } as Ed25519PublicJwk | X25519PublicJwk;
}

/** RFC 7638 SHA-256 thumbprint, base64url: what `kid` carries and what two screens compare. */
export async function keyId({ kty, crv, x }: Ed25519PublicJwk | X25519PublicJwk): Promise<string> {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
}

/** The key of this thumbprint out of the few that are trusted; null when it is none of them. */
export async function keyNamed(trusted: readonly Ed25519PublicJwk[], kid: string): Promise<Ed25519PublicJwk | null> {
  for (const key of trusted) if ((await keyId(key)) === kid) return key;
  return null;
}

/**
 * Imported keys. Importing costs about as much as a signature, and a server meets the same thousand devices all day: public
 * keys are kept by value, the oldest going first; private ones only as long as the object that holds them.
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

/** @throws when it is no key */
export function signatureKey(jwk: Ed25519PublicJwk | Ed25519PrivateJwk): KeyObject {
  return imported(jwk);
}

/** @throws when it is no key */
export function agreementKey(jwk: X25519PublicJwk | X25519PrivateJwk): KeyObject {
  return imported(jwk);
}
