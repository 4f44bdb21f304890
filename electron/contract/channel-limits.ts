import { MAX_MESSAGE_BYTES, MAX_MESSAGE_DEPTH, MAX_MESSAGE_ITEMS, type RefusedMessageCode } from './channel.ts';

/*
 * Limits are checked before a decoder allocates anything. A decoder's own limits are per array: five megabytes of
 * nested array heads, each claiming its permitted length, would still make it allocate gigabytes.
 */

/**
 * Walks the heads of a msgpack message (https://github.com/msgpack/msgpack/blob/master/spec.md) without building anything, and
 * returns what is wrong with it, or null. Extension types and trailing bytes are refused.
 */
export function inspectMsgpack(bytes: Uint8Array): RefusedMessageCode | null {
  if (bytes.byteLength > MAX_MESSAGE_BYTES) return 'message-too-large';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.byteLength;
  /** Number of values still expected at each depth. */
  const open = [1];
  let at = 0;
  let items = 0;
  while (open.length > 0) {
    if (open[open.length - 1] === 0) {
      open.pop();
      continue;
    }
    open[open.length - 1]! -= 1;
    if (++items > MAX_MESSAGE_ITEMS) return 'message-too-complex';
    if (at >= end) return 'message-not-decodable';
    const step = headAt(view, at, end);
    if (step === null) return 'message-not-decodable';
    at = step.next;
    if (at > end) return 'message-not-decodable';
    if (step.children > 0) {
      // More children than bytes left is impossible. Refused here, before anything is allocated for them.
      if (step.children > end - at) return 'message-not-decodable';
      if (step.children > MAX_MESSAGE_ITEMS || open.length >= MAX_MESSAGE_DEPTH) return 'message-too-complex';
      open.push(step.children);
    }
  }
  return at === end ? null : 'message-not-decodable';
}

interface Head {
  /** Position of the next head: after this value, or after this head if it has children. */
  readonly next: number;
  readonly children: number;
}

/** Reads one head, or null for a head that is cut off, unassigned, or an extension. */
function headAt(view: DataView, at: number, end: number): Head | null {
  const byte = view.getUint8(at);
  const leaf = (bytes: number): Head => ({ next: at + 1 + bytes, children: 0 });
  if (byte <= 0x7f || byte >= 0xe0) return leaf(0);
  if (byte <= 0x8f) return { next: at + 1, children: 2 * (byte & 0x0f) };
  if (byte <= 0x9f) return { next: at + 1, children: byte & 0x0f };
  if (byte <= 0xbf) return leaf(byte & 0x1f);
  const width = LENGTH_BYTES[byte];
  if (width !== undefined) {
    if (at + 1 + width > end) return null;
    const length = width === 1 ? view.getUint8(at + 1) : width === 2 ? view.getUint16(at + 1) : view.getUint32(at + 1);
    const behind = at + 1 + width;
    if (byte === 0xdc || byte === 0xdd) return { next: behind, children: length };
    if (byte === 0xde || byte === 0xdf) return { next: behind, children: 2 * length };
    return { next: behind + length, children: 0 };
  }
  const fixed = FIXED_BYTES[byte];
  return fixed === undefined ? null : leaf(fixed);
}

/** bin 8/16/32, str 8/16/32, array 16/32, map 16/32: size of the length field, bytes. */
const LENGTH_BYTES: Readonly<Record<number, number>> = {
  196: 1,
  197: 2,
  198: 4,
  217: 1,
  218: 2,
  219: 4,
  220: 2,
  221: 4,
  222: 2,
  223: 4,
};
/** nil, false, true, float 32/64, uint 8/16/32/64, int 8/16/32/64: size of the value, bytes. */
const FIXED_BYTES: Readonly<Record<number, number>> = {
  192: 0,
  194: 0,
  195: 0,
  202: 4,
  203: 8,
  204: 1,
  205: 2,
  206: 4,
  207: 8,
  208: 1,
  209: 2,
  210: 4,
  211: 8,
};

/**
 * Applies the same limits to a value that arrived by structured clone, where there are no bytes to inspect. Refuses what the
 * contract never sends: cycles (through the depth), Map, Set, Date, Error, typed arrays other than Uint8Array, bigint.
 */
export function inspectValue(value: unknown): RefusedMessageCode | null {
  let items = 0;
  let bytes = 0;
  const walk = (v: unknown, depth: number): RefusedMessageCode | null => {
    if (++items > MAX_MESSAGE_ITEMS || depth > MAX_MESSAGE_DEPTH) return 'message-too-complex';
    if (v === null || v === undefined || typeof v === 'boolean' || typeof v === 'number') return null;
    if (typeof v === 'string') bytes += v.length;
    else if (v instanceof Uint8Array) bytes += v.byteLength;
    else if (Array.isArray(v) || isPlain(v)) {
      // Check an array's own length first: a sparse array with four billion holes takes only a few bytes to send.
      if (Array.isArray(v) && v.length > MAX_MESSAGE_ITEMS) return 'message-too-complex';
      for (const [key, child] of Object.entries(v)) {
        bytes += key.length;
        const wrong = walk(child, depth + 1);
        if (wrong) return wrong;
      }
    } else return 'message-not-decodable';
    return bytes > MAX_MESSAGE_BYTES ? 'message-too-large' : null;
  };
  return walk(value, 0);
}

/** True for an object literal of this realm or another one (a clone that crossed a context has that context's prototype). */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return Object.prototype.toString.call(value) === '[object Object]';
}
