import type { Services } from '../../platform/access/route.ts';
import { logEpochOf } from '../../platform/audit/anchors.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { below, not, remove, update } from '../../platform/database/rows.ts';
import type { Job } from '../../platform/jobs/job.ts';
import type { ServerModule } from '../../platform/server-module.ts';
import { webhookAttention } from './attention.ts';
import { anythingToDo, collect } from './collect.ts';
import { deliverDue } from './deliver.ts';
import { webhookRoutes } from './routes.ts';
import { webhookPlace } from './store.ts';

const DAY_MS = 86_400_000;
/** Days for which delivered and failed messages stay in the log. */
const KEPT_DAYS = { delivered: 30, failed: 90 } as const;
/** Days for which an erased person's id is kept for receivers that don't answer or are off (docs/operate/webhooks.md). */
const NAMED_DAYS = 3;

/** Notifies other programs of records, and retries failed messages. */
export const webhooksJob: Job = {
  name: 'webhooks',
  everyMs: 5000,
  wanted: async ({ db, now }: Services) => anythingToDo(db, await logEpochOf(db), now()),
  async run(context) {
    const { db, now, signal } = context;
    const log = await logEpochOf(db);
    let queued = 0;
    for (let more = true; more; ) {
      signal.throwIfAborted();
      const found = await collect(db, log, now());
      queued += found.queued;
      more = found.more;
    }
    return { queued, ...(await deliverDue(context)) };
  },
};

/** Purges the delivery log. A separate job, so that it also runs without an enabled receiver or any activity. */
export const webhooksEndJob: Job = {
  name: 'webhooks-end',
  everyMs: 60 * 60_000,
  run: ({ db, now }) =>
    inTransaction(db, async (tx) => {
      const before = (days: number) => new Date(now().getTime() - days * DAY_MS);
      const named = { kind: 'person.erased', subject: not(null), made_at: below(before(NAMED_DAYS)) } as const;
      const givenUp = await update(tx, 'webhook_delivery', named, { state: 'failed', subject: null });
      let removed = 0;
      for (const state of ['delivered', 'failed'] as const)
        removed += await remove(tx, 'webhook_delivery', { state, made_at: below(before(KEPT_DAYS[state])) });
      return { givenUp, removed };
    }),
};

export const webhooks: ServerModule = {
  endpoints: webhookRoutes,
  jobs: [webhooksJob, webhooksEndJob],
  attention: { webhook: webhookAttention },
  tables: {
    webhook: {
      sealed: {
        by: 'environment',
        reads: ['row_version'],
        columns: { sealed: (cell) => webhookPlace(cell('id'), Number(cell('row_version'))) },
      },
      notPersonal: 'receivers of records, which name nobody',
    },
    webhook_delivery: {
      notPersonal: 'which record was sent to which receiver, by the record’s id; who received it is in the accesses',
    },
  },
};
