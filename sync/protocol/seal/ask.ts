import { type Ed25519PrivateJwk, TYP, type X25519PublicJwk } from '../wire/batch.ts';
import { Ask, AskHeader, MAX_ASK_BYTES, MAX_ASK_PLAIN } from '../wire/changes.ts';
import { type DeviceKeys, headerFrom, openFromDevice, type Sender } from './device.ts';
import { type Kind, sealMessage, signMessage } from './message.ts';

const ASK: Kind<AskHeader, Ask> = {
  noun: 'ask',
  typ: TYP.ask,
  header: AskHeader,
  body: Ask,
  maxBytes: MAX_ASK_BYTES,
  sealed: { typ: TYP.sealedAsk, maxPlain: MAX_ASK_PLAIN },
  badSignature: 'bad-signature',
};

/**
 * Signs an ask as the device and seals it to the server.
 *
 * @param jti a new random UUID, which the answering page must repeat
 * @returns compact JWE, ASCII, at most MAX_ASK_BYTES
 */
export async function sealAsk(
  ask: Ask,
  keys: { device: string; signing: Ed25519PrivateJwk; server: X25519PublicJwk; serverId: string },
  jti: string,
): Promise<string> {
  const header = { ...headerFrom(TYP.ask, keys), jti };
  return sealMessage(ASK, await signMessage(ASK, header, ask, keys.signing), keys.server);
}

/**
 * Opens and verifies a sealed ask, as strictly as a batch.
 *
 * @throws Problem with a code: `ask-too-large`, `ask-malformed`, `unknown-sealing-key`, `ask-undecryptable`, `bad-padding`,
 *   `wrong-issuer`, `wrong-audience`, `unsupported-protocol`, `unknown-device`, `bad-signature`
 */
export async function openAsk(
  sealed: string,
  keys: DeviceKeys,
  expect: Sender,
): Promise<{ header: AskHeader; ask: Ask }> {
  const { header, body } = await openFromDevice(ASK, sealed, keys, expect);
  return { header, ask: body };
}
