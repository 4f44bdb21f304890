import type { Site } from '../../../protocol/api/sites.ts';
import type { Row } from '../../platform/database/schema.ts';
import { calendarOf } from './sites.ts';

/** When alerts wait. Pure. */

export interface QuietHours {
  /** `HH:MM` on the wall. */
  readonly from: string;
  readonly to: string;
  /** IANA name. */
  readonly timeZone: string;
}

/**
 * When these hours end; null: they don't go on, as the wall has shown their end since it showed their begin. By the days of
 * a calendar, so it holds where clocks are changed: a begin or end that is left out is at the change, one that comes twice is
 * the first.
 */
export function quietUntil({ from, to, timeZone }: QuietHours, now: Date): Date | null {
  const day = (dayStartsAt: string) => calendarOf({ timeZone, dayStartsAt })(now.getTime());
  return day(from).start > day(to).start ? new Date(day(to).end) : null;
}

/** The same of a webhook, by the clock of its site, else of the default site. */
export function quietEnd(
  { site, quiet_from: from, quiet_to: to }: Pick<Row<'webhook'>, 'site' | 'quiet_from' | 'quiet_to'>,
  sites: readonly Site[],
  now: Date,
): Date | null {
  const { timeZone = 'UTC' } = sites.find((one) => (site === null ? one.isDefault : one.id === site)) ?? {};
  return from !== null && to !== null ? quietUntil({ from, to, timeZone }, now) : null;
}
