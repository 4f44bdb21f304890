import { expect, test } from 'vitest';
import type { TestResult } from '../../sync/server/compliance/reports.ts';
import { rowsOf } from './find.ts';
import { judge, tell } from './judge.ts';
import { ROWS } from './rows.ts';

const of = (row: string, results: TestResult[]) => judge(results).find((v) => v.row === row)!;
const result = (title: string, outcome: TestResult['outcome'] = 'passed'): TestResult => ({
  file: 'a.test.ts',
  title,
  outcome,
});

test('there are thirty-five rows', () => {
  expect([...ROWS.keys()]).toEqual(Array.from({ length: 35 }, (_, i) => `P${i + 1}`));
});

test('a row without a test does not hold, nor one with a test that failed or was skipped', () => {
  expect(of('P3', []).ok).toBe(false);
  expect(of('P3', [result('P3 a'), result('P3 b')]).ok).toBe(true);
  expect(of('P3', [result('P3 a'), result('P3 b', 'failed')]).ok).toBe(false);
  expect(of('P3', [result('P3 a'), result('P3 b', 'skipped')]).ok).toBe(false);
});

test('a title may name several rows, and a number is taken whole', () => {
  expect(of('P17', [result('P1 P17 a page')]).ok).toBe(true);
  expect(of('P1', [result('P13 a listener')]).ok).toBe(false);
});

test('a file that can not be loaded fails the rows that it names', () => {
  const unloaded: TestResult = { file: 'b.test.ts', title: '', outcome: 'failed' };
  const verdict = judge([result('P3 a'), unloaded], new Map([['b.test.ts', ['P3']]])).find((v) => v.row === 'P3')!;
  expect(verdict.ok).toBe(false);
  expect(tell(verdict, false).join('\n')).toContain('can not be loaded');
});

test('rows are found in titles of tests and groups, not in data', () => {
  const source = `
    test('#6 photos go', () => {});
    describe.each(DATABASES)('#16 on $name', () => {});
    test.skipIf(missing())(\`#13 \${port}\`, () => {});
    test(
      '#9 an opt-out',
      () => decode('P5 17 17 255'));
  `.replaceAll('#', 'P');
  expect(rowsOf(source)).toEqual(['P6', 'P16', 'P13', 'P9']);
});
