import { createHash, generateKeyPairSync } from 'node:crypto';
import { importJWK } from 'jose';
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
const publicKeys = new Map<string, Promise<CryptoKey>>();
const privateKeys = new WeakMap<object, Promise<CryptoKey>>();

function imported(jwk: Ed25519PublicJwk | X25519PublicJwk, alg: 'EdDSA' | 'ECDH-ES'): Promise<CryptoKey> {
  const make = () => importJWK(jwk, alg) as Promise<CryptoKey>;
  if ('d' in jwk) {
    let key = privateKeys.get(jwk);
    if (!key) {
      key = make();
      privateKeys.set(jwk, key);
    }
    return key;
  }
  const name = `${jwk.crv}.${jwk.x}`;
  let key = publicKeys.get(name);
  if (!key) {
    key = make();
    if (publicKeys.size >= MOST_KEPT) publicKeys.delete(publicKeys.keys().next().value!);
    publicKeys.set(name, key);
    // A key that can't be imported is no key to remember.
    key.catch(() => publicKeys.delete(name));
  }
  return key;
}

/** The key as jose takes it. The algorithm comes from here, from our own configuration, never from a message. */
export function signatureKey(jwk: Ed25519PublicJwk | Ed25519PrivateJwk): Promise<CryptoKey> {
  return imported(jwk, 'EdDSA');
}

export function agreementKey(jwk: X25519PublicJwk | X25519PrivateJwk): Promise<CryptoKey> {
  return imported(jwk, 'ECDH-ES');
}
