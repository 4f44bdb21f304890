import {
  createCipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  randomBytes,
  sign,
} from 'node:crypto';
import { commit, headerHash } from '../../sync/protocol/seal/chain.ts';
import { keyId } from '../../sync/protocol/seal/keys.ts';
import { pad } from '../../sync/protocol/seal/padding.ts';
import { type Ed25519PrivateJwk, TYP, type X25519PublicJwk } from '../../sync/protocol/wire/batch.ts';
import type { WireEvent } from '../../sync/protocol/wire/event.ts';

/** Messages built with node:crypto alone, so they can be wrong in ways that our own code can't produce. */

const b64 = (bytes: Uint8Array | string) => Buffer.from(bytes as Uint8Array).toString('base64url');
export const json = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

/** Builds a JWS of exactly these bytes. @param header an object, or its JSON text */
export function rawJws(header: unknown, payload: Uint8Array, key: Ed25519PrivateJwk | null): string {
  const input = `${b64(json(header))}.${b64(payload)}`;
  const signature = key
    ? sign(null, Buffer.from(input), createPrivateKey({ key: { ...key }, format: 'jwk' }))
    : Buffer.alloc(0);
  return `${input}.${b64(signature)}`;
}

export interface JweOptions {
  readonly typ?: string;
  readonly cty?: string;
  /** Changes the protected header; text is used verbatim. */
  readonly header?: (usual: Record<string, unknown>) => unknown;
}

/** Builds a JWE (ECDH-ES over X25519, A256GCM) of exactly these bytes, with any header. */
export async function rawJwe(plain: Uint8Array, to: X25519PublicJwk, options: JweOptions = {}): Promise<string> {
  const { typ = TYP.sealedBatch, cty = TYP.batch, header = (usual) => usual } = options;
  const ephemeral = generateKeyPairSync('x25519');
  const { x } = ephemeral.publicKey.export({ format: 'jwk' });
  const usual = {
    alg: 'ECDH-ES',
    enc: 'A256GCM',
    typ,
    cty,
    kid: await keyId(to),
    epk: { kty: 'OKP', crv: 'X25519', x },
  };
  const secret = diffieHellman({
    privateKey: ephemeral.privateKey,
    publicKey: createPublicKey({ key: { ...to }, format: 'jwk' }),
  });
  return encrypt(plain, concatKdf(secret), json(header(usual)));
}

/** Builds a JWE as an attacker who knows the agreed secret in advance, which a low-order point allows. */
export function jweOfSecret(plain: Uint8Array, secret: Uint8Array, header: unknown): string {
  return encrypt(plain, concatKdf(secret), json(header));
}

function encrypt(plain: Uint8Array, key: Uint8Array, header: Uint8Array): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(b64(header)));
  const text = Buffer.concat([cipher.update(plain), cipher.final()]);
  return [b64(header), '', b64(iv), b64(text), b64(cipher.getAuthTag())].join('.');
}

/** NIST SP 800-56A §5.8.2.1 as RFC 7518 §4.6.2 uses it for A256GCM without party information. */
function concatKdf(secret: Uint8Array): Buffer {
  const length = (n: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(n);
    return bytes;
  };
  const info = [length(7), Buffer.from('A256GCM'), length(0), length(0), length(256)];
  return createHash('sha256')
    .update(Buffer.concat([length(1), secret, ...info]))
    .digest();
}

export const padded = (text: string) => pad(Buffer.from(text, 'latin1'));

/** Makes a changed event consistent again, with commitments to its present values. */
export function recommit(event: WireEvent): WireEvent {
  const commitments = Object.fromEntries(
    Object.entries(event.personal).map(([field, { salt, value }]) => [field, commit(salt, value)]),
  );
  return { ...event, header: { ...event.header, commitments } };
}

/** Rebuilds the hash chain over these events, in order. */
export function rechain(events: readonly WireEvent[]): WireEvent[] {
  let prev = events[0]!.header.prev;
  return events.map((event) => {
    const changed = { ...event, header: { ...event.header, prev } };
    prev = headerHash(changed.header);
    return changed;
  });
}

/** Flips one bit of a text's Latin-1 bytes. */
export function flipped(text: string, bit: number): string {
  const bytes = Buffer.from(text, 'latin1');
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  return bytes.toString('latin1');
}
