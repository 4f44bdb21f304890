/**
 * One measured number beside a peer's or a limit. `ratio` is always ours / referenceValue. A `bar` is met if ratio ≥ bar (better:
 * higher) or ratio ≤ bar (better: lower).
 */
export interface BenchLine {
  readonly group: string;
  readonly name: string;
  /** Unit of `ours` and `referenceValue`, e.g. `ms`, `searches/s`, `MB`. */
  readonly unit: string;
  readonly ours: number;
  /** What ours is compared with, e.g. `usearch exact float32` or `limit`; null if there is no comparison. */
  readonly reference: string | null;
  readonly referenceValue: number | null;
  readonly ratio: number | null;
  readonly better: 'higher' | 'lower';
  /** The required ratio, if any. */
  readonly bar?: number;
  /** What the numbers leave out or how they differ from real use. Where absent, the runner uses the group's. */
  readonly leavesOut?: string;
}

/** What a group gets from the runner. */
export interface BenchContext {
  /** Reports progress on stderr; stdout is for the lines only. */
  note(message: string): void;
}

/** A group of numbers: `test/bench/NAME.ts` exports one as `group`. It throws if it can't measure, and never skips silently. */
export interface BenchGroup {
  readonly name: string;
  /** One sentence for `--list`. */
  readonly describe: string;
  /** Default for lines that don't set their own. */
  readonly leavesOut: string;
  run(ctx: BenchContext): AsyncIterable<BenchLine>;
}
