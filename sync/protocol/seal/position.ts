import { z } from 'zod';
import { Problem } from '../../errors/problem.ts';
import { sealedHeader, type X25519PublicJwk } from '../wire/batch.ts';
import { Instant, Uuid } from '../wire/event.ts';
import { readCompact } from './compact.ts';
import { decryptCompact, encryptCompact } from './jose.ts';
import { agreementKey, keyId } from './keys.ts';
import type { SealingKeyLookup } from './message.ts';

/** Position of a check-in, WGS 84. */
export const Position = z.strictObject({
  /** Degrees. */
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  /** Metres, as estimated by the receiver. */
  accuracy: z.number().nonnegative().optional(),
  /** Time of the receiver's fix. */
  at: Instant.optional(),
});
export type Position = z.infer<typeof Position>;

const TYP = 'sp-position+jwe';
const CTY = 'json';
/** Every plaintext has this length, so that the length of the ciphertext reveals nothing. */
const PLAIN = 192;
const Header = sealedHeader(TYP, CTY).extend({ iss: Uuid, sub: Uuid });

/** The person and the kiosk that a position belongs to. Authenticated, so positions of two people can't be swapped. */
export interface PositionOf {
  readonly device: string;
  readonly person: string;
}

/**
 * Seals a position on the kiosk before it is stored or sent. After that, neither the kiosk itself nor a broker can read it, nor
 * anyone who has the server's database without its keys (POLICY P7).
 *
 * @param to the server's sealing key
 * @returns compact JWE for `checkin.personal.gps`, always of the same length for one key and kiosk
 */
export async function sealPosition(position: Position, of: PositionOf, to: X25519PublicJwk): Promise<string> {
  const plain = Buffer.alloc(PLAIN, ' ');
  const text = JSON.stringify(Position.parse(position));
  if (plain.write(text) < Buffer.byteLength(text)) throw new RangeError('a position longer than any can be');
  const header = {
    alg: 'ECDH-ES',
    enc: 'A256GCM',
    typ: TYP,
    cty: CTY,
    kid: await keyId(to),
    iss: of.device,
    sub: of.person,
  };
  return encryptCompact(header, plain, agreementKey(to));
}

/**
 * Opens a position on the server.
 *
 * @param lookup the server's sealing keys, including old ones
 * @throws Problem `position-malformed`, `unknown-sealing-key`, `position-undecryptable` (altered, or another person's or kiosk's)
 */
export async function openPosition(sealed: string, of: PositionOf, lookup: SealingKeyLookup): Promise<Position> {
  const { header, first, parts } = readCompact(sealed, {
    parts: 5,
    empty: [1],
    header: Header,
    code: 'position-malformed',
  });
  const key = await lookup(header.kid);
  if (!key) throw new Problem('unknown-sealing-key', { noun: 'position' });
  try {
    if (header.iss !== of.device || header.sub !== of.person) throw new RangeError('it is of another kiosk or person');
    const [, , nonce, body, tag] = parts as [Buffer, Buffer, Buffer, Buffer, Buffer];
    const plain = decryptCompact(first, { nonce, body, tag }, header.epk, agreementKey(key));
    return Position.parse(JSON.parse(plain.toString('utf8')));
  } catch (cause) {
    throw new Problem('position-undecryptable', { cause });
  }
}
