import type { Services } from '../access/route.ts';
import type { Job } from '../jobs/job.ts';
import { anythingToDo, collect, logOf } from './collect.ts';
import { deliverDue } from './deliver.ts';

const DAY_MS = 86_400_000;
/** How long what was delivered stays in the log, and what was given up. */
const KEPT_DAYS = { delivered: 30, failed: 90 } as const;

/** Tells other programs of records, and tries again what they did not take. */
export const webhooksJob: Job = {
  name: 'webhooks',
  everyMs: 5000,
  wanted: async ({ db, now }: Services) => anythingToDo(db, await logOf(db), now()),
  async run(context) {
    const { db, now, signal } = context;
    const log = await logOf(db);
    let queued = 0;
    for (let more = true; more; ) {
      signal.throwIfAborted();
      const found = await collect(db, log, now());
      queued += found.queued;
      more = found.more;
    }
    const told = await deliverDue(context);
    for (const [state, days] of Object.entries(KEPT_DAYS))
      await db
        .deleteFrom('webhook_delivery')
        .where('state', '=', state as keyof typeof KEPT_DAYS)
        .where('made_at', '<', new Date(now().getTime() - days * DAY_MS))
        .execute();
    return { queued, ...told };
  },
};
