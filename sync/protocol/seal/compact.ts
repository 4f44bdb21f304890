import type { z } from 'zod';
import { Problem } from '../../errors/problem.ts';
import type { Noun } from './message.ts';

type MalformedCode = `${Noun | 'position' | 'certificate' | 'statement'}-malformed`;

/**
 * Reads a compact JWS (RFC 7515 §7.1) or JWE (RFC 7516 §7.1) as strictly as we write it, before any key is used. Base64url must
 * be canonical: Node's decoder ignores unknown characters and stray bits of the last one, so a changed message could otherwise
 * still verify.
 */

function decodeSegment(segment: string, code: MalformedCode): Buffer {
  const bytes = Buffer.from(segment, 'base64url');
  if (bytes.toString('base64url') !== segment) throw malformed(code, 'a part is not canonical base64url');
  return bytes;
}

/**
 * Splits and checks a compact message.
 *
 * @param parts 3 for a JWS, 5 for a JWE
 * @param empty indexes of the parts that must be empty (the encrypted key of ECDH-ES direct agreement)
 * @param header schema of the protected header; anything else in it is rejected, including `jwk`, `x5c`, `crit` and `zip`
 * @param code code of the Problem if the message is malformed
 * @returns the header, its encoded part as received, and every part decoded
 */
export function readCompact<H>(
  message: string,
  { parts, empty = [], header, code }: { parts: number; empty?: number[]; header: z.ZodType<H>; code: MalformedCode },
): { header: H; first: string; parts: Buffer[] } {
  const segments = message.split('.');
  if (segments.length !== parts) throw malformed(code, `a compact message of ${parts} parts was expected`);
  const decoded = segments.map((segment, i) => {
    if ((segment === '') !== empty.includes(i)) throw malformed(code, 'a part is empty, or full, that must not be');
    return decodeSegment(segment, code);
  });
  let raw: unknown;
  try {
    raw = JSON.parse(decoded[0]!.toString('utf8'));
  } catch (cause) {
    throw malformed(code, cause);
  }
  const parsed = header.safeParse(raw);
  if (!parsed.success) throw malformed(code, parsed.error);
  return { header: parsed.data, first: segments[0]!, parts: decoded };
}

const malformed = (code: MalformedCode, why: unknown): Problem =>
  new Problem(code, { cause: typeof why === 'string' ? new Error(why) : why });
