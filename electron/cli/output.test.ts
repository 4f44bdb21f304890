import { expect, test } from 'vitest';
import { sizeText } from './output.ts';

test('what is small is said in KiB, and is not none', () => {
  expect([0, 1, 4000, 1024 ** 2 - 1, 1024 ** 2, 5_500_000].map(sizeText)).toEqual([
    '0 KiB',
    '1 KiB',
    '4 KiB',
    '1024 KiB',
    '1.0 MiB',
    '5.2 MiB',
  ]);
});
