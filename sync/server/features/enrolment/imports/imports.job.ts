import { sql } from 'kysely';
import { endOldCases } from '../../../core/templates/waiting.ts';
import type { Services } from '../../../platform/access/route.ts';
import { inTransaction } from '../../../platform/database/retry.ts';
import { below, idsOf, remove, update } from '../../../platform/database/rows.ts';
import type { Job } from '../../../platform/jobs/job.ts';
import { applyAccepted } from './apply.ts';
import { judgeWaiting } from './judge.ts';
import { makeWanted, undoWanted } from './people.ts';

/** Days after which undecided pictures, and the results of an ended import, are removed. */
const KEEP_DAYS = 30;
const DAY_MS = 86_400_000;

/** Checks uploads and applies what was accepted. After a kill it continues with the rest. */
export const importsJob: Job = {
  name: 'photo-imports',
  everyMs: 1000,
  wanted: async ({ db }) => {
    const { rows } = await sql<{ some: boolean }>`
      select exists (select from import_photo where state = 'waiting')
          or exists (select from import_run where state = 'applying' or people in ('making', 'undoing')) as some`.execute(
      db,
    );
    return rows[0]!.some;
  },
  async run(context) {
    const made = await makeWanted(context, context.signal);
    const undone = await undoWanted(context, context.signal);
    const judged = await judgeWaiting(context, context.signal);
    const applied = await applyAccepted(context, context.signal);
    return { made, undone, judged, ...applied };
  },
};

/** Removes ended imports, and ends imports and waiting enrolments that nobody decided about in time. */
export const importsEndJob: Job = {
  name: 'photo-imports-end',
  everyMs: DAY_MS,
  run: async (context) => ({
    ...(await endOld(context)),
    enrolmentsEnded: await endOldCases(context.db, context.now()),
  }),
};

async function endOld({ db, now }: Services): Promise<{ ended: number; removed: number }> {
  const at = now();
  const before = new Date(at.getTime() - KEEP_DAYS * DAY_MS);
  return inTransaction(db, async (tx) => {
    const removed = await remove(tx, 'import_run', { ended_at: below(before) });
    const left = await tx
      .updateTable('import_run')
      .set({ state: 'cancelled', map: null, ended_at: at })
      .where('state', '=', 'open')
      .where('made_at', '<', before)
      .returning('id')
      .execute();
    await update(tx, 'import_photo', { run: idsOf(left) }, { photo: null, template: null });
    return { ended: left.length, removed };
  });
}
