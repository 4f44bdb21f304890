import { createHash } from 'node:crypto';
import { base32, fromBase32 } from './base32.ts';

/**
 * A printed card is a bearer badge: `SPC1:` and Crockford's Base32 of 128 random bits. Server and kiosks store only its hash, and
 * delete that when the card is revoked.
 */

/** Prefix of the card's text. */
export const CARD_CODE = 'SPC1:';
export const CARD_BYTES = 16;

/** @param secret 16 random bytes */
export const writeCardCode = (secret: Uint8Array): string => CARD_CODE + base32(secret);

/** SHA-256 of a card's code, unpadded base64url. The 128 random bits can't be found from it. Null if it isn't a card. */
export function cardHash(text: string): string | null {
  if (!text.toUpperCase().startsWith(CARD_CODE)) return null;
  const secret = fromBase32(text.slice(CARD_CODE.length));
  return secret?.length === CARD_BYTES ? createHash('sha256').update(secret).digest('base64url') : null;
}
