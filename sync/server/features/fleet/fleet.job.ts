import { forgetStaff } from '../../core/staff/store.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import type { Job } from '../../platform/jobs/job.ts';
import { endOverdue } from './commands.ts';
import { keepAlerts } from './keep-alerts.ts';
import { dropOldLogs } from './logs.ts';

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
    if (kept.begun + kept.over > 0) notify('board');
    return kept;
  },
};
