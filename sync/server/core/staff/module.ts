import { update } from '../../platform/database/rows.ts';
import type { OneEvent } from '../../platform/events.ts';
import type { ServerModule } from '../../platform/server-module.ts';
import { staffRoutes } from './routes.ts';
import { reportedStaff, staffForKiosks, staffKeysPlace, staffNamePlace } from './store.ts';

async function takeReport({ tx, keys, event, device, scope, at, publish }: OneEvent<'staff'>): Promise<void> {
  const { id, open } = event.header;
  const personal = { name: event.personal.name?.value, pin: event.personal.pin?.value };
  publish(await reportedStaff(tx, keys, { id, device, scope, open, personal }, at));
  // Name and PIN are kept in one place alone, where they can be forgotten.
  await update(tx, 'event', { id }, { personal: null });
}

export const staff: ServerModule = {
  onEvent: { staff: takeReport },
  endpoints: staffRoutes,
  kioskChanges: { staff: { state: staffForKiosks } },
  tables: {
    staff_member: {
      sealed: {
        by: 'environment',
        reads: ['row_version'],
        columns: {
          name: (cell) => staffNamePlace(cell('id')),
          sealed: (cell) => staffKeysPlace(cell('id'), Number(cell('row_version'))),
        },
      },
      notPersonal: 'staff unlock kiosks with it; it is no person’s record of attendance',
    },
  },
};
