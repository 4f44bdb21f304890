import { expect, test } from 'vitest';
import type { TestResult } from '../../sync/server/features/privacy/compliance/reports.ts';
import { describeRow, judge, type Runs, summary } from './judge.ts';
import type { Row, RowId } from './rows.ts';
import { titlePattern, titlesIn } from './titles.ts';

const A = 'a.test.ts';
const result = (title: string, outcome: TestResult['outcome'] = 'passed', file = A): TestResult => ({
  file,
  title,
  outcome,
});
const rowOf = (parts: Row['parts']): ReadonlyMap<RowId, Row> => new Map([['P3', { requirement: 'Files', parts }]]);
const stateOf = (parts: Row['parts'], results: readonly TestResult[], runs?: Runs) =>
  judge(rowOf(parts), results, runs)[0]!.state;

test('a row is proven only if every test of every part passed, and none failed, was skipped or did not run', () => {
  const parts = { one: { [A]: ['photos go'] }, two: { [A]: ['positions go', 'so do names'] } };
  const ran = (...outcomes: TestResult['outcome'][]) =>
    ['photos go', 'positions go', 'so do names'].flatMap((t, i) => (outcomes[i] ? [result(t, outcomes[i])] : []));
  expect(stateOf(parts, ran('passed', 'passed', 'passed'))).toBe('proven');
  expect(stateOf(parts, ran('passed', 'passed', 'failed'))).toBe('failed');
  expect(stateOf(parts, ran('passed', 'passed', 'skipped'))).toBe('failed');
  expect(stateOf(parts, ran('passed', 'passed'))).toBe('failed');
});

test('a row without parts, and a part without a test, are not proven', () => {
  expect(stateOf({}, [result('photos go')])).toBe('failed');
  const parts = { one: { [A]: ['photos go'] }, two: {} };
  expect(stateOf(parts, [result('photos go')])).toBe('failed');
  const [verdict] = judge(rowOf(parts), [result('photos go')]);
  expect(describeRow(verdict!, false)).toEqual(['✗ P3  Files', '    ✓ one (1 of 1 passed)', '    ✗ two (no test)']);
});

test('a test counts only for its own file, by its full title or that of its group', () => {
  const parts = { one: { [A]: ['photos go'] } };
  expect(stateOf(parts, [result('photos go', 'passed', 'b.test.ts')])).toBe('failed');
  expect(stateOf(parts, [result('photos gone')])).toBe('failed');
  expect(stateOf(parts, [result('on PGlite photos go')])).toBe('proven');
  expect(stateOf(parts, [result('photos go after 90 days')])).toBe('proven');
  expect(stateOf(parts, [result('on PGlite photos go'), result('on PostgreSQL photos go', 'failed')])).toBe('failed');
});

test('only the parts of a title that the runner fills in are wildcards', () => {
  expect(titlePattern('%s lets in $one.name, … times (of 3)').test('GET /a lets in b, 9 times (of 3)')).toBe(true);
  expect(titlePattern('a. (b)').test('ax (b)')).toBe(false);
  expect(titlePattern('a. (b)').test('a. b')).toBe(false);
});

test('a file that can’t be loaded fails the parts that name it', () => {
  const [verdict] = judge(rowOf({ one: { [A]: ['photos go'] } }), [result('', 'failed')]);
  expect(verdict!.parts[0]!.tests).toEqual([{ file: A, title: 'photos go', outcome: 'failed' }]);
});

test('a row with tests in a run without a report is undecided, and the run is named', () => {
  const parts = { one: { [A]: ['photos go'] }, two: { 'b.test.ts': ['names go'] } };
  const runs: Runs = { missing: (file) => (file === A ? null : 'npm run test:long'), left: () => false };
  const [open] = judge(rowOf(parts), [result('photos go')], runs);
  expect([open!.state, open!.waitsFor]).toEqual(['undecided', ['npm run test:long']]);
  expect(summary([open!], ['npm test', 'npm run test:long'])).toEqual([
    'Not decided: P3.',
    'They have tests in runs that left no report in test/artefacts. Run first, in this checkout: `npm run test:long`.',
    '0 of 1 rows proven, 1 of 2 parts',
  ]);
  // A failure is decisive, whatever else there is.
  expect(stateOf(parts, [result('photos go', 'failed')], runs)).toBe('failed');
});

test('a part whose tests all belong to a run not requested is skipped, and the row is judged by its other parts', () => {
  const parts = { one: { [A]: ['photos go'] }, two: { 'b.test.ts': ['names go'] } };
  const runs: Runs = { missing: () => null, left: (file) => file !== A };
  const [verdict] = judge(rowOf(parts), [result('photos go')], runs);
  expect([verdict!.state, ...verdict!.parts.map((p) => p.state)]).toEqual(['proven', 'proven', 'left']);
  expect(stateOf({ two: parts.two }, [], runs)).toBe('left');
  // One that ran anyway counts.
  expect(stateOf(parts, [result('photos go'), result('names go', 'failed', 'b.test.ts')], runs)).toBe('failed');
});

test('titles are read from tests and groups, not from data', () => {
  const source = `
    test('photos go', () => {});
    describe.each(DATABASES)('the server on $name', () => {});
    test.each<[string, Partial<Place>]>([['a', {}]])('not under another %s', () => {});
    test.skipIf(missing())(\`\${port} is shut\`, () => {});
    test(
      'an operator\\'s word',
      () => decode('P5 17 17 255'));
  `;
  expect(titlesIn(source)).toEqual([
    'photos go',
    'the server on $name',
    'not under another %s',
    '… is shut',
    "an operator's word",
  ]);
});
