import { hash } from 'node:crypto';
import { Problem } from '../../errors/problem.ts';
import type { EventHeader } from '../wire/event.ts';
import { canonicalText } from './canonical.ts';

/**
 * The hash chain over events. Pure: the kiosk's store builds it, the server checks it, an auditor can recompute it.
 * JCS is RFC 8785; SHA-256 is FIPS 180-4; both outputs are unpadded base64url (43 characters).
 */

/** RFC 8785 canonical JSON as UTF-8 bytes. Throws `not-canonical` for what JSON can't carry (undefined, NaN, lone surrogates, a function). */
export function canonicalBytes(value: unknown): Buffer {
  let text: string | undefined;
  try {
    text = canonicalText(value);
  } catch (cause) {
    throw new Problem('not-canonical', { cause });
  }
  if (text === undefined) throw new Problem('not-canonical');
  // A lone surrogate would silently become U+FFFD in UTF-8, so that two different values had one hash.
  if (!text.isWellFormed()) throw new Problem('not-canonical');
  return Buffer.from(text, 'utf8');
}

/** SHA-256(JCS(header)): what the next event of the same epoch carries as `prev`. */
export function headerHash(header: EventHeader): string {
  return hash('sha256', canonicalBytes(header), 'base64url');
}

/**
 * SHA-256(salt ‖ JCS(value)): the commitment to one personal value.
 *
 * @param salt 16 random bytes as unpadded base64url (22 characters); the decoded bytes are hashed, not the text. It is
 *   what keeps a destroyed value unguessable, so it must be deleted together with the value.
 */
export function commit(salt: string, value: unknown): string {
  const bytes = Buffer.from(salt, 'base64url');
  if (bytes.length !== 16) throw new Problem('bad-salt');
  return hash('sha256', Buffer.concat([bytes, canonicalBytes(value)]), 'base64url');
}
