import { expect, test } from 'vitest';
import { numberSubjects } from './subjects.ts';

const subjects = numberSubjects(Buffer.alloc(32, 7));

test('guesses at a number count together however it is written: no blank or dot buys another', () => {
  const written = ['HR-12/3a', 'hr123A', ' HR 12.3 a', 'HR-١٢/٣a', 'ＨＲ１２３Ａ'];
  expect(new Set(written.map(subjects.pin)).size).toBe(1);
  expect(new Set(written.map(subjects.face)).size).toBe(1);
  expect(subjects.pin('HR-12/3a')).not.toBe(subjects.pin('HR-12/3b'));
  expect(subjects.pin('--')).not.toBe(subjects.pin('__'));
  expect(Object.keys(subjects.cleared('hr 123 a'))).toEqual([subjects.pin('HR-12/3a'), subjects.face('HR-12/3a')]);
});
