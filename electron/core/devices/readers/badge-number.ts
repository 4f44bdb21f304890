import type { BadgeNumber, Reader } from '../config.ts';
import { checksumBytes, checksumOf } from './checksum.ts';

/** The result of a read. `code` says why there is no number: the diagnostics count these. */
export type Decoded = { readonly badge: string } | { readonly code: 'checksum' | 'parity' | 'characters' | 'empty' };

type Format = Pick<Reader, 'encoding' | 'checksum' | 'skipBytes' | 'reversed' | 'number'>;

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** Removes the checksum from the end; null if it is wrong. */
function withoutChecksum(bytes: Uint8Array, { checksum }: Format, over: 'value' | 'frame'): Uint8Array | null {
  if (checksum?.over !== over) return bytes;
  const size = checksumBytes(checksum) * (over === 'frame' ? 2 : 1);
  if (bytes.length <= size) return null;
  const body = bytes.subarray(0, -size);
  const tail = bytes.subarray(-size);
  const said = over === 'frame' ? fromHex(text(tail)) : tail;
  return said && same(said, checksumOf(checksum.kind, body)) ? body : null;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

function fromHex(digits: string): Uint8Array | null {
  if (digits.length === 0 || digits.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(digits)) return null;
  return Uint8Array.from(Buffer.from(digits, 'hex'));
}

/** Returns the number's bytes, most significant first. */
function fromDecimal(digits: string): Uint8Array | null {
  if (!/^[0-9]{1,20}$/.test(digits)) return null;
  const hex = BigInt(digits).toString(16);
  return fromHex(hex.padStart(hex.length + (hex.length % 2), '0'));
}

function decode(frame: Uint8Array, encoding: Reader['encoding']): Uint8Array | null {
  if (encoding === 'bytes') return frame;
  const digits = text(frame).trim();
  return encoding === 'hex' ? fromHex(digits) : fromDecimal(digits);
}

/** Returns a card's number from one read. Pure; never throws. */
export function badgeNumber(frame: Uint8Array, format: Format): Decoded {
  const framed = withoutChecksum(frame, format, 'frame');
  if (!framed) return { code: 'checksum' };
  const decoded = decode(framed, format.encoding);
  if (!decoded) return { code: 'characters' };
  const checked = withoutChecksum(decoded, format, 'value');
  if (!checked) return { code: 'checksum' };
  const own = Uint8Array.from(checked.subarray(format.skipBytes));
  if (own.length === 0) return { code: 'empty' };
  if (format.reversed) own.reverse();
  return asNumber(own, format.number);
}

function asNumber(bytes: Uint8Array, number: BadgeNumber): Decoded {
  switch (number.form) {
    case 'text': {
      const written = text(bytes).trim();
      if (written === '') return { code: 'empty' };
      return /^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(written) ? { badge: written } : { code: 'characters' };
    }
    case 'hex':
      return { badge: Buffer.from(bytes).toString('hex').toUpperCase() };
    case 'decimal': {
      const digits = integer(bytes).toString();
      return { badge: digits.padStart(number.digits ?? 1, '0') };
    }
    case 'wiegand':
      return wiegand(integer(bytes), number);
  }
}

const integer = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

/** Returns whether an odd number of bits is set. */
function odd(value: bigint): boolean {
  let parity = false;
  for (let rest = value; rest > 0n; rest >>= 1n) if (rest & 1n) parity = !parity;
  return parity;
}

/** Takes facility and number from the lowest bits, as a reader on two Wiegand wires sends them. */
function wiegand(value: bigint, format: Extract<BadgeNumber, { form: 'wiegand' }>): Decoded {
  const { facilityBits, numberBits, parity } = format;
  const bits = facilityBits + numberBits;
  const mask = (count: number) => (1n << BigInt(count)) - 1n;
  if (parity) {
    const whole = value & mask(bits + 2);
    const second = Math.ceil((bits + 2) / 2);
    if (odd(whole >> BigInt(second)) || !odd(whole & mask(second))) return { code: 'parity' };
  }
  const body = (parity ? value >> 1n : value) & mask(bits);
  const facility = (body >> BigInt(numberBits)).toString().padStart(format.facilityDigits, '0');
  const number = (body & mask(numberBits)).toString().padStart(format.numberDigits, '0');
  return { badge: `${facility}${format.separator}${number}` };
}
