import type { DayOf } from '../../../../protocol/wire/calendar.ts';
import { type Direction, inOrder } from './resolve.ts';

/** A stay from arrival to departure. Null for an end that was not recorded: it is never guessed. */
export interface Stay {
  /** Attendance day (`YYYY-MM-DD`) of its start, or of its end if it has no start. */
  readonly day: string;
  readonly start: number | null;
  readonly end: number | null;
}

/** Longest stay between two records, ms. Beyond it, we assume that the departure was not recorded. */
export const LONGEST_STAY_MS = 18 * 3_600_000;

/**
 * Pairs the records that count (no duplicates, no voided ones) of one person at one site. Pure. A stay may span midnight or
 * the site's day change, and belongs to the day on which it began. Lengths are real time, also across clock changes.
 */
export function pairStays(
  records: readonly { readonly id: string; readonly at: number; readonly direction: Direction }[],
  dayOf: DayOf,
): Stay[] {
  const stays: Stay[] = [];
  let start: number | null = null;
  const close = (end: number | null) => {
    stays.push({ day: dayOf((start ?? end)!).day, start, end });
    start = null;
  };
  for (const { at, direction } of inOrder(records)) {
    if (start !== null && (direction === 'in' || at - start > LONGEST_STAY_MS)) close(null);
    if (direction === 'in') start = at;
    else close(at);
  }
  if (start !== null) close(null);
  return stays;
}
