import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LONG, RELEASE, SHORT, suitesOf, tierOf } from '../tiers.ts';
import { ROWS } from './rows.ts';
import { titlesIn } from './titles.ts';

const root = join(import.meta.dirname, '../..');
const titles = new Map<string, ReadonlySet<string>>();
function titlesOf(file: string): ReadonlySet<string> {
  if (!titles.has(file))
    titles.set(file, new Set(existsSync(join(root, file)) ? titlesIn(readFileSync(join(root, file), 'utf8')) : []));
  return titles.get(file)!;
}

describe('the declaration of the policy', () => {
  test('has thirty-five rows', () => {
    expect([...ROWS.keys()]).toEqual(Array.from({ length: 35 }, (_, i) => `P${i + 1}`));
  });

  test.each([...ROWS])('%s names its parts, each part its tests, and each test exists', (row, { parts }) => {
    expect(Object.keys(parts).length, `${row} has no part`).toBeGreaterThan(0);
    for (const [claim, tests] of Object.entries(parts)) {
      const named = Object.entries(tests).flatMap(([file, those]) => those.map((title) => ({ file, title })));
      expect(named, `${row}: no test proves "${claim}"`).not.toEqual([]);
      for (const { file, title } of named)
        expect(titlesOf(file).has(title), `${row}: "${claim}" names a test that is not there: ${file}: ${title}`).toBe(
          true,
        );
    }
  });

  test.each([...ROWS])('%s has a test that `npm test` runs', (_, { parts }) => {
    const files = Object.values(parts).flatMap((tests) => Object.keys(tests));
    expect(files.filter((file) => tierOf(file) === 'short')).not.toEqual([]);
  });

  test('is the only place that links a test to a row: no title contains a row number', () => {
    const carrying = (['short', 'long', 'release'] as const)
      .flatMap((tier) => suitesOf(root, tier))
      .flatMap((file) =>
        [...titlesOf(file)].filter((t) => /^P([1-9]|[12]\d|3[0-5])\b/.test(t)).map((t) => `${file}: ${t}`),
      );
    expect(carrying, 'name these tests in test/policy/rows/ and take the number out of their titles').toEqual([]);
  });
});

describe('the runs of the suites', () => {
  test('include every suite exactly once, named by file or by folder', () => {
    expect(tierOf('test/readme.test.ts')).toBe('short');
    expect(tierOf('test/backup/dump.test.ts')).toBe('long');
    expect(tierOf('test/policy/backup-keys.test.ts')).toBe('release');
    expect(tierOf('test/policy/iam.test.ts')).toBe('short');
    for (const one of RELEASE) expect(tierOf(one.replace('**', 'some.test.ts'))).toBe('release');
    expect(LONG.filter((one) => !one.endsWith('/**')).map(tierOf)).not.toContain('short');
  });

  test('name only files that exist', () => {
    const files = [...LONG, ...RELEASE, ...SHORT].filter((one) => !one.endsWith('/**'));
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });
});
