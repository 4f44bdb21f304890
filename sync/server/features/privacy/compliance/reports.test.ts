import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { reportedResults, retryReport } from './reports.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sp-reports-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const vitest = (name: string, tests: Record<string, [string, string][]>) =>
  writeFileSync(
    join(folder, name),
    JSON.stringify({
      testResults: Object.entries(tests).map(([file, all]) => ({
        name: join('/root', file),
        status: all.some(([, status]) => status === 'failed') ? 'failed' : 'passed',
        assertionResults: all.map(([fullName, status]) => ({ fullName, status })),
      })),
    }),
  );
const playwright = (name: string, file: string, title: string, status: string) =>
  writeFileSync(
    join(folder, name),
    JSON.stringify({ suites: [{ title: file, file, specs: [{ title, file, tests: [{ status }] }] }] }),
  );
const said = () =>
  reportedResults(folder, '/root', ['vitest.json'], ['playwright.json'])
    .map((r) => `${r.file} ${r.title}: ${r.outcome}`)
    .sort();

test('for a file that was run again, all results come from the second run; for others, from the first', () => {
  vitest('vitest.json', {
    'a.test.ts': [
      ['one', 'passed'],
      ['two', 'failed'],
    ],
    'b.test.ts': [['three', 'passed']],
  });
  playwright('playwright.json', 'c.spec.ts', 'four', 'unexpected');
  expect(said()).toEqual([
    'a.test.ts one: passed',
    'a.test.ts two: failed',
    'b.test.ts three: passed',
    'test/c.spec.ts four: failed',
  ]);
  vitest(retryReport('vitest.json'), {
    'a.test.ts': [
      ['one', 'failed'],
      ['two', 'passed'],
    ],
  });
  playwright(retryReport('playwright.json'), 'c.spec.ts', 'four', 'expected');
  expect(said()).toEqual([
    'a.test.ts one: failed',
    'a.test.ts two: passed',
    'b.test.ts three: passed',
    'test/c.spec.ts four: passed',
  ]);
});

test('a missing report has no results', () => expect(said()).toEqual([]));
