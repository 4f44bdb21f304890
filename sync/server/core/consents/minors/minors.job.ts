import { SYSTEM } from '../../../platform/audit/actor.ts';
import { writeAudit } from '../../../platform/audit/write.ts';
import { inTransaction } from '../../../platform/database/retry.ts';
import type { Job } from '../../../platform/jobs/job.ts';
import { reviewMinors } from './minors.ts';

const DAY_MS = 86_400_000;

/** Who comes of age soon, or has, is put into the attention queue. */
export const minorsJob: Job = {
  name: 'minors',
  everyMs: DAY_MS,
  async run({ db, keys, now, notify }) {
    const at = now();
    const report = await inTransaction(db, async (tx) => {
      const done = await reviewMinors(tx, keys, at);
      if (done.minors > 0)
        await writeAudit(
          tx,
          keys,
          {
            actor: SYSTEM,
            action: 'read',
            route: 'job minors',
            data: ['person.minor'],
            subjects: [],
            count: done.minors,
            everyone: true,
            outcome: 'ok',
          },
          at,
        );
      return done;
    });
    if (report.changed > 0) notify('board');
    return report;
  },
};
