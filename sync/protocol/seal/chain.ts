import { hash } from 'node:crypto';
import { Problem } from '../../errors/problem.ts';
import type { EventHeader } from '../wire/event.ts';
import { canonicalText } from './canonical.ts';

/**
 * The hash chain over events. Pure: the kiosk's store builds it, the server checks it, and an auditor can recompute it. JCS is
 * RFC 8785; SHA-256 is FIPS 180-4; both outputs are unpadded base64url (43 characters).
 */

/** RFC 8785 canonical JSON as UTF-8. Throws `not-canonical` for what JSON can't represent (undefined, NaN, lone surrogates, a function). */
export function canonicalBytes(value: unknown): Buffer {
  let text: string | undefined;
  try {
    text = canonicalText(value);
  } catch (cause) {
    throw new Problem('not-canonical', { cause });
  }
  if (text === undefined) throw new Problem('not-canonical');
  // In UTF-8 a lone surrogate would silently become U+FFFD, and two different values would have the same hash.
  if (!text.isWellFormed()) throw new Problem('not-canonical');
  return Buffer.from(text, 'utf8');
}

/** SHA-256(JCS(header)), which the next event of the same epoch has as `prev`. */
export function headerHash(header: EventHeader): string {
  return hash('sha256', canonicalBytes(header), 'base64url');
}

/**
 * SHA-256(salt ‖ JCS(value)): the commitment to one personal value.
 *
 * @param salt 16 random bytes as unpadded base64url (22 characters); the decoded bytes are hashed, not the text. Because of it, a
 * deleted value can't be guessed, so it must be deleted together with the value.
 */
export function commit(salt: string, value: unknown): string {
  const bytes = Buffer.from(salt, 'base64url');
  if (bytes.length !== 16) throw new Problem('bad-salt');
  return hash('sha256', Buffer.concat([bytes, canonicalBytes(value)]), 'base64url');
}
