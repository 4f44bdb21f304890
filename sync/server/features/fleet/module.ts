import type { ServerModule } from '../../platform/server-module.ts';
import { takeAnswers } from './commands.ts';
import { fleetAlertsJob, fleetJob } from './fleet.job.ts';
import { logPlace } from './logs.ts';
import { rolloutsJob } from './rollout/rollouts.job.ts';
import { rolloutRoutes } from './rollout/routes.ts';
import { keepVerdicts } from './rollout/verdicts.ts';
import { fleetRoutes } from './routes.ts';

export const fleet: ServerModule = {
  onEvents: {
    command: ({ tx, device, now }, events) => takeAnswers(tx, events, device, now),
    health: ({ tx, device, now }, events) => keepVerdicts(tx, events, device, now),
  },
  endpoints: [...fleetRoutes, ...rolloutRoutes],
  jobs: [rolloutsJob, fleetJob, fleetAlertsJob],
  tables: {
    fleet_settings: { notPersonal: 'settings of kiosks' },
    fleet_config: { notPersonal: 'settings of kiosks' },
    fleet_command: { notPersonal: 'the commands of kiosks' },
    fleet_log: {
      sealed: { by: 'environment', id: { command: 'uuid' }, columns: { sealed: (cell) => logPlace(cell('command')) } },
      notPersonal: 'logs of kiosks, redacted there: they name nobody',
    },
    kiosk_alert: { notPersonal: 'how kiosks are' },
    rollout: { notPersonal: 'builds on their way to kiosks' },
    rollout_action: { notPersonal: 'what was decided about a rollout; who did is in the accesses' },
    rollout_device: { notPersonal: 'kiosks' },
    update_ring: { notPersonal: 'groups of kiosks' },
    device_ring: { notPersonal: 'kiosks' },
    update_window: { notPersonal: 'settings of places' },
  },
};
