import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { CompactEncrypt, CompactSign, compactDecrypt, compactVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { decryptCompact, encryptCompact, isSignedBy, signCompact } from './jose.ts';
import { agreementKey, newSealingKey, newSigningKey, publicHalf, signatureKey } from './keys.ts';

const signing = newSigningKey();
const sealing = newSealingKey();
// Includes lengths beyond one encoded piece.
const bytes = fc
  .tuple(fc.uint8Array({ minLength: 1, maxLength: 3000 }), fc.constantFrom(1, 50))
  .map(([some, times]) => new Uint8Array(Buffer.concat(Array(times).fill(some))));
const header = { alg: 'ECDH-ES', enc: 'A256GCM', typ: 'a', cty: 'b' };

const open = (message: string, key = sealing) => {
  const [head, , nonce, body, tag] = message.split('.') as [string, string, string, string, string];
  const { epk } = JSON.parse(Buffer.from(head, 'base64url').toString());
  const decode = (text: string) => Buffer.from(text, 'base64url');
  const parts = { nonce: decode(nonce), body: decode(body), tag: decode(tag) };
  return decryptCompact(head, parts, epk, agreementKey(key));
};

describe('another implementation of the RFCs', () => {
  test('verifies our signatures, and we verify its', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, async (payload) => {
        const ours = signCompact({ alg: 'EdDSA' }, payload, signatureKey(signing)).toString('latin1');
        const theirs = await new CompactSign(payload).setProtectedHeader({ alg: 'EdDSA' }).sign(signatureKey(signing));
        expect(ours).toBe(theirs);
        expect((await compactVerify(ours, signatureKey(publicHalf(signing)))).payload).toEqual(payload);
        const signature = Buffer.from(theirs.split('.')[2]!, 'base64url');
        expect(isSignedBy(theirs, signature, signatureKey(publicHalf(signing)))).toBe(true);
        expect(isSignedBy(theirs, signature, signatureKey(publicHalf(newSigningKey())))).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  test('opens our sealed messages, and we open its', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, async (plain) => {
        const to = agreementKey(publicHalf(sealing));
        const opened = await compactDecrypt(encryptCompact(header, plain, to), agreementKey(sealing));
        expect(opened.plaintext).toEqual(plain);
        expect(opened.protectedHeader).toMatchObject(header);
        const theirs = await new CompactEncrypt(plain).setProtectedHeader(header).encrypt(to);
        expect(open(theirs).equals(plain)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a sealed message', () => {
  const message = encryptCompact(header, randomBytes(100), agreementKey(publicHalf(sealing)));

  test('opens only with its own key', () => {
    expect(open(message)).toHaveLength(100);
    expect(() => open(message, newSealingKey())).toThrow();
  });

  test('with a shortened tag or nonce is rejected', () => {
    const cut = (part: number, keep: number) =>
      message
        .split('.')
        .map((text, i) => (i === part ? Buffer.from(text, 'base64url').subarray(0, keep).toString('base64url') : text))
        .join('.');
    for (const keep of [4, 8, 12, 15]) expect(() => open(cut(4, keep))).toThrow(/length/);
    expect(() => open(cut(2, 8))).toThrow(/length/);
  });

  test('whose ephemeral key yields no secret (points of small order) is rejected', () => {
    const small = [
      Buffer.alloc(32),
      Buffer.from([1, ...Buffer.alloc(31)]),
      Buffer.from('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', 'hex'),
      Buffer.from('5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157', 'hex'),
    ];
    const [, ...rest] = message.split('.');
    for (const point of small) {
      const epk = { kty: 'OKP', crv: 'X25519', x: point.toString('base64url') };
      const head = Buffer.from(JSON.stringify({ ...header, epk })).toString('base64url');
      expect(() => open([head, ...rest].join('.'))).toThrow(/derivation|failed/i);
    }
  });
});
