import type { RgbImage } from '../rules/image.ts';

/**
 * Windows bitmaps (BITMAPINFOHEADER and later; 1, 4, 8, 16, 24 and 32 bits; no run-length compression), which sharp's build can't
 * read. Based on Microsoft's "Bitmap Storage". Transparency is ignored, as in most readers.
 */

const RGB = 0;
const BITFIELDS = 3;
const ALPHA_BITFIELDS = 6;

export function isBmp(bytes: Uint8Array): boolean {
  return bytes[0] === 0x42 && bytes[1] === 0x4d;
}

/**
 * @param mayHold called with width and height before anything is allocated; throws to reject them
 * @throws RangeError with a sentence if the bytes are not such a picture
 */
export function decodeBmp(bytes: Uint8Array, mayHold: (width: number, height: number) => void): RgbImage {
  if (!isBmp(bytes) || bytes.length < 54) throw new RangeError('no bitmap header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = view.getUint32(10, true);
  const headerSize = view.getUint32(14, true);
  if (headerSize < 40) throw new RangeError('an OS/2 1.x header, which is not supported');
  const width = view.getInt32(18, true);
  const signedHeight = view.getInt32(22, true);
  const height = Math.abs(signedHeight);
  const bits = view.getUint16(28, true);
  const compression = view.getUint32(30, true);
  if (width < 1 || height < 1) throw new RangeError(`the header says ${width}×${height} pixels`);
  mayHold(width, height);
  const masked = compression === BITFIELDS || compression === ALPHA_BITFIELDS;
  if (!(compression === RGB || (masked && (bits === 16 || bits === 32)))) {
    throw new RangeError(`compression ${compression} with ${bits} bits, which is not supported`);
  }
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (start < 14 + headerSize || start + stride * height > bytes.length) {
    throw new RangeError('the file ends before its picture does');
  }
  const pixel = pixelReader(bytes, view, bits, masked, 14 + headerSize, start);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    // A positive height means that the bottom row comes first.
    const row = start + stride * (signedHeight > 0 ? height - 1 - y : y);
    for (let x = 0; x < width; x++) {
      const rgb = pixel(row, x);
      const at = (y * width + x) * 3;
      data[at] = rgb >> 16;
      data[at + 1] = (rgb >> 8) & 255;
      data[at + 2] = rgb & 255;
    }
  }
  return { width, height, data };
}

/** Returns a function that reads pixel `x` of the row at `row` as 0xRRGGBB. */
function pixelReader(
  bytes: Uint8Array,
  view: DataView,
  bits: number,
  masked: boolean,
  headerEnd: number,
  start: number,
): (row: number, x: number) => number {
  switch (bits) {
    case 1:
    case 4:
    case 8: {
      const used = view.getUint32(46, true);
      const colours = Math.min(used || 2 ** bits, 2 ** bits);
      if (headerEnd + 4 * colours > start) throw new RangeError('the palette runs into the picture');
      const palette = Array.from({ length: 2 ** bits }, (_, i) => {
        const at = headerEnd + 4 * i;
        return i < colours ? (bytes[at + 2]! << 16) | (bytes[at + 1]! << 8) | bytes[at]! : 0;
      });
      const perByte = 8 / bits;
      return (row, x) => {
        const shift = 8 - bits * ((x % perByte) + 1);
        return palette[(bytes[row + Math.floor(x / perByte)]! >> shift) & (2 ** bits - 1)]!;
      };
    }
    case 24:
      return (row, x) => (bytes[row + 3 * x + 2]! << 16) | (bytes[row + 3 * x + 1]! << 8) | bytes[row + 3 * x]!;
    case 16:
    case 32: {
      // The masks follow the first 40 bytes of the header, inside a longer one.
      if (masked && 66 > start) throw new RangeError('the masks run into the picture');
      const standard = bits === 16 ? [0x7c00, 0x03e0, 0x001f] : [0xff0000, 0xff00, 0xff];
      const [red, green, blue] = standard.map((mask, i) => channel(masked ? view.getUint32(54 + 4 * i, true) : mask));
      const size = bits / 8;
      return (row, x) => {
        const value = bits === 16 ? view.getUint16(row + size * x, true) : view.getUint32(row + size * x, true);
        return (red!(value) << 16) | (green!(value) << 8) | blue!(value);
      };
    }
    default:
      throw new RangeError(`${bits} bits a pixel, which is not supported`);
  }
}

/** Returns a function that scales the bits of `mask` to 0..255. */
function channel(mask: number): (value: number) => number {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const max = mask >>> shift;
  return (value) => Math.round((((value & mask) >>> shift) * 255) / max);
}
