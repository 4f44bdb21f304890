import { createHash } from 'node:crypto';
import { type Ed25519PrivateJwk, type Ed25519PublicJwk, PROTOCOL_VERSIONS, TYP } from '../wire/batch.ts';
import { MAX_SIGNAL_BYTES, Nudge, Rejection } from '../wire/changes.ts';
import { fromServer, ofAnother, signAsServer, verifyFromServer } from './from-server.ts';

/** The two short messages that need no secrecy: why a message was not taken, and that there is something to ask for. */

const REJECTION = fromServer('rejection', { typ: TYP.rejection, body: Rejection, maxBytes: MAX_SIGNAL_BYTES });
const NUDGE = fromServer('nudge', { typ: TYP.nudge, body: Nudge, maxBytes: MAX_SIGNAL_BYTES });

/**
 * Written in the oldest version that is understood, which every kiosk reads: what is refused may not have been opened, and a
 * nudge answers nothing, so that the kiosk's own version is not known.
 */
const OLDEST = Math.min(...PROTOCOL_VERSIONS);

/** What a rejection calls the message by: SHA-256 of the sealed message's ASCII, base64url. */
export function messageDigest(sealed: string): string {
  return createHash('sha256').update(sealed, 'latin1').digest('base64url');
}

/** @returns compact JWS, ASCII, at most MAX_SIGNAL_BYTES */
export function signRejection(rejection: Rejection, key: Ed25519PrivateJwk, spv = OLDEST): Promise<string> {
  return signAsServer(REJECTION, rejection, key, spv);
}

/**
 * @param expect `digest`: of the message that was sent (`messageDigest`)
 * @throws Problem with a code: `rejection-too-large`, `rejection-malformed`, `unsupported-protocol`, `unknown-server-key`,
 *   `bad-rejection-signature`, `rejection-of-another`
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

/** @returns compact JWS, ASCII, at most MAX_SIGNAL_BYTES */
export function signNudge(nudge: Nudge, key: Ed25519PrivateJwk, spv = OLDEST): Promise<string> {
  return signAsServer(NUDGE, nudge, key, spv);
}

/**
 * @throws Problem with a code: `nudge-too-large`, `nudge-malformed`, `unsupported-protocol`, `unknown-server-key`,
 *   `bad-nudge-signature`, `nudge-of-another`
 */
export async function openNudge(
  signed: string,
  trusted: readonly Ed25519PublicJwk[],
  expect: { device: string; versions?: readonly number[] },
): Promise<Nudge> {
  const nudge = await verifyFromServer(NUDGE, signed, trusted, expect.versions);
  if (nudge.device !== expect.device) throw ofAnother(NUDGE, 'device');
  return nudge;
}
