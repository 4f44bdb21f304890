import { placeOf } from '../../platform/keys/envelope.ts';
import type { ServerModule } from '../../platform/server-module.ts';
import { commandFor, commandsFor, settingFor } from './device-state.ts';
import { deviceRoutes } from './routes.ts';

const KIOSKS = { notPersonal: 'kiosks' };

export const devices: ServerModule = {
  endpoints: deviceRoutes,
  kioskChanges: {
    update: { state: ({ source: { db }, device }) => settingFor(db, device, 'update') },
    command: {
      row: ({ request }, { source: { db }, device, now }) => commandFor(db, device, request, now),
      start: ({ source: { db }, device, now }) => commandsFor(db, device, now),
    },
    config: { state: ({ source: { db }, device }) => settingFor(db, device, 'config') },
  },
  tables: {
    device: {
      sealed: {
        by: 'environment',
        columns: { provisioning_secret: (cell) => placeOf('device.provisioning-secret', cell('id')) },
      },
      ...KIOSKS,
    },
    device_site_past: KIOSKS,
    device_tls_key: KIOSKS,
    provisioning_code: KIOSKS,
    device_state: { notPersonal: 'what kiosks are to run and to do' },
    device_report: { notPersonal: 'how kiosks are' },
  },
};
