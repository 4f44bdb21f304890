import { expect, test } from 'vitest';
import type { TestResult } from '../sync/server/features/privacy/compliance/reports.ts';
import { judgeSuite, type Ran, type Suite, toRepeat } from './verdict.ts';

const FILES = ['a.test.ts', 'b.test.ts'];
const result = (file: string, outcome: TestResult['outcome'], title = 'works'): TestResult => ({
  file,
  title,
  outcome,
});
const ran = (code: number | null, results: Ran['results'], unhandled = false): Ran => ({ code, results, unhandled });
const GOOD = [result('a.test.ts', 'passed'), result('b.test.ts', 'passed')];
const BAD = [result('a.test.ts', 'failed'), result('b.test.ts', 'passed')];
const suite = (first: Ran, again?: Ran): Suite => ({ name: 'units', files: FILES, first, again });
const passed = (s: Suite) => {
  const { problems, results } = judgeSuite(s);
  return problems.length === 0 && results.every((r) => r.outcome !== 'failed');
};

test('a suite passes if it exited with 0, its report has every file, and no test failed', () => {
  expect(passed(suite(ran(0, GOOD)))).toBe(true);
  expect(passed(suite(ran(0, [...GOOD.slice(1), result('a.test.ts', 'skipped')])))).toBe(true);
  expect(passed(suite(ran(1, BAD)))).toBe(false);
});

test('a run without its own report fails, whatever its exit code, and is not repeated', () => {
  for (const code of [0, 1, 134, null]) {
    expect(judgeSuite(suite(ran(code, null))).problems).toEqual([`units: left no report (exit code ${code})`]);
    expect(toRepeat(suite(ran(code, null)))).toEqual([]);
  }
});

test('a run that crashed after writing its report fails, whatever the report says, and is not repeated', () => {
  for (const code of [1, 134, null]) {
    expect(passed(suite(ran(code, GOOD)))).toBe(false);
    expect(toRepeat(suite(ran(code, GOOD)))).toEqual([]);
  }
  for (const code of [0, 134, null]) {
    expect(judgeSuite(suite(ran(code, BAD))).problems).toHaveLength(1);
    expect(toRepeat(suite(ran(code, BAD)))).toEqual([]);
  }
});

test('a file that is not in the report fails the suite, and so does an error outside of any test', () => {
  expect(judgeSuite(suite(ran(0, GOOD.slice(1)))).problems).toEqual(['units: 1 files did not run: a.test.ts']);
  expect(passed(suite(ran(0, GOOD, true)))).toBe(false);
  // They count even if other tests failed too.
  expect(toRepeat(suite(ran(1, BAD.slice(0, 1))))).toEqual([]);
  expect(toRepeat(suite(ran(1, BAD, true)))).toEqual([]);
});

test('failures in a few files are repeated, and the repetition counts', () => {
  expect(toRepeat(suite(ran(1, BAD)))).toEqual(['a.test.ts']);
  const good = suite(ran(1, BAD), ran(0, [result('a.test.ts', 'passed')]));
  expect(passed(good)).toBe(true);
  expect(judgeSuite(good).repeated).toEqual([result('a.test.ts', 'failed')]);
  const bad = suite(ran(1, BAD), ran(1, [result('a.test.ts', 'failed')]));
  expect(passed(bad)).toBe(false);
  expect(judgeSuite(bad).repeated).toEqual([]);
  const other = suite(ran(1, BAD), ran(1, [result('a.test.ts', 'passed'), result('a.test.ts', 'failed', 'another')]));
  expect(passed(other)).toBe(false);
});

test('many failed files are not repeated', () => {
  const files = Array.from({ length: 7 }, (_, i) => `${i}.test.ts`);
  const results = files.map((file) => result(file, 'failed'));
  expect(toRepeat({ name: 'units', files, first: ran(1, results) })).toEqual([]);
  expect(toRepeat({ name: 'units', files: files.slice(1), first: ran(1, results.slice(1)) })).toHaveLength(6);
});

test('a repetition that crashed, left no report, or did not run the failed tests counts as failed', () => {
  for (const again of [
    ran(134, [result('a.test.ts', 'passed')]),
    ran(null, [result('a.test.ts', 'passed')]),
    ran(1, [result('a.test.ts', 'passed')]),
    ran(0, null),
    ran(1, null),
    ran(0, []),
    ran(0, [result('b.test.ts', 'passed')]),
    ran(0, [result('a.test.ts', 'passed')], true),
  ]) {
    const judged = judgeSuite(suite(ran(1, BAD), again));
    expect(judged.problems, JSON.stringify(again)).not.toEqual([]);
    expect(judged.results.some((r) => r.outcome === 'failed')).toBe(true);
  }
});
