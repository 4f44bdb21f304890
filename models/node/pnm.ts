import type { RgbImage } from '../rules/image.ts';

/**
 * PGM and PPM (Netpbm P2, P3, P5, P6; 8 and 16 bits), which face sets such as AT&T's come in and sharp's build can't
 * read. After the format's own specification: netpbm.sourceforge.net, pgm(5) and ppm(5). Takes the first picture of a
 * file that holds several.
 */

const NUMBER_END = new Set([0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d]);

export function isPnm(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && [0x32, 0x33, 0x35, 0x36].includes(bytes[1]!) && NUMBER_END.has(bytes[2]!);
}

/**
 * @param mayHold asked for with width and height before anything is allocated; throws to refuse them
 * @throws RangeError with a sentence when the bytes are no such picture
 */
export function decodePnm(bytes: Uint8Array, mayHold: (width: number, height: number) => void): RgbImage {
  if (!isPnm(bytes)) throw new RangeError('no PGM or PPM header');
  const kind = bytes[1]! - 0x30;
  const channels = kind === 3 || kind === 6 ? 3 : 1;
  const reader = new Reader(bytes, 2);
  const width = reader.number();
  const height = reader.number();
  const max = reader.number();
  if (width < 1 || height < 1) throw new RangeError(`the header says ${width}×${height} pixels`);
  if (max < 1 || max > 65_535) throw new RangeError(`the header says a largest value of ${max}`);
  mayHold(width, height);
  const samples = width * height * channels;
  const wide = max > 255;
  const start = reader.at + 1; // one white space ends the header
  const least = kind < 4 ? 2 * samples - 1 : samples * (wide ? 2 : 1);
  if (bytes.length - start < least) throw new RangeError('the file ends before its picture does');

  const data = new Uint8Array(width * height * 3);
  const copies = 3 / channels;
  for (let i = 0; i < samples; i++) {
    let value: number;
    if (kind < 4) value = reader.number();
    else value = wide ? bytes[start + 2 * i]! * 256 + bytes[start + 2 * i + 1]! : bytes[start + i]!;
    // Values above the largest are an error of the writer; the brightest is the nearest there is.
    const byte = max === 255 ? Math.min(value, 255) : Math.round((Math.min(value, max) * 255) / max);
    for (let c = 0; c < copies; c++) data[i * copies + c] = byte;
  }
  return { width, height, data };
}

/** Reads decimal numbers between white space and `#` comments. */
class Reader {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  number(): number {
    const bytes = this.#bytes;
    while (this.at < bytes.length) {
      if (NUMBER_END.has(bytes[this.at]!)) this.at++;
      else if (bytes[this.at] === 0x23) while (this.at < bytes.length && bytes[this.at] !== 0x0a) this.at++;
      else break;
    }
    let value = 0;
    let digits = 0;
    for (; this.at < bytes.length; this.at++, digits++) {
      const digit = bytes[this.at]! - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      if (digits > 9) throw new RangeError('a number of more than ten digits');
    }
    if (digits === 0) throw new RangeError('a number is missing');
    return value;
  }
}
