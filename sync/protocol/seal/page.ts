import {
  type Ed25519PrivateJwk,
  type Ed25519PublicJwk,
  TYP,
  type X25519PrivateJwk,
  type X25519PublicJwk,
} from '../wire/batch.ts';
import { MAX_PAGE_BYTES, MAX_PAGE_PLAIN, Page } from '../wire/changes.ts';
import { fromServer, ofAnother, signAsServer, verifyFromServer } from './from-server.ts';
import { keyId, publicHalf } from './keys.ts';
import { sealMessage, unsealMessage } from './message.ts';

const PAGE = fromServer('page', {
  typ: TYP.page,
  body: Page,
  maxBytes: MAX_PAGE_BYTES,
  sealed: { typ: TYP.sealedPage, maxPlain: MAX_PAGE_PLAIN },
});

/**
 * Signs a page as the server and seals it to the device that asked.
 *
 * @param keys `signing`: a key of the server that the device trusts; `device`: the X25519 key of its registration
 * @param spv version of the ask
 * @returns compact JWE, ASCII, at most MAX_PAGE_BYTES
 * @throws Problem `page-too-large` (put fewer changes into it)
 */
export async function sealPage(
  page: Page,
  keys: { signing: Ed25519PrivateJwk; device: X25519PublicJwk },
  spv?: number,
): Promise<string> {
  return sealMessage(PAGE, await signAsServer(PAGE, page, keys.signing, spv), keys.device);
}

/**
 * Opens and verifies a page on the kiosk.
 *
 * @param keys `sealing`: the device's own private key; `trusted`: the server's keys that it pins
 * @param expect `jti`: that of the ask just sent, so an old page can't be replayed as its answer
 * @throws Problem with a code: `page-too-large`, `page-malformed`, `unknown-sealing-key`, `page-undecryptable`, `bad-padding`,
 * `unsupported-protocol`, `unknown-server-key`, `bad-page-signature`, `page-of-another`
 */
export async function openPage(
  sealed: string,
  keys: { sealing: X25519PrivateJwk; trusted: readonly Ed25519PublicJwk[] },
  expect: { device: string; jti: string; versions?: readonly number[] },
): Promise<Page> {
  const own = await keyId(publicHalf(keys.sealing));
  const signed = await unsealMessage(PAGE, sealed, async (kid) => (kid === own ? keys.sealing : null));
  const page = await verifyFromServer(PAGE, signed, keys.trusted, expect.versions);
  if (page.device !== expect.device) throw ofAnother(PAGE, 'device');
  if (page.jti !== expect.jti) throw ofAnother(PAGE, 'question');
  return page;
}
