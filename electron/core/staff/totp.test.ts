import { generateSync } from 'otplib';
import { describe, expect, test } from 'vitest';
import { secretText } from '../../../sync/protocol/seal/technician-code.ts';
import { codeAt, stepsAround } from './totp.ts';

const RFC_SECRET = Buffer.from('12345678901234567890');

describe('codes', () => {
  // RFC 6238, Appendix B, the last six of its eight digits.
  test.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('are those of the RFC at %d s', (seconds, code) => {
    expect(codeAt(RFC_SECRET, Math.floor(seconds / 30))).toBe(code);
  });

  test('are those of the server’s own library, for various secrets and times', () => {
    for (let i = 0; i < 200; i++) {
      const secret = Buffer.alloc(20, i * 7 + 1).map((byte, at) => (byte * (at + 3)) & 255);
      const epoch = 1_700_000_000 + i * 86_399;
      expect(codeAt(secret, Math.floor(epoch / 30))).toBe(generateSync({ secret: secretText(secret), epoch }));
    }
  });

  test('of one step before and after are accepted, and no others', () => {
    expect(stepsAround(59_999)).toEqual([0, 1, 2]);
    expect(stepsAround(60_000)).toEqual([1, 2, 3]);
  });
});
