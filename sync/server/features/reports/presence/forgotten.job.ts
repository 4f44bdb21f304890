import { inTransaction } from '../../../platform/database/retry.ts';
import type { Job } from '../../../platform/jobs/job.ts';
import { reportSite } from '../day.ts';
import { endEvacuation, LONGEST_EVACUATION_MS } from './evacuation.ts';

/** Evacuations that nobody ended: who they accounted for is kept no longer than a day. */
export const forgottenEvacuationsJob: Job = {
  name: 'forgotten-evacuations',
  everyMs: 60 * 60 * 1000,
  run: ({ db, now }) =>
    inTransaction(db, async (tx) => {
      const at = now();
      const forgotten = await tx
        .selectFrom('evacuation')
        .select('id')
        .where('ended_at', 'is', null)
        .where('started_at', '<=', new Date(at.getTime() - LONGEST_EVACUATION_MS))
        .execute();
      for (const { id } of forgotten)
        await endEvacuation(tx, id, (site) => reportSite(tx, site ?? undefined, 'UTC'), at);
      return { ended: forgotten.length };
    }),
};
