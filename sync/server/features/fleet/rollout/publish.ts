import { isDeepStrictEqual } from 'node:util';
import type { UpdateDirective } from '../../../../protocol/wire/fleet.ts';
import { publishDeviceState } from '../../../core/devices/device-state.ts';
import { findAll, insert, remove } from '../../../platform/database/rows.ts';
import type { Tx } from '../../../platform/database/schema.ts';
import { type FleetKiosk, windowsOf } from './force.ts';
import { directiveOf, type Plan } from './rules.ts';

/**
 * Brings what every kiosk receives in line with the rollout as it is now, and notifies only those it changes something
 * for. Safe to run again; the last thing of its transaction.
 *
 * @returns how many were notified
 */
export async function publishRollout(tx: Tx, plan: Plan, fleet: readonly FleetKiosk[], now: Date): Promise<number> {
  const rows = await findAll(tx, 'device_state', { kind: 'update' }, ['device', 'body']);
  const published = new Map(rows.map((r) => [r.device, (r.body as { update: UpdateDirective | null }).update]));
  const windows = await windowsOf(tx);
  const news = fleet.flatMap((kiosk) => {
    const update = directiveOf(plan, kiosk, windows(kiosk.scope));
    return isDeepStrictEqual(update, published.get(kiosk.device) ?? null) ? [] : [{ kiosk, update }];
  });
  const fresh = news.filter(({ kiosk, update }) => update && !kiosk.progress).map(({ kiosk }) => kiosk.device);
  const begun = {
    rollout: plan.id,
    state: 'notified',
    at: now,
    event_at: null,
    from_version: null,
    reason: null,
  } as const;
  if (fresh.length > 0)
    await insert(
      tx,
      'rollout_device',
      fresh.map((device) => ({ ...begun, device })),
    );
  // The word was taken back before anything came of it.
  const back = news
    .filter(({ kiosk, update }) => !update && kiosk.progress?.state === 'notified')
    .map((n) => n.kiosk.device);
  if (back.length > 0) await remove(tx, 'rollout_device', { rollout: plan.id, device: back, state: 'notified' });
  await publishDeviceState(
    tx,
    news.map(({ kiosk, update }) => ({ device: kiosk.device, state: { kind: 'update', update } })),
    now,
  );
  return news.length;
}
