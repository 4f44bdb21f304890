import type { Transaction } from 'kysely';
import type { Tables } from '../../platform/database/schema.ts';
import { alertsNow } from './read.ts';

/**
 * Alerts are a matter of the moment (alerts.ts). Here it is kept since when each one is, so that the attention queue has
 * something to name, and a note stays with this one and not with the next of its kind.
 */
export async function keepAlerts(
  tx: Transaction<Tables>,
  now: Date,
): Promise<{ readonly begun: number; readonly over: number }> {
  const present = new Map<string, { device: string; code: string }>();
  for (const { device, alerts } of await alertsNow(tx, now))
    for (const { code } of alerts) present.set(`${device} ${code}`, { device, code });
  const kept = await tx.selectFrom('kiosk_alert').select(['device', 'code']).forUpdate().execute();
  let over = 0;
  for (const { device, code } of kept) {
    if (present.delete(`${device} ${code}`)) continue;
    await tx.deleteFrom('kiosk_alert').where('device', '=', device).where('code', '=', code).execute();
    over += 1;
  }
  const begun = [...present.values()].map((alert) => ({ ...alert, since: now }));
  if (begun.length > 0)
    await tx
      .insertInto('kiosk_alert')
      .values(begun)
      .onConflict((c) => c.doNothing())
      .execute();
  return { begun: begun.length, over };
}
