/**
 * One measured number beside a peer's or a limit's. `ratio` is always ours / referenceValue; where there is a `bar`, it
 * is met when ratio ≥ bar (better: higher) or ratio ≤ bar (better: lower).
 */
export interface BenchLine {
  readonly group: string;
  readonly name: string;
  /** Of `ours` and `referenceValue`, e.g. `ms`, `searches/s`, `MB`. */
  readonly unit: string;
  readonly ours: number;
  /** What ours is compared with, e.g. `usearch exact float32` or `limit`; null when there is nothing to compare with. */
  readonly reference: string | null;
  readonly referenceValue: number | null;
  readonly ratio: number | null;
  readonly better: 'higher' | 'lower';
  /** The ratio demanded; absent where none is. */
  readonly bar?: number;
  /** What the numbers do not contain or what sets them apart from life; the runner gives each line its group's where it has none. */
  readonly leavesOut?: string;
}

/** What a group gets from the runner. */
export interface BenchContext {
  /** Says on stderr what is going on; stdout is for the lines alone. */
  note(message: string): void;
}

/** A group of numbers: `test/bench/NAME.ts` exports one as `group`. It throws when it cannot measure; it never skips silently. */
export interface BenchGroup {
  readonly name: string;
  /** One sentence for `--list`. */
  readonly describe: string;
  /** Of every line that does not say it itself. */
  readonly leavesOut: string;
  run(ctx: BenchContext): AsyncIterable<BenchLine>;
}
