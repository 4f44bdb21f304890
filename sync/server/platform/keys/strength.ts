import { command } from '../../../disk/program.ts';

/**
 * Reads a 256-bit key from text and explains why a weak one is refused. Pure.
 *
 * Randomness can't be proven, but the usual ways of making keys by hand can be recognised. Each check below catches one of
 * them, and refuses a truly random key with a probability below 2⁻⁴⁰.
 */

const BYTES = 32;
export const WHOSE_KEYS = `A new server gets its keys from: ${command('setup')}; an existing one needs those it was made with`;

/** @returns the 32 bytes, or a text that says what is wrong and what to do */
export function readKey(text: string): Uint8Array | string {
  const trimmed = text.trim();
  const bytes = decode(trimmed);
  if (!bytes) return `must be ${BYTES} bytes as base64 (44 characters) or hexadecimal (64 characters). ${WHOSE_KEYS}`;
  const weakness = weaknessOf(bytes);
  return weakness ? `${weakness}. ${WHOSE_KEYS}` : bytes;
}

function decode(text: string): Uint8Array | null {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, 'hex');
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) {
    const bytes = Buffer.from(text, 'base64');
    return bytes.length === BYTES ? bytes : null;
  }
  return null;
}

function weaknessOf(bytes: Uint8Array): string | null {
  for (let period = 1; period <= BYTES / 2; period++) {
    if (bytes.every((b, i) => b === bytes[i % period])) return 'is one pattern repeated';
  }
  const step = (bytes[1]! - bytes[0]!) & 0xff;
  if (bytes.every((b, i) => i === 0 || ((b - bytes[i - 1]!) & 0xff) === step)) return 'is a counting sequence';
  if (bytes.every((b) => b >= 0x20 && b < 0x7f)) return 'is typed text, not random bytes';
  // 32 random bytes have 30 different values on average; fewer than 16 have a probability of about 2⁻⁵⁸.
  if (new Set(bytes).size < 16) return 'has too few different bytes to be random';
  return null;
}
