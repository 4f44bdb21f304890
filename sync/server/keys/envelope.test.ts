import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalBytes } from '../../protocol/seal/chain.ts';
import { Keys, type Place } from './envelope.ts';
import { Secret } from './secret.ts';

const [a, b] = [new Secret(randomBytes(32)), new Secret(randomBytes(32))];
const keys = new Keys(a, b);
const place: Place = { field: 'person.name', person: 'p1', record: 'r1', rowVersion: 3 };

describe('an envelope', () => {
  test('opens in its place, to what was sealed', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalBytes(keys.openJson(place, keys.sealJson(place, value))).equals(canonicalBytes(value))).toBe(
          true,
        );
      }),
      { numRuns: 100 },
    );
  });

  test('is never the same twice', () => {
    expect(keys.sealJson(place, 'Ada').equals(keys.sealJson(place, 'Ada'))).toBe(false);
  });

  test.each<[string, Partial<Place>]>([
    ['field', { field: 'person.number' }],
    ['person', { person: 'p2' }],
    ['nobody', { person: null }],
    ['record', { record: 'r2' }],
    ['row version', { rowVersion: 2 }],
  ])('P1 does not open under another %s', (_what, other) => {
    const sealed = keys.sealJson(place, 'Ada');
    expect(() => keys.openJson({ ...place, ...other }, sealed)).toThrowError(
      expect.objectContaining({ code: 'envelope-broken' }),
    );
  });

  test('does not open for another purpose, or when either environment key differs', () => {
    const sealed = keys.seal('field', place, Buffer.from('Ada'));
    const wrong = [
      () => keys.open('keyring', place, sealed),
      () => new Keys(a, a).open('field', place, sealed),
      () => new Keys(b, b).open('field', place, sealed),
      () => new Keys(b, a).open('field', place, sealed),
    ];
    for (const attempt of wrong) expect(attempt).toThrowError(expect.objectContaining({ code: 'envelope-broken' }));
    expect(new Set([keys.check(), new Keys(b, a).check(), new Keys(a, a).check()]).size).toBe(3);
  });

  test('is refused with a code when any bit is flipped or any end cut off', () => {
    const sealed = keys.sealJson(place, 'Ada Lovelace');
    for (let at = 0; at < sealed.length * 8; at++) {
      const bytes = Buffer.from(sealed);
      bytes[at >> 3]! ^= 1 << (at & 7);
      expect(() => keys.openJson(place, bytes)).toThrowError(
        expect.objectContaining({ code: expect.stringMatching(/^envelope-/) }),
      );
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(() => keys.openJson(place, sealed.subarray(0, length))).toThrowError(
        expect.objectContaining({ code: expect.stringMatching(/^envelope-/) }),
      );
    }
  });
});
