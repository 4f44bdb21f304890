import { expect, test } from 'vitest';
import { sizeText } from './output.ts';

test('a small size is given in KiB, and never as 0', () => {
  expect([0, 1, 4000, 1024 ** 2 - 1, 1024 ** 2, 5_500_000].map(sizeText)).toEqual([
    '0 KiB',
    '1 KiB',
    '4 KiB',
    '1024 KiB',
    '1.0 MiB',
    '5.2 MiB',
  ]);
});
