import { expect, test } from 'vitest';
import type { TestResult } from '../../sync/server/compliance/reports.ts';
import { LONG, RELEASE, tierOf } from '../tiers.ts';
import { rowsOf } from './find.ts';
import { judge, tell, tellUndecided, undecided } from './judge.ts';
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

test('a row with tests in a run that left no report is not decided, and that run is named', () => {
  const named = new Map([
    ['test/cli/help.test.ts', ['P3', 'P4']],
    ['test/policy/pins.test.ts', ['P3']],
    ['test/package/kiosk.test.ts', ['P5']],
  ]);
  const all = judge([]);
  expect(undecided(all, named, () => null)).toEqual(new Map());
  expect(tellUndecided(new Map(), [])).toEqual([]);
  const commands = { short: 'npm test', long: 'npm run test:long', release: null };
  const missing = (file: string) => commands[tierOf(file)];
  const open = undecided(all, named, missing);
  expect([...open.keys()]).toEqual(['P3', 'P4']);
  const said = tellUndecided(open, ['npm test', 'npm run test:long', 'npm run test:release']);
  expect(said[0]).toBe('Not decided: P3 P4.');
  expect(said[1]).toContain('`npm test`, `npm run test:long`.');
  // What failed is decided, whatever else there is.
  expect([...undecided(judge([result('P3 a', 'failed')]), named, missing).keys()]).toEqual(['P4']);
});

test('what is left to the release tier is in no other, be it named by file or by folder', () => {
  expect(tierOf('test/readme.test.ts')).toBe('short');
  expect(tierOf('test/backup/dump.test.ts')).toBe('long');
  expect(tierOf('test/policy/backup-keys.test.ts')).toBe('release');
  for (const one of RELEASE) expect(tierOf(one.replace('**', 'some.test.ts'))).toBe('release');
  expect(LONG.filter((one) => !one.endsWith('/**')).map(tierOf)).not.toContain('short');
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
