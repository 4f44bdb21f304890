import type { z } from 'zod';
import { Problem } from '../../errors/problem.ts';
import {
  type Ed25519PrivateJwk,
  type Ed25519PublicJwk,
  PROTOCOL_VERSIONS,
  sealedHeader,
  type X25519PrivateJwk,
  type X25519PublicJwk,
} from '../wire/batch.ts';
import { readCompact } from './compact.ts';
import { decryptCompact, encryptCompact, isSignedBy, signCompact } from './jose.ts';
import { agreementKey, keyId, signatureKey } from './keys.ts';
import { pad, unpad } from './padding.ts';

/** Messages of the server that anyone with its public keys can read. */
export type NounFromServer = 'ack' | 'page' | 'rejection';
export type Noun = NounFromServer | 'batch' | 'ask' | 'logs' | 'farewell' | 'join' | 'proof' | 'grant';

type Header = { readonly typ: string; readonly spv: number };

/**
 * How every message is signed, sealed, opened and verified. The differences between a batch, an ask, a page, an ack and a
 * rejection are in their `Kind`: schemas, sizes and error codes.
 *
 * All are equally strict. Sizes are checked first. Headers contain exactly what their schema names, so no key, certificate,
 * `crit` or `zip`. Base64url must be canonical. There is one algorithm per purpose, and keys come from us, never from the
 * message.
 */
export interface Kind<H extends Header, B> {
  /** Prefix of the error codes (`batch-malformed`), and the message's name in error texts. */
  readonly noun: Noun;
  /** `typ` of the JWS, and `cty` of the JWE around it. */
  readonly typ: string;
  /** Schema of the signed header; fixes `alg` and `typ`. */
  readonly header: z.ZodType<H>;
  readonly body: z.ZodType<B>;
  /** Maximum length on the wire, characters: of the JWE if there is one, otherwise of the JWS. */
  readonly maxBytes: number;
  /** Only for sealed messages: `typ` of the JWE, and the maximum size of the padded plaintext, bytes. */
  readonly sealed?: { readonly typ: string; readonly maxPlain: number };
  /** Error code for a wrong signature. */
  readonly badSignature: 'bad-signature' | 'bad-grant-signature' | `bad-${NounFromServer}-signature`;
}

/** Returns the reader's own private key for a `kid`; null if it has none. */
export type SealingKeyLookup = (kid: string) => Promise<X25519PrivateJwk | null>;

/** Signs the body as JSON. @returns compact JWS, ASCII */
export async function signMessage<H extends Header, B>(
  kind: Kind<H, B>,
  header: H,
  body: B,
  key: Ed25519PrivateJwk,
): Promise<string> {
  const signed = signCompact(header, Buffer.from(JSON.stringify(body), 'utf8'), signatureKey(key)).toString('latin1');
  if (!kind.sealed && signed.length > kind.maxBytes) throw tooLarge(kind);
  return signed;
}

/** Signs and seals a body that is already UTF-8, in one step. For large messages. */
export function signAndSeal<H extends Header, B>(
  kind: Kind<H, B>,
  header: H,
  body: Uint8Array,
  key: Ed25519PrivateJwk,
  to: X25519PublicJwk,
): Promise<string> {
  return sealMessage(kind, signCompact(header, body, signatureKey(key)), to);
}

/**
 * Pads a signed message and seals it to `to`, using a new ephemeral key.
 *
 * @returns compact JWE, ASCII, at most `maxBytes`
 * @throws Problem `<noun>-too-large`
 */
export async function sealMessage<H extends Header, B>(
  kind: Kind<H, B>,
  signed: string | Uint8Array,
  to: X25519PublicJwk,
): Promise<string> {
  const { typ, maxPlain } = sealing(kind);
  const header = { alg: 'ECDH-ES', enc: 'A256GCM', typ, cty: kind.typ, kid: await keyId(to) };
  const content = typeof signed === 'string' ? Buffer.from(signed, 'latin1') : signed;
  return encryptCompact(header, pad(content, maxPlain, kind.noun), agreementKey(to));
}

/**
 * Decrypts a sealed message. The result is not verified yet.
 *
 * @throws Problem `<noun>-too-large`, `<noun>-malformed`, `unknown-sealing-key`, `<noun>-undecryptable`, `bad-padding`
 */
export async function unsealMessage<H extends Header, B>(
  kind: Kind<H, B>,
  sealed: string,
  lookup: SealingKeyLookup,
): Promise<string> {
  const { typ } = sealing(kind);
  if (sealed.length > kind.maxBytes) throw tooLarge(kind);
  const { header, first, parts } = readCompact(sealed, {
    parts: 5,
    // ECDH-ES derives the content key directly, so the encrypted key is empty.
    empty: [1],
    header: sealedHeader(typ, kind.typ),
    code: `${kind.noun}-malformed`,
  });
  const key = await lookup(header.kid);
  if (!key) throw new Problem('unknown-sealing-key', { noun: kind.noun });
  let padded: Uint8Array;
  try {
    const [, , nonce, body, tag] = parts as [Buffer, Buffer, Buffer, Buffer, Buffer];
    padded = decryptCompact(first, { nonce, body, tag }, header.epk, agreementKey(key));
  } catch (cause) {
    throw new Problem(`${kind.noun}-undecryptable`, { cause });
  }
  const content = unpad(padded);
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('latin1');
}

/**
 * Reads the header, gets the key from `keyFor` (which may reject the header's claims), verifies, and parses the body.
 *
 * @param keyFor throws a Problem if the header is not acceptable
 * @param versions accepted protocol versions
 * @throws Problem `<noun>-too-large`, `<noun>-malformed`, `unsupported-protocol`, errors of `keyFor`, the kind's `badSignature`
 */
export async function verifyMessage<H extends Header, B>(
  kind: Kind<H, B>,
  signed: string,
  keyFor: (header: H) => Promise<Ed25519PublicJwk>,
  versions: readonly number[] = PROTOCOL_VERSIONS,
): Promise<{ header: H; body: B }> {
  if (!kind.sealed && signed.length > kind.maxBytes) throw tooLarge(kind);
  const code = `${kind.noun}-malformed` as const;
  const { header, parts } = readCompact(signed, { parts: 3, header: kind.header, code });
  if (!versions.includes(header.spv)) throw new Problem('unsupported-protocol', { version: header.spv });
  const key = await keyFor(header);
  const [, payload, signature] = parts as [Buffer, Buffer, Buffer];
  const forged = (cause?: unknown) => new Problem(kind.badSignature, { noun: kind.noun, cause });
  let genuine: boolean;
  try {
    genuine = isSignedBy(signed, signature, signatureKey(key));
  } catch (cause) {
    throw forged(cause);
  }
  if (!genuine) throw forged();
  try {
    return { header, body: kind.body.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))) };
  } catch (cause) {
    throw malformed(kind, cause);
  }
}

/** For a message that is signed correctly but isn't valid for its kind. */
export const malformed = (kind: { readonly noun: Noun }, cause?: unknown): Problem =>
  new Problem(`${kind.noun}-malformed`, { cause });

/**
 * Reads a signed message's body before verification. It proves nothing; use it only to choose the key to verify with.
 *
 * @throws Problem `<noun>-malformed`
 */
export function claimedBody<H extends Header, B>(kind: Kind<H, B>, signed: string): B {
  try {
    return kind.body.parse(JSON.parse(Buffer.from(signed.split('.')[1] ?? '', 'base64url').toString('utf8')));
  } catch (cause) {
    throw malformed(kind, cause);
  }
}

const tooLarge = (kind: { readonly noun: Noun }): Problem => new Problem(`${kind.noun}-too-large`);

function sealing(kind: { noun: Noun; sealed?: { typ: string; maxPlain: number } }) {
  if (!kind.sealed) throw new Problem('never-sealed', { noun: kind.noun });
  return kind.sealed;
}
