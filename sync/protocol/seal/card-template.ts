import { decryptGcm, encryptGcm, GCM_OVERHEAD } from './aes-gcm.ts';
import { base32, fromBase32 } from './base32.ts';

/**
 * Templates on the person's card: server and kiosks store only a ciphertext, and only the QR code on the card has its key.
 *
 * The card: `SPT1:` and Crockford's Base32 of version (1) ‖ person (16) ‖ card (16) ‖ key (32).
 * The ciphertext: nonce (12) ‖ AES-256-GCM of the concatenated vectors (float32 little-endian) ‖ tag (16). Associated data:
 * `smartpresence/card-template` ‖ 0 ‖ person (16) ‖ card (16) ‖ name of the embedding model (UTF-8).
 */
export interface CardKey {
  readonly person: string;
  /** Id of the card. A ciphertext belongs to one card. */
  readonly card: string;
  /** 32 bytes. The caller zeroes it when it is no longer needed. */
  readonly key: Buffer;
}

/** Prefix of the card's text. */
export const TEMPLATE_CARD = 'SPT1:';
const VERSION = 1;
const KEY_BYTES = 32;
const DOMAIN = Buffer.from('smartpresence/card-template\0', 'ascii');

const idBytes = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex');
const idText = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** Returns the card's text. A string can't be zeroed; give it only to the person who prints it. */
export function writeTemplateCard({ person, card, key }: CardKey): string {
  const bytes = Buffer.concat([Buffer.from([VERSION]), idBytes(person), idBytes(card), key]);
  const text = TEMPLATE_CARD + base32(bytes);
  bytes.fill(0);
  return text;
}

/** Reads a card's text; null if it isn't a card of this kind. */
export function readTemplateCard(text: string): CardKey | null {
  if (!text.toUpperCase().startsWith(TEMPLATE_CARD)) return null;
  const bytes = fromBase32(text.slice(TEMPLATE_CARD.length));
  if (bytes?.length !== 33 + KEY_BYTES || bytes[0] !== VERSION) return null;
  const found = {
    person: idText(bytes.subarray(1, 17)),
    card: idText(bytes.subarray(17, 33)),
    key: Buffer.alloc(KEY_BYTES),
  };
  bytes.copy(found.key, 0, 33);
  bytes.fill(0);
  return found;
}

const associated = ({ person, card }: CardKey, model: string): Buffer =>
  Buffer.concat([DOMAIN, idBytes(person), idBytes(card), Buffer.from(model, 'utf8')]);

/**
 * @param vectors of one model, all of the same length
 * @param nonce 12 random bytes
 * @returns unpadded base64url
 */
export function sealCardTemplates(
  key: CardKey,
  model: string,
  vectors: readonly Float32Array[],
  nonce: Uint8Array,
): string {
  const plain = Buffer.concat(vectors.map((v) => Buffer.from(v.buffer, v.byteOffset, v.byteLength)));
  const sealed = encryptGcm(key.key, associated(key, model), plain, nonce);
  plain.fill(0);
  return sealed.toString('base64url');
}

/**
 * Returns the templates, which the caller zeroes. Null if this key doesn't open them: they are another card's, or altered.
 *
 * @param length number of floats per vector
 */
export function openCardTemplates(key: CardKey, model: string, sealed: string, length: number): Float32Array[] | null {
  const bytes = Buffer.from(sealed, 'base64url');
  const size = bytes.length - GCM_OVERHEAD;
  if (size <= 0 || size % (4 * length) !== 0) return null;
  let plain: Buffer;
  try {
    plain = decryptGcm(key.key, associated(key, model), bytes);
  } catch {
    return null; // not authentic: of another card, or altered
  }
  try {
    // Copied because a Float32Array must start at a multiple of 4 bytes.
    return Array.from({ length: size / (4 * length) }, (_, i) => {
      const vector = new Float32Array(length);
      new Uint8Array(vector.buffer).set(plain.subarray(i * 4 * length, (i + 1) * 4 * length));
      return vector;
    });
  } finally {
    plain.fill(0);
  }
}
