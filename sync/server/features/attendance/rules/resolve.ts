import type { DayOf } from '../../../../protocol/wire/calendar.ts';
import type { SiteRules } from '../../../core/sites/sites.ts';

/**
 * The rules for which of a person's records at one site count. Pure, and a function of the set of records only: the order of
 * arrival makes no difference. Every record is kept. The rules only decide which direction counts, and which records repeat
 * the same presence.
 */

export type Direction = 'in' | 'out';

/** A record of one person at one site, as a kiosk claimed it. */
export interface Claimed {
  readonly id: string;
  /** Time claimed by the kiosk, ms since 1970. */
  readonly at: number;
  readonly direction: Direction;
  /** Whether the kiosk chose the direction, without knowing what other kiosks had just recorded. */
  readonly automatic: boolean;
  /** Whether the record is voided. Then it doesn't count, and keeps its claimed direction. */
  readonly voided: boolean;
}

export interface Resolved {
  readonly direction: Direction;
  /** Id of the record that counts for this presence. Null if this one does. */
  readonly duplicateOf: string | null;
}

/** Sorts by time, and by id for equal times. */
export function inOrder<T extends { at: number; id: string }>(records: readonly T[]): T[] {
  return [...records].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

/**
 * Resolves records of one person at one site. The list must be closed: all records of its days, and none outside within
 * `repeatMs` of one inside (see `closed`).
 *
 * - A record within `repeatMs` after one that counts is the same presence, unless the person chose another direction.
 * - A direction that was fixed or chosen by the person is kept.
 * - A direction chosen by the kiosk is kept for the first record of a day, and alternates from there.
 *
 * @returns the result of each record, by its id
 */
export function resolve(records: readonly Claimed[], { dayOf, repeatMs }: SiteRules): Map<string, Resolved> {
  const result = new Map<string, Resolved>();
  let counts = null as { id: string; at: number; direction: Direction; day: number } | null;
  for (const r of inOrder(records)) {
    if (r.voided) {
      result.set(r.id, { direction: r.direction, duplicateOf: null });
      continue;
    }
    const again = counts !== null && r.at - counts.at <= repeatMs;
    if (counts && again && (r.automatic || r.direction === counts.direction)) {
      result.set(r.id, { direction: counts.direction, duplicateOf: counts.id });
      continue;
    }
    const day = dayOf(r.at).start;
    const before = counts?.day === day ? counts.direction : null;
    const direction: Direction = r.automatic && before ? opposite(before) : r.direction;
    counts = { id: r.id, at: r.at, direction, day };
    result.set(r.id, { direction, duplicateOf: null });
  }
  return result;
}

/** A span of time, ms since 1970: [from, to). */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Returns the span of whole days from the first to the last of these times. */
export function daysAround(at: readonly number[], dayOf: DayOf): Span {
  return { from: dayOf(Math.min(...at)).start, to: dayOf(Math.max(...at)).end };
}

/**
 * Checks whether a span of whole days can be resolved alone, given all records from `repeatMs` before to `repeatMs` after it.
 * A presence across the edge joins the two days.
 *
 * @returns null if it can, otherwise the wider span to try next
 */
export function closed(span: Span, around: readonly { at: number }[], { dayOf, repeatMs }: SiteRules): Span | null {
  const times = around.map((r) => r.at);
  const last = (limit: number) => Math.max(...times.filter((t) => t < limit), Number.NEGATIVE_INFINITY);
  const first = (limit: number) => Math.min(...times.filter((t) => t >= limit), Number.POSITIVE_INFINITY);
  const tiedBefore = first(span.from) - last(span.from) <= repeatMs;
  const tiedAfter = first(span.to) - last(span.to) <= repeatMs;
  if (!tiedBefore && !tiedAfter) return null;
  return {
    from: tiedBefore ? dayOf(span.from - 1).start : span.from,
    to: tiedAfter ? dayOf(span.to).end : span.to,
  };
}

function opposite(direction: Direction): Direction {
  return direction === 'in' ? 'out' : 'in';
}
