import { inTransaction } from '../database/retry.ts';
import type { Job } from '../jobs/job.ts';
import { endOverdue } from './commands.ts';
import { dropOldLogs } from './logs.ts';

/** Commands whose time is over are told no more, and logs go after their seven days. */
export const fleetJob: Job = {
  name: 'fleet',
  everyMs: 10 * 60_000,
  run: ({ db, now }) =>
    inTransaction(db, async (tx) => ({
      commandsEnded: await endOverdue(tx, now()),
      logsRemoved: await dropOldLogs(tx, now()),
    })),
};
