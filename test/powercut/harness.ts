import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cutsOf, type Thoroughness } from './cuts.ts';
import type { Recording } from './disk.ts';

/** The state that a program finds when it starts after the cut. */
export interface Found {
  /** What would need a person's attention or is incomplete; empty if all is well. */
  readonly problems: readonly string[];
}

/** Something that must hold on every disk from one answer on, up to another one where it is undone. */
export interface Fact<F extends Found> {
  /** A text in the answer that promises it; null: from the start. */
  readonly from: string | null;
  /** A text in the last answer before it is undone. */
  readonly until?: string;
  readonly what: string;
  readonly holds: (found: F) => boolean;
}

export interface Scenario<F extends Found> {
  readonly recording: Recording;
  readonly facts: readonly Fact<F>[];
  /** Starts what is to start after a cut, on a separate folder. */
  readonly start: (folder: string) => Promise<F>;
}

/** Tries the states of a recording. */
export type Recorded = (how: Thoroughness) => Promise<Tally>;

export interface Loss {
  /** The last operation that was requested, and its file. */
  readonly after: string;
  readonly how: string;
  readonly lost: string;
}

export interface Tally {
  /** States by the kind of file that was written last. */
  readonly states: Map<string, number>;
  /** Number of different disks among those. Each of them was started from. */
  disks: number;
  readonly losses: Loss[];
}

/** Names of files in a report. Files of one kind share a row. */
const KINDS: readonly [RegExp, string][] = [
  [/store\.db-(wal|journal)$/, 'store: write-ahead log'],
  [/store\.db\.?rekey|store\.db\..+$|rekey/, 'store: re-keyed copy'],
  [/store\.db$/, 'store: database'],
  [/storage(\/|$)/, 'photos'],
  [/keyslots|-secret/, 'key slots and secrets'],
  [/site\.json/, 'site configuration'],
  [/leaving\.json/, 'journal of leaving'],
  [/reserve\.bin|\.lock|logs|embedders/, 'reserve, locks, log'],
  [/update\/(metadata|clock)/, 'updater: trusted metadata and time'],
  [/update\//, 'updater: downloads and status'],
  [/spool\//, 'updater: requests and verdicts'],
  [/builds\/(state|\.state|current|previous|\.current|\.previous)/, 'updater: state and links'],
  [/builds\//, 'updater: builds'],
];
const kindOf = (path: string): string => KINDS.find(([pattern]) => pattern.test(path))?.[1] ?? 'folders';

/** Each loss is counted once. More than these in one scenario are not worth the time. */
const MOST_LOSSES = 10;

/**
 * Tries every state of every cut: compares what a program finds on it with what had been promised by then.
 * @param folder on a disk in memory, since nothing here depends on a real one
 */
export async function tryScenario<F extends Found>(
  { recording, facts, start }: Scenario<F>,
  how: Thoroughness,
  folder: string,
): Promise<Tally> {
  const tally: Tally = { states: new Map(), disks: 0, losses: [] };
  const seen = new Map<string, F>();
  const answers = new Set(facts.flatMap(({ from, until }) => [from, until]).filter((text) => text != null));
  const missing = recording.onlySaid(answers);
  if (missing.length > 0) throw new Error(`the recording has no answer with ${missing.join(', ')}`);
  mkdirSync(folder, { recursive: true });
  const pool = mkdtempSync(join(folder, 'large-'));
  for (const { last, said, states } of cutsOf(recording, how)) {
    const due = facts.filter(
      ({ from, until }) => (from === null || said.includes(from)) && (until === undefined || !said.includes(until)),
    );
    for (const state of states) {
      const kind = kindOf(last?.path ?? '');
      tally.states.set(kind, (tally.states.get(kind) ?? 0) + 1);
      const print = state.disk.fingerprint();
      let found = seen.get(print);
      if (!found) {
        const at = mkdtempSync(join(folder, 'cut-'));
        mkdirSync(join(at, 'root'));
        state.disk.writeTo(join(at, 'root'), pool);
        found = await start(join(at, 'root'));
        seen.set(print, found);
        rmSync(at, { recursive: true, force: true });
        tally.disks += 1;
      }
      const seenNow = found;
      const broken = due
        .filter((fact) => seenNow.problems.length === 0 && !fact.holds(seenNow))
        .map(({ what }) => what);
      const [lost] = [...found.problems, ...broken];
      if (lost === undefined || tally.losses.some((one) => one.lost === lost)) continue;
      tally.losses.push({ after: last?.what ?? 'nothing yet', how: state.how, lost });
      if (tally.losses.length >= MOST_LOSSES) return tally;
    }
  }
  return tally;
}
