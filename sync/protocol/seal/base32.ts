/** RFC 4648 §6, without padding, as authenticator apps read it. */
export const RFC4648 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * Crockford's Base32 (no I, L, O, U), for codes typed by hand and QR codes. It fits a QR code's alphanumeric mode, and a scanner
 * that acts as a keyboard types it correctly on every layout.
 */
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

export function base32(bytes: Uint8Array, alphabet = CROCKFORD): string {
  let bits = 0;
  let held = 0;
  let text = '';
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(held >> bits) & 31];
    }
  }
  return bits > 0 ? text + alphabet[(held << (5 - bits)) & 31] : text;
}

/** Accepts any case, spaces and dashes anywhere, O for 0, I and L for 1. Null for an invalid character, or non-zero bits at the end. */
export function fromBase32(text: string): Buffer | null {
  const plain = text.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
  let bits = 0;
  let held = 0;
  const bytes: number[] = [];
  for (const character of plain) {
    const value = CROCKFORD.indexOf(character);
    if (value === -1) return null;
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 0xff);
    }
    held &= (1 << bits) - 1;
  }
  return bits < 5 && held === 0 ? Buffer.from(bytes) : null;
}
