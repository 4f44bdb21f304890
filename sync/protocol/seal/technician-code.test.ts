import { expect, test } from 'vitest';
import { newPaper, secretText, technicianUri } from './technician-code.ts';

const RFC_SECRET = Buffer.from('12345678901234567890');

test('base32 matches RFC 4648, §10', () => {
  const vectors = { f: 'MY', fo: 'MZXQ', foo: 'MZXW6', foob: 'MZXW6YQ', fooba: 'MZXW6YTB', foobar: 'MZXW6YTBOI' };
  for (const [text, encoded] of Object.entries(vectors)) expect(secretText(Buffer.from(text))).toBe(encoded);
});

test('the URI of the QR code contains issuer, label and secret', () => {
  const uri = new URL(technicianUri(RFC_SECRET, 'J. Meier (Werk Nord & Süd)'));
  expect(uri.protocol).toBe('otpauth:');
  expect(decodeURIComponent(uri.pathname)).toBe('/SmartPresence:J. Meier (Werk Nord & Süd)');
  expect(Object.fromEntries(uri.searchParams)).toEqual({
    secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
    issuer: 'SmartPresence',
    algorithm: 'SHA1',
    digits: '6',
    period: '30',
  });
});

test('paper codes use only random values that make every code equally likely', () => {
  // 2^48 - 1 is beyond the last whole multiple of 10^10, so it is discarded and the next value is used.
  const bytes = [Buffer.alloc(6, 255), Buffer.from([0, 0, 0, 0, 0, 7])];
  let at = 0;
  const codes = newPaper(() => bytes[at++ % 2]!);
  expect(codes).toEqual(Array.from({ length: 5 }, () => '0000000007'));
  expect(at).toBe(10);
});
