import { Problem } from '../../errors/problem.ts';
import {
  type Ed25519PrivateJwk,
  type Ed25519PublicJwk,
  PROTOCOL_VERSION,
  type X25519PrivateJwk,
  type X25519PublicJwk,
} from '../wire/batch.ts';
import {
  Grant,
  GrantHeader,
  JOIN_TYP,
  Join,
  JoinHeader,
  MAX_GRANT_BYTES,
  MAX_GRANT_PLAIN,
  MAX_JOIN_BYTES,
  Proof,
  ProofHeader,
} from '../wire/join.ts';
import { keyId, keyNamed, publicHalf } from './keys.ts';
import { claimedBody, type Kind, sealMessage, signMessage, unsealMessage, verifyMessage } from './message.ts';

const JOIN: Kind<JoinHeader, Join> = {
  noun: 'join',
  typ: JOIN_TYP.join,
  header: JoinHeader,
  body: Join,
  maxBytes: MAX_JOIN_BYTES,
  badSignature: 'bad-signature',
};

const PROOF: Kind<ProofHeader, Proof> = {
  ...JOIN,
  noun: 'proof',
  typ: JOIN_TYP.proof,
  header: ProofHeader,
  body: Proof,
};

const GRANT: Kind<GrantHeader, Grant> = {
  noun: 'grant',
  typ: JOIN_TYP.grant,
  header: GrantHeader,
  body: Grant,
  maxBytes: MAX_GRANT_BYTES,
  sealed: { typ: JOIN_TYP.sealedGrant, maxPlain: MAX_GRANT_PLAIN },
  badSignature: 'bad-grant-signature',
};

/** Signs a request to join, with the device's public keys and the code's secret. @returns compact JWS, ASCII */
export function signJoin(join: Join, key: Ed25519PrivateJwk): Promise<string> {
  const header: JoinHeader = { alg: 'EdDSA', typ: JOIN_TYP.join, iss: join.request.id, spv: PROTOCOL_VERSION };
  return signMessage(JOIN, header, join, key);
}

/**
 * Opens a join, which must be signed by the key that it registers.
 *
 * @returns the join, and the protocol version for the answer
 * @throws Problem `join-too-large`, `join-malformed`, `unsupported-protocol`, `wrong-issuer`, `bad-signature`
 */
export async function openJoin(signed: string): Promise<{ join: Join; spv: number }> {
  if (signed.length > MAX_JOIN_BYTES) throw new Problem('join-too-large');
  // The key being registered. This proves only that the signer owns it.
  const own = async () => claimedBody(JOIN, signed).request.ed25519PublicJwk;
  const { header, body } = await verifyMessage(JOIN, signed, own);
  if (header.iss !== body.request.id) throw new Problem('wrong-issuer', { noun: JOIN.noun });
  return { join: body, spv: header.spv };
}

/** @param nonce a new random UUID */
export function signProof(device: string, nonce: string, key: Ed25519PrivateJwk): Promise<string> {
  const header: ProofHeader = { alg: 'EdDSA', typ: JOIN_TYP.proof, iss: device, spv: PROTOCOL_VERSION };
  return signMessage(PROOF, header, { nonce }, key);
}

/** @returns the protocol version for the answer @throws Problem `proof-too-large`, `proof-malformed`, `unsupported-protocol`, `wrong-issuer`, `bad-signature` */
export async function openProof(signed: string, device: string, key: Ed25519PublicJwk): Promise<number> {
  const { header } = await verifyMessage(PROOF, signed, async () => key);
  if (header.iss !== device) throw new Problem('wrong-issuer', { noun: PROOF.noun });
  return header.spv;
}

/**
 * Signs a device's grant, and seals it to the device.
 *
 * @param spv protocol version: that of the proof or request file being answered
 * @returns compact JWE, ASCII, at most MAX_GRANT_BYTES
 */
export async function sealGrant(
  grant: Grant,
  key: Ed25519PrivateJwk,
  to: X25519PublicJwk,
  spv = PROTOCOL_VERSION,
): Promise<string> {
  const kid = await keyId(publicHalf(key));
  const header: GrantHeader = { alg: 'EdDSA', typ: JOIN_TYP.grant, kid, spv };
  return sealMessage(GRANT, await signMessage(GRANT, header, Grant.parse(grant), key), to);
}

/**
 * Opens a grant. It is signed by a key from its own bundle, which proves that the bundle is intact, not whose it is. The caller
 * must verify that by the CA that its code pins, or by the fingerprint that an administrator compared.
 *
 * @throws Problem `grant-too-large`, `grant-malformed`, `unknown-sealing-key`, `grant-undecryptable`, `bad-padding`,
 * `unknown-server-key`, `bad-grant-signature`, `grant-of-another`
 */
export async function openGrant(sealed: string, device: string, key: X25519PrivateJwk): Promise<Grant> {
  const kid = await keyId(publicHalf(key));
  const signed = await unsealMessage(GRANT, sealed, async (named) => (named === kid ? key : null));
  const { body } = await verifyMessage(GRANT, signed, async (header) => {
    const server = await keyNamed(claimedBody(GRANT, signed).bundle.keys.signing, header.kid);
    if (!server) throw new Problem('unknown-server-key', { noun: GRANT.noun });
    return server;
  });
  if (body.device !== device) throw new Problem('grant-of-another', { what: 'device' });
  return body;
}
