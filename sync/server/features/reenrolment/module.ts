import { findAll } from '../../platform/database/rows.ts';
import type { Reading } from '../../platform/my-data.ts';
import { deleteBy, type ServerModule } from '../../platform/server-module.ts';
import { mergeScores } from './follow.ts';
import { reenrolments } from './list.ts';
import { reenrolmentJob } from './reenrolment.job.ts';

/** How well their face was recognised. */
async function* scores({ tx, names }: Reading) {
  const rows = await findAll(tx, 'person_score', { person: names });
  for (const { model, since, count, baseline, recent, updated_at } of rows)
    yield { model, since: since.toISOString(), count, baseline, recent, updatedAt: updated_at.toISOString() };
}

export const reenrolment: ServerModule = {
  jobs: [reenrolmentJob],
  kioskChanges: {
    reenrol: {
      state: async ({ source: { db }, scope, now }) => ({
        kind: 'reenrol',
        people: await reenrolments(db, scope, now),
      }),
    },
  },
  tables: { person_score: { exported: 'scores', merged: mergeScores, erased: deleteBy('person') } },
  myData: { scores },
};
