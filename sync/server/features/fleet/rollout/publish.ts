import { isDeepStrictEqual } from 'node:util';
import type { Transaction } from 'kysely';
import type { UpdateDirective } from '../../../../protocol/wire/fleet.ts';
import { publishDeviceState } from '../../../core/devices/device-state.ts';
import type { Tables } from '../../../platform/database/schema.ts';
import { type FleetKiosk, windowsOf } from './force.ts';
import { directiveOf, type Plan } from './rules.ts';

/**
 * Brings what every kiosk receives in line with the rollout as it is now, and notifies only those it changes something
 * for. Safe to run again; the last thing of its transaction.
 *
 * @returns how many were notified
 */
export async function publishRollout(
  tx: Transaction<Tables>,
  plan: Plan,
  fleet: readonly FleetKiosk[],
  now: Date,
): Promise<number> {
  const rows = await tx.selectFrom('device_state').select(['device', 'body']).where('kind', '=', 'update').execute();
  const published = new Map(rows.map((r) => [r.device, (r.body as { update: UpdateDirective | null }).update]));
  const windows = await windowsOf(tx);
  const news = fleet.flatMap((kiosk) => {
    const update = directiveOf(plan, kiosk, windows(kiosk.scope));
    return isDeepStrictEqual(update, published.get(kiosk.device) ?? null) ? [] : [{ kiosk, update }];
  });
  const fresh = news.filter(({ kiosk, update }) => update && !kiosk.progress).map(({ kiosk }) => kiosk.device);
  if (fresh.length > 0)
    await tx
      .insertInto('rollout_device')
      .values(
        fresh.map((device) => ({
          rollout: plan.id,
          device,
          state: 'notified' as const,
          at: now,
          event_at: null,
          from_version: null,
          reason: null,
        })),
      )
      .execute();
  // The word was taken back before anything came of it.
  const back = news
    .filter(({ kiosk, update }) => !update && kiosk.progress?.state === 'notified')
    .map((n) => n.kiosk.device);
  if (back.length > 0)
    await tx
      .deleteFrom('rollout_device')
      .where('rollout', '=', plan.id)
      .where('device', 'in', back)
      .where('state', '=', 'notified')
      .execute();
  await publishDeviceState(
    tx,
    news.map(({ kiosk, update }) => ({ device: kiosk.device, state: { kind: 'update', update } })),
    now,
  );
  return news.length;
}
