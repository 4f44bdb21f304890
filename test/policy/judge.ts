import type { TestResult } from '../../sync/server/features/privacy/compliance/reports.ts';
import type { Row, RowId } from './rows.ts';
import { titlePattern } from './titles.ts';

/** A test that a part names, and its outcome. */
export interface Proof {
  readonly file: string;
  readonly title: string;
  readonly outcome: TestResult['outcome'] | 'not run';
}

/** `left`: all its tests belong to a run that wasn't requested. `undecided`: to a run that left no report. */
export type State = 'proven' | 'failed' | 'undecided' | 'left';

export interface PartVerdict {
  readonly claim: string;
  readonly state: State;
  readonly tests: readonly Proof[];
}

export interface Verdict {
  readonly row: RowId;
  readonly requirement: string;
  readonly limits?: string;
  readonly state: State;
  readonly parts: readonly PartVerdict[];
  /** Runs whose reports are missing. */
  readonly waitsFor: readonly string[];
}

/** The state of a test file whose tests have no result. */
export interface Runs {
  /** The run whose report is missing; null if it exists. */
  readonly missing: (file: string) => string | null;
  /** Whether it belongs to a run that wasn't requested. */
  readonly left: (file: string) => boolean;
}

export const ALL_RAN: Runs = { missing: () => null, left: () => false };

/**
 * Judges the policy by the tests that its parts name. A part is proven if each of them passed, and a row if each of its parts is.
 * A part without tests is not proven. Pure.
 */
export function judge(
  rows: ReadonlyMap<RowId, Row>,
  results: readonly TestResult[],
  { missing, left }: Runs = ALL_RAN,
): Verdict[] {
  const byFile = Map.groupBy(results, (r) => r.file);
  const proofsOf = (file: string, title: string): Proof[] => {
    const ran = byFile.get(file) ?? [];
    const pattern = titlePattern(title);
    const found = ran.filter((r) => pattern.test(r.title));
    if (found.length > 0) return found;
    const unloaded = ran.some((r) => r.title === '' && r.outcome === 'failed');
    return [{ file, title, outcome: unloaded ? 'failed' : 'not run' }];
  };
  const stateOf = (tests: readonly Proof[]): State => {
    const counted = tests.filter((t) => t.outcome !== 'not run' || !left(t.file));
    if (tests.length > 0 && counted.length === 0) return 'left';
    const waits = (t: Proof) => t.outcome === 'not run' && missing(t.file) !== null;
    if (counted.length === 0 || counted.some((t) => t.outcome !== 'passed' && !waits(t))) return 'failed';
    return counted.some(waits) ? 'undecided' : 'proven';
  };
  return [...rows].map(([row, { requirement, parts, limits }]) => {
    const judged = Object.entries(parts).map(([claim, named]): PartVerdict => {
      const tests = Object.entries(named).flatMap(([file, titles]) => titles.flatMap((title) => proofsOf(file, title)));
      return { claim, state: stateOf(tests), tests };
    });
    const states = judged.map((p) => p.state);
    const state =
      states.length === 0 || states.includes('failed')
        ? 'failed'
        : states.includes('undecided')
          ? 'undecided'
          : states.includes('proven')
            ? 'proven'
            : 'left';
    const waiting = judged.filter((p) => p.state === 'undecided').flatMap((p) => p.tests);
    const waitsFor = new Set(waiting.filter((t) => t.outcome === 'not run').flatMap((t) => missing(t.file) ?? []));
    return { row, requirement, ...(limits && { limits }), state, parts: judged, waitsFor: [...waitsFor] };
  });
}

const MARK: Readonly<Record<State, string>> = { proven: '✓', failed: '✗', undecided: '?', left: '–' };

/** A row, its parts, and the tests of each. Those that passed are counted, or listed if `all` is set. Pure. */
export function describeRow(verdict: Verdict, all: boolean): string[] {
  return [
    `${MARK[verdict.state]} ${verdict.row.padEnd(3)} ${verdict.requirement}`,
    ...verdict.parts.flatMap((part) => describePart(part, all)),
    ...(verdict.limits ? [`      not shown: ${verdict.limits}`] : []),
  ];
}

function describePart({ claim, state, tests }: PartVerdict, all: boolean): string[] {
  const passed = tests.filter((t) => t.outcome === 'passed');
  const count = tests.length === 0 ? 'no test' : `${passed.length} of ${tests.length} passed`;
  const shown = tests.filter((t) => all || (t.outcome !== 'passed' && state === 'failed'));
  return [
    `    ${MARK[state]} ${claim} (${count})`,
    ...shown.map((t) => `        ${t.outcome === 'passed' ? '' : `${t.outcome.toUpperCase()}: `}${t.file}: ${t.title}`),
  ];
}

/** The closing lines. @param runs in the order in which they are to run. Pure. */
export function summary(verdicts: readonly Verdict[], runs: readonly string[]): string[] {
  const those = (state: State) => verdicts.filter((v) => v.state === state).map((v) => v.row);
  const [proven, failed, open] = [those('proven'), those('failed'), those('undecided')];
  const parts = verdicts.flatMap((v) => v.parts);
  const waiting = runs.filter((run) => verdicts.some((v) => v.waitsFor.includes(run)));
  return [
    ...(open.length > 0
      ? [
          `Not decided: ${open.join(' ')}.`,
          `They have tests in runs that left no report in test/artefacts. Run first, in this checkout: ${waiting.map((run) => `\`${run}\``).join(', ')}.`,
        ]
      : []),
    `${proven.length} of ${verdicts.length} rows proven, ${parts.filter((p) => p.state === 'proven').length} of ${parts.length} parts${failed.length > 0 ? `; not: ${failed.join(' ')}` : ''}`,
  ];
}
