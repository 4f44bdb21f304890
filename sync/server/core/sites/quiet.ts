import type { Site } from '../../../protocol/api/sites.ts';
import type { Row } from '../../platform/database/schema.ts';
import { calendarOf } from './sites.ts';

/** Quiet hours, in which alerts wait. Pure. */

export interface QuietHours {
  /** `HH:MM`, local time. */
  readonly from: string;
  readonly to: string;
  /** IANA name. */
  readonly timeZone: string;
}

/**
 * Returns when the current quiet hours end; null outside of them, i.e. if the last start was before the last end. Computed from
 * days of a calendar, so changes of clocks are handled: a start or end that is skipped is at the change, and one that occurs
 * twice is the first.
 */
export function quietUntil({ from, to, timeZone }: QuietHours, now: Date): Date | null {
  const day = (dayStartsAt: string) => calendarOf({ timeZone, dayStartsAt })(now.getTime());
  return day(from).start > day(to).start ? new Date(day(to).end) : null;
}

/** Returns when a webhook's current quiet hours end, in the time zone of its site, or of the default site if it has none. */
export function quietEnd(
  { site, quiet_from: from, quiet_to: to }: Pick<Row<'webhook'>, 'site' | 'quiet_from' | 'quiet_to'>,
  sites: readonly Site[],
  now: Date,
): Date | null {
  const { timeZone = 'UTC' } = sites.find((one) => (site === null ? one.isDefault : one.id === site)) ?? {};
  return from !== null && to !== null ? quietUntil({ from, to, timeZone }, now) : null;
}
