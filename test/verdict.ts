import type { TestResult } from '../sync/server/features/privacy/compliance/reports.ts';

/** How one run of vitest or Playwright ended. */
export interface Ran {
  /** Exit code; null if ended by a signal. */
  readonly code: number | null;
  /** Whether there were errors outside of any test, which the report omits. */
  readonly unhandled: boolean;
  /** Results from its own report; null if it left none or an incomplete one. */
  readonly results: readonly TestResult[] | null;
}

/** A suite: its files, how their run ended, and the second run of the failed ones. */
export interface Suite {
  readonly name: string;
  readonly files: readonly string[];
  readonly first: Ran;
  readonly again?: Ran | undefined;
}

export interface SuiteVerdict {
  /** Final results; for a file that was repeated, those of the second run. */
  readonly results: readonly TestResult[];
  /** Tests that failed, then passed when their file was repeated. They need fixing. */
  readonly repeated: readonly TestResult[];
  /** Problems other than failed tests, as text. Any of them fails the suite. */
  readonly problems: readonly string[];
}

/** If more files than this failed, a busy machine is not the cause. */
const MOST_REPEATED = 6;
/** Exit code of both runners if tests failed and nothing worse happened. */
const TESTS_FAILED = 1;

const failedOf = ({ results }: Ran) => (results ?? []).filter((r) => r.outcome === 'failed');
const filesOf = (results: readonly TestResult[]) => [...new Set(results.map((r) => r.file))];

/** What went wrong in a run, other than failed tests. A report is trusted only if the exit code agrees with it. */
function problemsOf(ran: Ran, files: readonly string[]): string[] {
  if (ran.results === null) return [`left no report (exit code ${ran.code})`];
  const seen = new Set(ran.results.map((r) => r.file));
  const missing = files.filter((file) => !seen.has(file));
  const wanted = failedOf(ran).length > 0 ? TESTS_FAILED : 0;
  return [
    ...(ran.code === wanted ? [] : [`ended with exit code ${ran.code}, where its report means ${wanted}`]),
    ...(ran.unhandled ? ['had errors outside of any test'] : []),
    ...(missing.length > 0 ? [`${missing.length} files did not run: ${missing.join(' ')}`] : []),
  ];
}

/** Files to run once more on their own: those with failed tests, if they are few and nothing else went wrong. Pure. */
export function toRepeat({ files, first }: Omit<Suite, 'again'>): string[] {
  const failed = filesOf(failedOf(first));
  return problemsOf(first, files).length === 0 && failed.length <= MOST_REPEATED ? failed : [];
}

/** Judges a suite by exit codes and reports. It has passed if it has no problem and no failed test. Pure. */
export function judgeSuite({ name, files, first, again }: Suite): SuiteVerdict {
  const repeatedFiles = toRepeat({ name, files, first });
  const problems = problemsOf(first, files).map((problem) => `${name}: ${problem}`);
  if (!again) return { results: first.results ?? [], repeated: [], problems };
  const wrong = problemsOf(again, repeatedFiles).map((problem) => `${name}, repeated: ${problem}`);
  const passedNow = wrong.length === 0 ? (again.results ?? []) : [];
  const those = new Set(passedNow.map((r) => r.file));
  const results = [...(first.results ?? []).filter((r) => !those.has(r.file)), ...passedNow];
  const stillFailed = new Set(failedOf({ ...again, results: passedNow }).map((r) => `${r.file} ${r.title}`));
  const repeated = failedOf(first).filter((r) => those.has(r.file) && !stillFailed.has(`${r.file} ${r.title}`));
  return { results, repeated, problems: [...problems, ...wrong] };
}
