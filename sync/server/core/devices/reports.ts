import type { Inventory } from '../../../protocol/wire/fleet.ts';
import { upsert } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';

/** Keeps how a device says it is, in place of what it said before. */
export async function keepReport(db: Db, device: string, report: Inventory, now: Date): Promise<void> {
  const row = { at: now, report: JSON.stringify(report) };
  await upsert(db, 'device_report', 'device', { device, ...row }, row);
}
