import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_MESSAGE_BYTES, MAX_MESSAGE_ITEMS, RefusedMessage } from './channel.ts';
import { decodeMessage, encodeMessage } from './channel-codec.ts';
import { inspectMsgpack, inspectValue } from './channel-limits.ts';

/** What the contract can send: plain JSON values, and bytes. */
const message = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    // msgpack has no −0.
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((v) => v + 0),
    fc.integer(),
    fc.string({ maxLength: 300, unit: 'grapheme' }),
    fc.uint8Array({ maxLength: 70_000, size: 'medium' }),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(
      fc.string({ maxLength: 40 }).filter((k) => k !== '__proto__'),
      tie('value'),
      { maxKeys: 20, noNullPrototype: true },
    ),
  ),
})).value;

/** Returns nested arrays; one level is `[]`. */
const nested = (levels: number): unknown => (levels === 1 ? [] : [nested(levels - 1)]);

describe('limits of a message', () => {
  it('lets everything through that the encoder produces, unchanged', () => {
    fc.assert(
      fc.property(message, (value) => {
        fc.pre(inspectValue(value) === null);
        expect(decodeMessage(encodeMessage(value))).toEqual(value);
      }),
      { numRuns: 300 },
    );
  });

  it('accepts a picture of the largest size, and refuses one byte over the limit', () => {
    const picture = new Uint8Array(1280 * 1280 * 3);
    const decoded = decodeMessage(encodeMessage({ t: 'q', a: [{ picture }] })) as { a: [{ picture: Uint8Array }] };
    expect(decoded.a[0].picture.byteLength).toBe(picture.byteLength);
    expect(inspectMsgpack(new Uint8Array(MAX_MESSAGE_BYTES + 1))).toBe('message-too-large');
    expect(inspectValue(new Uint8Array(MAX_MESSAGE_BYTES + 1))).toBe('message-too-large');
  });

  it('never throws on arbitrary bytes, and returns a value or a rejection', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const decoded = decodeMessage(bytes);
        // Anything let through decodes within the item limit, so it re-encodes too.
        if (!(decoded instanceof RefusedMessage)) expect(() => encode(decoded)).not.toThrow();
      }),
      { numRuns: 3_000 },
    );
  });

  it('agrees with the decoder about what is complete: a prefix or a longer message is refused', () => {
    fc.assert(
      fc.property(message, fc.nat(), (value, cut) => {
        fc.pre(inspectValue(value) === null);
        const bytes = encodeMessage(value);
        expect(decodeMessage(bytes.subarray(0, cut % bytes.length))).toBeInstanceOf(RefusedMessage);
        expect(decodeMessage(Uint8Array.of(...bytes.subarray(0, 1000), 0xc0))).toBeInstanceOf(RefusedMessage);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    [
      'nested array heads that each claim 1,000 places',
      new Uint8Array(4_000_000).map((_, i) => [0xdc, 0x03, 0xe8][i % 3]!),
    ],
    ['four million nested one-element arrays', new Uint8Array(4_000_000).fill(0x91)],
    ['an array that claims four thousand million places', Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)],
    ['a map that claims four thousand million pairs', Uint8Array.of(0xdf, 0xff, 0xff, 0xff, 0xff)],
    ['a string that claims four gigabytes', Uint8Array.of(0xdb, 0xff, 0xff, 0xff, 0xff)],
    ['more values than a message may hold', encode(new Array(MAX_MESSAGE_ITEMS + 1).fill(1))],
    ['many arrays that hold too many values together', encode(new Array(5).fill(new Array(1_000).fill(1)))],
    ['deeper nesting than allowed', encode(nested(17))],
    ['an extension type', Uint8Array.of(0xd4, 0x01, 0x00)],
    ['a timestamp', encode(new Date())],
    ['a __proto__ key', Uint8Array.of(0x81, 0xa9, ...new TextEncoder().encode('__proto__'), 0x80)],
    ['a key that is an object', Uint8Array.of(0x81, 0x80, 0x80)],
    ['nothing', new Uint8Array(0)],
  ])('refuses %s without allocating for it', (_, bytes) => {
    const before = process.memoryUsage().heapUsed;
    expect(decodeMessage(bytes)).toBeInstanceOf(RefusedMessage);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50_000_000);
  });

  it('accepts the deepest allowed nesting', () => {
    expect(decodeMessage(encodeMessage(nested(16)))).toEqual(nested(16));
    expect(inspectValue(nested(16))).toBeNull();
    expect(inspectValue(nested(18))).toBe('message-too-complex');
  });

  it('refuses cloned values that the contract never sends', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const sparse: unknown[] = [];
    sparse.length = 4_000_000_000;
    for (const value of [
      cycle,
      sparse,
      new Map(),
      new Set(),
      new Date(),
      new Error('x'),
      1n,
      new Float32Array(2),
      new ArrayBuffer(4),
      /x/,
      new Array(5_000).fill(0),
    ]) {
      expect(inspectValue({ a: [value] })).not.toBeNull();
    }
    expect(inspectValue({ a: [{ b: null, c: undefined, d: 'x', e: new Uint8Array(3) }] })).toBeNull();
  });
});
