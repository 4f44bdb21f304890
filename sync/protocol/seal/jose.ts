import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import type { X25519PublicJwk } from '../wire/batch.ts';

/**
 * The protocol's only signature and encryption, as defined in RFC 7515, 7516, 7518 and 8037: compact JWS with EdDSA (Ed25519),
 * and compact JWE with ECDH-ES (X25519, direct agreement) and A256GCM. Uses Node's cryptography in one pass: a batch has half a
 * megabyte, and separate base64url steps would cost more than everything else. Interoperability with another implementation is
 * tested (seal.test.ts).
 *
 * Headers are not checked here. The caller has checked them against a schema (compact.ts) that allows no other algorithm.
 */

const NONCE = 12;
const TAG = 16;
const SIGNATURE = 64;
/** Key length of A256GCM, bits. */
const KEY_BITS = 256;

/**
 * @param key Ed25519, private
 * @returns the compact JWS as ASCII bytes
 */
export function signCompact(header: object, payload: Uint8Array, key: KeyObject): Buffer {
  const head = Buffer.from(encodeJson(header), 'latin1');
  const inputLength = head.length + 1 + encodedLength(payload.length);
  const out = Buffer.allocUnsafe(inputLength + 1 + encodedLength(SIGNATURE));
  let at = writeDot(out, head.copy(out, 0));
  at = writeDot(out, writeEncoded(out, at, payload));
  writeEncoded(out, at, sign(null, out.subarray(0, inputLength), key));
  return out;
}

/**
 * @param signed the whole compact JWS
 * @param signature its third part, decoded
 * @param key Ed25519, public
 */
export function isSignedBy(signed: string, signature: Uint8Array, key: KeyObject): boolean {
  return verify(null, Buffer.from(signed.slice(0, signed.lastIndexOf('.')), 'latin1'), key, signature);
}

/**
 * Encrypts to a key, using a new ephemeral key.
 *
 * @param header everything except `epk`
 * @param to X25519, public
 */
export function encryptCompact(header: object, plain: Uint8Array, to: KeyObject): string {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  const { x } = publicKey.export({ format: 'jwk' });
  const head = encodeJson({ ...header, epk: { kty: 'OKP', crv: 'X25519', x } });
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', agree(privateKey, to), nonce, { authTagLength: TAG });
  cipher.setAAD(Buffer.from(head, 'latin1'));
  const body = cipher.update(plain);
  cipher.final(); // GCM is a stream mode: final() outputs nothing
  const out = Buffer.allocUnsafe(
    head.length + 4 + encodedLength(NONCE) + encodedLength(body.length) + encodedLength(TAG),
  );
  // Two dots: with direct agreement, the encrypted key between header and nonce is empty.
  let at = writeDot(out, writeDot(out, out.write(head, 'latin1')));
  at = writeDot(out, writeEncoded(out, at, nonce));
  at = writeDot(out, writeEncoded(out, at, body));
  writeEncoded(out, at, cipher.getAuthTag());
  return out.toString('latin1');
}

/**
 * Reverses `encryptCompact`.
 *
 * @param head the first part as received
 * @param parts nonce, ciphertext and tag, decoded
 * @param key X25519, private
 * @throws if the message was altered or is for another key, or `epk` is not a usable key
 */
export function decryptCompact(
  head: string,
  { nonce, body, tag }: { nonce: Uint8Array; body: Uint8Array; tag: Uint8Array },
  epk: X25519PublicJwk,
  key: KeyObject,
): Buffer {
  // Node would accept a shorter tag, which is easier to guess.
  if (nonce.length !== NONCE || tag.length !== TAG) throw new RangeError('nonce or tag has another length');
  const theirs = createPublicKey({ key: { kty: epk.kty, crv: epk.crv, x: epk.x }, format: 'jwk' });
  const decipher = createDecipheriv('aes-256-gcm', agree(key, theirs), nonce, { authTagLength: TAG });
  decipher.setAAD(Buffer.from(head, 'latin1'));
  decipher.setAuthTag(tag);
  const plain = decipher.update(body);
  decipher.final();
  return plain;
}

/** RFC 7518 §4.6.2: one round of the Concat KDF, without party information. OpenSSL rejects an all-zero shared secret. */
function agree(privateKey: KeyObject, publicKey: KeyObject): Buffer {
  const enc = Buffer.from('A256GCM', 'latin1');
  return createHash('sha256')
    .update(uint32(1))
    .update(diffieHellman({ privateKey, publicKey }))
    .update(uint32(enc.length))
    .update(enc)
    .update(uint32(0))
    .update(uint32(0))
    .update(uint32(KEY_BITS))
    .digest();
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Bytes encoded at a time. A multiple of 3, so that the pieces join into one text. */
const PIECE = 3 * 16_384;

/**
 * Writes base64url without padding, in pieces: strings of half a megabyte would stay in memory until V8's next major garbage
 * collection, and a kiosk that sends a backlog makes many.
 *
 * @returns the end position
 */
function writeEncoded(out: Buffer, at: number, bytes: Uint8Array): number {
  const from = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = at;
  for (let i = 0; i < from.length; i += PIECE)
    end += out.write(from.toString('base64url', i, i + PIECE), end, 'latin1');
  return end;
}

const encodedLength = (bytes: number) => Math.ceil((bytes * 4) / 3);

function writeDot(out: Buffer, at: number): number {
  return out.writeUInt8(0x2e, at);
}

function encodeJson(header: object): string {
  return Buffer.from(JSON.stringify(header), 'utf8').toString('base64url');
}
