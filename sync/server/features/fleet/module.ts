import { forgetStaff } from '../../core/staff/store.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { insertNew, remove } from '../../platform/database/rows.ts';
import type { Tx } from '../../platform/database/schema.ts';
import type { Job } from '../../platform/jobs/job.ts';
import type { ServerModule } from '../../platform/server-module.ts';
import { endOverdue, takeAnswers } from './commands.ts';
import { dropOldLogs, logPlace } from './logs.ts';
import { alertsNow } from './read.ts';
import { rolloutsJob } from './rollout/rollouts.job.ts';
import { rolloutRoutes } from './rollout/routes.ts';
import { keepVerdicts } from './rollout/verdicts.ts';
import { fleetRoutes } from './routes.ts';

/** Commands whose time is over are sent no more, logs go after their seven days, and names of kiosk staff 400 days after their removal. */
export const fleetJob: Job = {
  name: 'fleet',
  everyMs: 10 * 60_000,
  run: ({ db, now }) =>
    inTransaction(db, async (tx) => ({
      commandsEnded: await endOverdue(tx, now()),
      logsRemoved: await dropOldLogs(tx, now()),
      staffForgotten: await forgetStaff(tx, now()),
    })),
};

/** Notes since when something is wrong with a kiosk; what is fixed is forgotten. */
export const fleetAlertsJob: Job = {
  name: 'fleet-alerts',
  everyMs: 60_000,
  async run({ db, now, notify }) {
    const kept = await inTransaction(db, (tx) => keepAlerts(tx, now()));
    if (kept.started + kept.over > 0) notify('board');
    return kept;
  },
};

/**
 * Alerts are a matter of the moment (alerts.ts). Here it is kept since when each one is, so that the attention queue has
 * something to name, and a note stays with this one and not with the next of its kind.
 */
async function keepAlerts(tx: Tx, now: Date): Promise<{ readonly started: number; readonly over: number }> {
  const present = new Map<string, { device: string; code: string }>();
  for (const { device, alerts } of await alertsNow(tx, now))
    for (const { code } of alerts) present.set(`${device} ${code}`, { device, code });
  const kept = await tx.selectFrom('kiosk_alert').select(['device', 'code']).forUpdate().execute();
  let over = 0;
  for (const { device, code } of kept) {
    if (present.delete(`${device} ${code}`)) continue;
    await remove(tx, 'kiosk_alert', { device, code });
    over += 1;
  }
  const started = [...present.values()].map((alert) => ({ ...alert, since: now }));
  if (started.length > 0) await insertNew(tx, 'kiosk_alert', started);
  return { started: started.length, over };
}

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
