import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalBytes } from '../../../protocol/seal/chain.ts';
import { Secret } from '../secrets/secret.ts';
import { Keys, type Place } from './envelope.ts';

const [encryptionKey, secretKey] = [randomBytes(32), randomBytes(32)];
const [a, b] = [new Secret(Buffer.from(encryptionKey)), new Secret(Buffer.from(secretKey))];
const keys = new Keys(a, b);
const place: Place = { field: 'person.name', person: 'p1', record: 'r1', rowVersion: 3 };

describe('an envelope', () => {
  test('opens in its own place to the sealed content', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalBytes(keys.openJson(place, keys.sealJson(place, value))).equals(canonicalBytes(value))).toBe(
          true,
        );
      }),
      { numRuns: 100 },
    );
  });

  test('is AES-256-GCM under an HKDF-SHA-256 key from both environment keys, as in another implementation', async () => {
    const sealed = keys.seal('field', place, Buffer.from('Ada'));
    const { subtle } = globalThis.crypto;
    const input = await subtle.importKey('raw', encryptionKey, 'HKDF', false, ['deriveKey']);
    const info = Buffer.from('smartpresence/v1/field');
    const derived = await subtle.deriveKey(
      { name: 'HKDF', hash: 'SHA-256', salt: secretKey, info },
      input,
      { name: 'AES-GCM', length: 256 },
      false,
      ['decrypt'],
    );
    const additionalData = Buffer.from(
      JSON.stringify(['smartpresence', 1, 'person.name', 'p1', 'r1', 3, keys.version]),
    );
    const how = { name: 'AES-GCM', iv: sealed.subarray(3, 15), additionalData, tagLength: 128 };
    const opened = await subtle.decrypt(how, derived, new Uint8Array(sealed.subarray(15)));
    expect(Buffer.from(opened).toString()).toBe('Ada');
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
  ])('does not open under another %s', (_what, other) => {
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

  test('is refused with an error code when any bit is flipped or the end is cut off', () => {
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
