import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Names of the reports in test/artefacts: of `npm test`, its faults, `npm run test:long` and the release. */
export const VITEST_REPORTS = ['vitest.json', 'faults.json', 'long.json', 'release.json'] as const;
export const PLAYWRIGHT_REPORTS = ['playwright.json', 'long-playwright.json', 'release-playwright.json'] as const;

/** The result of one test. */
export interface TestResult {
  readonly file: string;
  /** Names of the groups and the test, joined by spaces. */
  readonly title: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
}

interface VitestJson {
  testResults: {
    name: string;
    status: string;
    message?: string;
    assertionResults: { fullName: string; status: string }[];
  }[];
}

interface PlaywrightSuite {
  title: string;
  file: string;
  suites?: PlaywrightSuite[];
  specs: { title: string; file: string; tests: { status: string }[] }[];
}

/** Reads a report of vitest's JSON reporter. A file that could not be loaded counts as one failed test without a title. */
export function vitestResults(path: string, root: string): TestResult[] {
  if (!existsSync(path)) return [];
  const { testResults } = JSON.parse(readFileSync(path, 'utf8')) as VitestJson;
  return testResults.flatMap(({ name, status, assertionResults }) => {
    const file = relative(root, name);
    const tests = assertionResults.map(
      (a): TestResult => ({ file, title: a.fullName.trim(), outcome: outcomeOf(a.status) }),
    );
    const broken = status === 'failed' && !tests.some((t) => t.outcome === 'failed');
    return broken ? [...tests, { file, title: '', outcome: 'failed' }] : tests;
  });
}

/** Reads a report of Playwright's JSON reporter. A test that passed only on a retry counts as passed. */
export function playwrightResults(path: string, folder: string): TestResult[] {
  if (!existsSync(path)) return [];
  const { suites } = JSON.parse(readFileSync(path, 'utf8')) as { suites: PlaywrightSuite[] };
  const walk = (suite: PlaywrightSuite, groups: readonly string[]): TestResult[] => [
    ...suite.specs.map(
      (spec): TestResult => ({
        file: `${folder}/${spec.file}`,
        title: [...groups, spec.title].join(' '),
        outcome: ofBrowser(spec.tests.map((t) => t.status)),
      }),
    ),
    ...(suite.suites ?? []).flatMap((child) => walk(child, [...groups, child.title])),
  ];
  // The outermost suite is the file.
  return suites.flatMap((suite) => walk(suite, []));
}

/** Returns the name of the report for files that failed and were run again on their own. */
export const retryReport = (name: string): string => `again-${name}`;

/** Reads the named vitest and Playwright reports. For a file that was run again, only the second run counts. */
export function reportedResults(
  artefacts: string,
  root: string,
  vitest: readonly string[],
  playwright: readonly string[],
): TestResult[] {
  const read = (names: readonly string[]): TestResult[] => [
    ...names.filter((n) => n.includes('playwright')).flatMap((n) => playwrightResults(join(artefacts, n), 'test')),
    ...names.filter((n) => !n.includes('playwright')).flatMap((n) => vitestResults(join(artefacts, n), root)),
  ];
  const names = [...vitest, ...playwright];
  const again = read(names.map(retryReport));
  const files = new Set(again.map((r) => r.file));
  return [...read(names).filter((r) => !files.has(r.file)), ...again];
}

function outcomeOf(status: string): TestResult['outcome'] {
  if (status === 'passed') return 'passed';
  return status === 'failed' ? 'failed' : 'skipped';
}

function ofBrowser(statuses: readonly string[]): TestResult['outcome'] {
  if (statuses.includes('unexpected')) return 'failed';
  return statuses.length === 0 || statuses.includes('skipped') ? 'skipped' : 'passed';
}
