import type { Inventory } from '../../../protocol/wire/fleet.ts';
import type { Db } from '../../platform/database/schema.ts';

/** Keeps how a device says it is, in place of what it said before. */
export async function keepReport(db: Db, device: string, report: Inventory, now: Date): Promise<void> {
  const row = { at: now, report: JSON.stringify(report) };
  await db
    .insertInto('device_report')
    .values({ device, ...row })
    .onConflict((c) => c.column('device').doUpdateSet(row))
    .execute();
}
