import { Ack } from '../wire/ack.ts';
import { type Ed25519PrivateJwk, type Ed25519PublicJwk, MAX_ACK_BYTES, TYP } from '../wire/batch.ts';
import { fromServer, ofAnother, signAsServer, verifyFromServer } from './from-server.ts';
import { malformed } from './message.ts';

const ACK = fromServer('ack', { typ: TYP.ack, body: Ack, maxBytes: MAX_ACK_BYTES });

/**
 * Signs an ack with the server's key.
 *
 * @param spv protocol version of the message being answered
 * @returns compact JWS, ASCII, at most MAX_ACK_BYTES
 */
export function signAck(ack: Ack, key: Ed25519PrivateJwk, spv?: number): Promise<string> {
  return signAsServer(ACK, ack, key, spv);
}

/**
 * Verifies an ack against the server's keys that this kiosk trusts.
 *
 * @param expect the device and epoch that the ack must be for
 * @throws Problem with a code: `ack-too-large`, `ack-malformed`, `unsupported-protocol`, `unknown-server-key`,
 * `bad-ack-signature`, `ack-of-another`
 */
export async function openAck(
  signed: string,
  trusted: readonly Ed25519PublicJwk[],
  expect: { device: string; epoch: string; versions?: readonly number[] },
): Promise<Ack> {
  const ack = await verifyFromServer(ACK, signed, trusted, expect.versions);
  if (ack.device !== expect.device || ack.epoch !== expect.epoch) throw ofAnother(ACK, 'device or epoch');
  if (ack.safe > ack.committed) throw malformed(ACK);
  return ack;
}
