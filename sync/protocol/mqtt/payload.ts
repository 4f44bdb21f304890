import { TYP } from '../wire/batch.ts';

/** Longest first part of a compact message that is parsed, characters. Our headers have less than 400. */
const MAX_HEADER = 1024;
const KNOWN: ReadonlySet<string> = new Set(Object.values(TYP));
export type Typ = (typeof TYP)[keyof typeof TYP];

/**
 * Returns a compact message's stated type, unverified; null for anything else. Use it only to choose what verifies it.
 *
 * @param message compact JOSE, or any other text
 */
export function typOf(message: string): Typ | null {
  const end = message.indexOf('.');
  if (end < 1 || end > MAX_HEADER) return null;
  try {
    const header: unknown = JSON.parse(Buffer.from(message.slice(0, end), 'base64url').toString('utf8'));
    const typ = (header as { typ?: unknown } | null)?.typ;
    return typeof typ === 'string' && KNOWN.has(typ) ? (typ as Typ) : null;
  } catch {
    // Junk on a topic is expected and not reported here: the caller counts it.
    return null;
  }
}
