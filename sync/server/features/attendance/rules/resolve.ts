import type { DayOf } from '../../../../protocol/wire/calendar.ts';
import type { SiteRules } from '../../../core/sites/sites.ts';

/**
 * What counts of a person's records at one site. Pure, and a function of the set of records alone: in which order they
 * arrived makes no difference. Every record stays; the rules only say which direction counts, and which records are the
 * same presence once more.
 */

export type Direction = 'in' | 'out';

/** A record of one person at one site, as a kiosk claimed it. */
export interface Claimed {
  readonly id: string;
  /** ms since 1970, by the kiosk's claim. */
  readonly at: number;
  readonly direction: Direction;
  /** The kiosk chose the direction by itself, without knowing what other kiosks had just recorded. */
  readonly automatic: boolean;
  /** Voided: it doesn't count, and keeps what it claimed. */
  readonly voided: boolean;
}

export interface Resolved {
  readonly direction: Direction;
  /** The record that counts for this presence; null when this one does. */
  readonly duplicateOf: string | null;
}

/** By time, and by id where the time is the same. */
export function inOrder<T extends { at: number; id: string }>(records: readonly T[]): T[] {
  return [...records].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

/**
 * Resolves records of one person at one site. The list must be closed: all records of its days, and none outside within
 * `repeatMs` of one inside (see `closed`).
 *
 * - Within `repeatMs` after a record that counts, another is the same presence; not when the person chose another
 * direction.
 * - A direction that was fixed or chosen stands.
 * - One that a kiosk worked out stands for the first record of a day, and alternates from there.
 *
 * @returns for each record, by its id
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

/** A stretch of time, ms since 1970; `to` is no longer part of it. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * The whole days that records at `at` belong to.
 */
export function daysAround(at: readonly number[], dayOf: DayOf): Span {
  return { from: dayOf(Math.min(...at)).start, to: dayOf(Math.max(...at)).end };
}

/**
 * Whether a span of whole days can be resolved by itself, given all records from `repeatMs` before it to `repeatMs` after
 * it; else the span to try next: a presence that goes over the edge ties the two days together.
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
