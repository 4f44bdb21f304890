import type { ServerModule } from '../../platform/server-module.ts';
import { staffRoutes } from './routes.ts';
import { staffKeysPlace, staffNamePlace } from './store.ts';

export const staff: ServerModule = {
  endpoints: staffRoutes,
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
