import { createHash } from 'node:crypto';
import { type Ed25519PrivateJwk, type Ed25519PublicJwk, PROTOCOL_VERSIONS, TYP } from '../wire/batch.ts';
import { MAX_REJECTION_BYTES, Rejection } from '../wire/changes.ts';
import { fromServer, ofAnother, signAsServer, verifyFromServer } from './from-server.ts';

/** Why a message was rejected. Not secret, so not sealed. */

const REJECTION = fromServer('rejection', { typ: TYP.rejection, body: Rejection, maxBytes: MAX_REJECTION_BYTES });

/** The oldest supported version, which every kiosk can read: the version of an unopened message is unknown. */
const OLDEST = Math.min(...PROTOCOL_VERSIONS);

/** Returns a rejection's name for a message: SHA-256 of the sealed message's ASCII, base64url. */
export function messageDigest(sealed: string): string {
  return createHash('sha256').update(sealed, 'latin1').digest('base64url');
}

/** @returns compact JWS, ASCII, at most MAX_REJECTION_BYTES */
export function signRejection(rejection: Rejection, key: Ed25519PrivateJwk, spv = OLDEST): Promise<string> {
  return signAsServer(REJECTION, rejection, key, spv);
}

/**
 * @param expect `digest`: that of the message that was sent (`messageDigest`)
 * @throws Problem with a code: `rejection-too-large`, `rejection-malformed`, `unsupported-protocol`, `unknown-server-key`,
 * `bad-rejection-signature`, `rejection-of-another`
 */
export async function openRejection(
  signed: string,
  trusted: readonly Ed25519PublicJwk[],
  expect: { device: string; digest: string; versions?: readonly number[] },
): Promise<Rejection> {
  const rejection = await verifyFromServer(REJECTION, signed, trusted, expect.versions);
  if (rejection.device !== expect.device) throw ofAnother(REJECTION, 'device');
  if (rejection.digest !== expect.digest) throw ofAnother(REJECTION, 'message');
  return rejection;
}
