import { isUrgent } from '../../../protocol/api/attention.ts';
import type { Row } from '../../platform/database/schema.ts';

/** The rules for what an account is mailed now. Pure. */

export type Item = Omit<Row<'alert_item'>, 'key' | 'person'>;

/** Time after a mail in which only urgent items are mailed, ms, so that a bad morning is a few mails, not a hundred. */
const REST_MS = 3_600_000;
/** Time after which an urgent item that is still open is mailed again, ms. */
const AGAIN_MS = 24 * 3_600_000;

export interface Due {
  readonly urgent: readonly Item[];
  readonly opened: readonly Item[];
  readonly still: readonly Item[];
  readonly closed: readonly Item[];
}

/**
 * Returns the items to mail now, by part of the mail.
 *
 * @param items items that the account may see and has chosen
 * @param sent when each was last mailed to it, by id
 * @param o `quiet`: whether its quiet hours are now; `sentAt`: when it was last mailed anything
 */
export function dueNow(
  items: readonly Item[],
  sent: ReadonlyMap<string, Date>,
  { quiet, sentAt }: { readonly quiet: boolean; readonly sentAt: Date | null },
  now: Date,
): Due {
  const age = (at: Date) => now.getTime() - at.getTime();
  const waits = quiet || (sentAt !== null && age(sentAt) < REST_MS);
  const there = items.filter((item) => item.absent_at === null);
  const unsent = there.filter((item) => !sent.has(item.id));
  return {
    urgent: unsent.filter(isUrgent),
    opened: waits ? [] : unsent.filter((item) => !isUrgent(item)),
    still: there.filter((item) => isUrgent(item) && sent.has(item.id) && age(sent.get(item.id)!) >= AGAIN_MS),
    closed: waits ? [] : items.filter((item) => item.closed_at !== null && sent.has(item.id)),
  };
}
