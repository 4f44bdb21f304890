import type { DayOf } from '../../../../protocol/wire/calendar.ts';
import { type Direction, inOrder } from './resolve.ts';

/** From arrival to departure. A null is an end that was not recorded: it is never invented. */
export interface Stay {
  /** Attendance day (`YYYY-MM-DD`) of its beginning, or of its end where there is no beginning. */
  readonly day: string;
  readonly start: number | null;
  readonly end: number | null;
}

/** Longest stay accepted between two records, ms: beyond it, the departure was not recorded. */
export const LONGEST_STAY_MS = 18 * 3_600_000;

/**
 * Pairs the records that count (no duplicates, no voided ones) of one person at one site. Pure. Pairs go over midnight and
 * over the site's day change; such a stay belongs to the day on which it began. Lengths are of real time, so a stay over a
 * change of clocks is as long as it was.
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
