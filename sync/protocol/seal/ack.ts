import { CompactSign, compactVerify } from 'jose';
import { Ack, AckHeader } from '../wire/ack.ts';
import { type Ed25519PrivateJwk, type Ed25519PublicJwk, MAX_ACK_BYTES, PROTOCOL_VERSION, TYP } from '../wire/batch.ts';
import { Problem } from '../wire/problem.ts';
import { readCompact } from './compact.ts';
import { keyId, keyNamed, publicHalf, signatureKey } from './keys.ts';

/** Signs an ack with the server's key. @returns compact JWS, ASCII, at most MAX_ACK_BYTES */
export async function signAck(ack: Ack, key: Ed25519PrivateJwk): Promise<string> {
  return new CompactSign(new TextEncoder().encode(JSON.stringify(Ack.parse(ack))))
    .setProtectedHeader({ alg: 'EdDSA', typ: TYP.ack, kid: await keyId(publicHalf(key)), spv: PROTOCOL_VERSION })
    .sign(await signatureKey(key));
}

/**
 * Verifies an ack against the server's keys that this kiosk trusts.
 *
 * @param expect whose ack it must be
 * @throws Problem with a code: `ack-too-large`, `ack-malformed`, `unsupported-protocol`, `unknown-server-key`,
 *   `bad-ack-signature`, `ack-of-another`
 */
export async function openAck(
  signed: string,
  trusted: readonly Ed25519PublicJwk[],
  expect: { device: string; epoch: string },
): Promise<Ack> {
  if (signed.length > MAX_ACK_BYTES) throw refuse('ack-too-large', 'The ack is larger than this protocol allows.');
  const { header } = readCompact(signed, { parts: 3, header: AckHeader, code: 'ack-malformed' });
  if (header.spv !== PROTOCOL_VERSION)
    throw refuse('unsupported-protocol', `Protocol version ${header.spv} is not understood here.`);
  const server = await keyNamed(trusted, header.kid);
  if (!server) throw refuse('unknown-server-key', 'The ack is signed by a key that this kiosk does not know.');
  let payload: Uint8Array;
  try {
    payload = (await compactVerify(signed, await signatureKey(server), { algorithms: ['EdDSA'] })).payload;
  } catch (cause) {
    throw refuse('bad-ack-signature', 'The signature of the ack does not verify.', cause);
  }
  let ack: Ack;
  try {
    ack = Ack.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)));
  } catch (cause) {
    throw refuse('ack-malformed', 'The signed content is no ack.', cause);
  }
  if (ack.device !== expect.device || ack.epoch !== expect.epoch)
    throw refuse('ack-of-another', 'The ack is for another device or epoch.');
  if (ack.safe > ack.committed) throw refuse('ack-malformed', 'The ack calls more events safe than it has committed.');
  return ack;
}

function refuse(code: string, message: string, cause?: unknown): Problem {
  return new Problem(
    code,
    message,
    'Nothing was forgotten; the events are sent again. If it repeats, provision the kiosk again.',
    { cause },
  );
}
