import type { z } from 'zod';
import { Problem } from '../../errors/problem.ts';
import { type Ed25519PrivateJwk, type Ed25519PublicJwk, PROTOCOL_VERSION, serverHeader } from '../wire/batch.ts';
import { keyId, keyNamed, publicHalf } from './keys.ts';
import { type Kind, type NounFromServer, signMessage, verifyMessage } from './message.ts';

/**
 * Messages from the server to a device, signed by one of the server's keys. The reader states the keys that it trusts and who the
 * message must be for.
 */

type ServerHeader = z.infer<ReturnType<typeof serverHeader<string>>>;
export type FromServer<B> = Kind<ServerHeader, B> & { readonly noun: NounFromServer };

export function fromServer<B>(
  noun: NounFromServer,
  { typ, body, maxBytes, sealed }: Pick<FromServer<B>, 'typ' | 'body' | 'maxBytes' | 'sealed'>,
): FromServer<B> {
  return {
    noun,
    typ,
    header: serverHeader(typ),
    body,
    maxBytes,
    ...(sealed && { sealed }),
    badSignature: `bad-${noun}-signature`,
  };
}

/** @param spv protocol version: that of the message being answered */
export async function signAsServer<B>(
  kind: FromServer<B>,
  body: B,
  key: Ed25519PrivateJwk,
  spv = PROTOCOL_VERSION,
): Promise<string> {
  const header = { alg: 'EdDSA' as const, typ: kind.typ, kid: await keyId(publicHalf(key)), spv };
  return signMessage(kind, header, kind.body.parse(body), key);
}

/** @throws Problem `unknown-server-key`, and those of `verifyMessage` */
export async function verifyFromServer<B>(
  kind: FromServer<B>,
  signed: string,
  trusted: readonly Ed25519PublicJwk[],
  versions?: readonly number[],
): Promise<B> {
  const keyFor = async ({ kid }: ServerHeader) => {
    const key = await keyNamed(trusted, kid);
    if (key) return key;
    throw new Problem('unknown-server-key', { noun: kind.noun });
  };
  return (await verifyMessage(kind, signed, keyFor, versions)).body;
}

/** For a valid message that is meant for another recipient or request. */
export const ofAnother = (kind: { readonly noun: NounFromServer }, what: string): Problem =>
  new Problem(`${kind.noun}-of-another`, { what });
