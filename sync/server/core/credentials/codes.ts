import { randomBytes } from 'node:crypto';
import { OWN_CODE_MS, writeOwnCode } from '../../../protocol/seal/own-code.ts';
import type { Keyring } from '../../platform/keys/keyring.ts';

/** A code for a person's own page: it opens the door once at each kiosk, for a minute. Nothing of it is kept here. */
export function issueOwnCode(
  keyring: Pick<Keyring, 'issuer'>,
  person: string,
  now: Date,
): { readonly text: string; readonly issuedAt: string; readonly expiresAt: string } {
  // A code says whole seconds, so its time is cut too: the page must not show one that a kiosk refuses.
  const issuedAt = Math.floor(now.getTime() / 1000) * 1000;
  return {
    text: writeOwnCode({ person, issuedAt, nonce: randomBytes(8) }, keyring.issuer),
    issuedAt: new Date(issuedAt).toISOString(),
    expiresAt: new Date(issuedAt + OWN_CODE_MS).toISOString(),
  };
}
