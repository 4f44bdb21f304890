import type { TestResult } from '../../sync/server/compliance/reports.ts';
import { ROWS, rowsIn } from './rows.ts';

export interface Verdict {
  readonly row: string;
  readonly requirement: string;
  readonly ok: boolean;
  readonly tests: readonly TestResult[];
}

/**
 * Judges the policy by the tests that name its rows: a row holds when at least one test proves it, and none of those that
 * name it failed or was skipped. Pure.
 *
 * @param named rows that a test file names in its source: they fail with a file that could not be loaded
 */
export function judge(
  results: readonly TestResult[],
  named: ReadonlyMap<string, readonly string[]> = new Map(),
): Verdict[] {
  const byRow = new Map<string, TestResult[]>([...ROWS.keys()].map((row) => [row, []]));
  for (const result of results) {
    const unloaded = result.title === '';
    const rows = unloaded ? (named.get(result.file) ?? []) : rowsIn(result.title);
    for (const row of rows)
      byRow.get(row)?.push(unloaded ? { ...result, title: 'the file can not be loaded' } : result);
  }
  return [...ROWS].map(([row, requirement]) => {
    const tests = byRow.get(row)!;
    return { row, requirement, ok: tests.length > 0 && tests.every((t) => t.outcome === 'passed'), tests };
  });
}

/**
 * Rows that nobody can decide by the reports that are here: they have tests in a run that left none, and none that failed.
 * Pure.
 *
 * @param missing the run whose report the file's tests would stand in, and which is not here; null: it is here
 * @returns the runs that it takes, by row
 */
export function undecided(
  verdicts: readonly Verdict[],
  named: ReadonlyMap<string, readonly string[]>,
  missing: (file: string) => string | null,
): Map<string, Set<string>> {
  const open = new Map<string, Set<string>>();
  for (const [file, rows] of named) {
    const run = missing(file);
    if (run !== null) for (const row of rows) open.set(row, (open.get(row) ?? new Set()).add(run));
  }
  for (const { row, tests } of verdicts) if (tests.some((t) => t.outcome === 'failed')) open.delete(row);
  return open;
}

/** What is said of rows that could not be decided. @param runs in the order in which they are to run. Pure. */
export function tellUndecided(open: ReadonlyMap<string, ReadonlySet<string>>, runs: readonly string[]): string[] {
  if (open.size === 0) return [];
  const wanted = runs.filter((run) => [...open.values()].some((names) => names.has(run))).map((run) => `\`${run}\``);
  return [
    `Not decided: ${[...ROWS.keys()].filter((row) => open.has(row)).join(' ')}.`,
    `They have tests in runs that left no report in test/artefacts. Run first, in this checkout: ${wanted.join(', ')}.`,
  ];
}

/** How many tests of a row are listed; those that did not pass always are. */
const LISTED = 4;

/** One line a row, and below it the tests that prove it. Pure. */
export function tell({ row, requirement, ok, tests }: Verdict, all: boolean): string[] {
  const head = `${ok ? '✓' : '✗'} ${row.padEnd(3)} ${requirement}`;
  if (tests.length === 0) return [head, '       no test proves it'];
  const bad = tests.filter((t) => t.outcome !== 'passed');
  const good = tests.filter((t) => t.outcome === 'passed');
  const shown = all ? good : good.slice(0, LISTED);
  const left = good.length - shown.length;
  return [
    head,
    ...bad.map((t) => `       ${t.outcome.toUpperCase()}: ${t.file}: ${t.title}`),
    ...shown.map((t) => `       ${t.file}: ${t.title}`),
    ...(left > 0 ? [`       and ${left} more`] : []),
  ];
}
