import type { Job, JobContext } from '../../../platform/jobs/job.ts';
import { type ObjectStore, openObjectStore } from '../../../platform/objects/store.ts';
import type { PurgeContext } from './purge.ts';
import { runRetention } from './run.ts';

/** Each hour: a period that ends at night is not waited a day for. */
const EVERY_MS = 3_600_000;

/** Removes what is too old; its report says what went, how much, what a hold kept, and the oldest that is left. */
export const retentionJob: Job = {
  name: 'retention',
  everyMs: EVERY_MS,
  async run(context) {
    const rules = await withObjects(context, (purge) =>
      runRetention(purge, {
        signal: context.signal,
        onFailure: (kind, err) => context.log.error({ code: 'purge-failed', kind, err }, 'a purge failed'),
      }),
    );
    if (rules.some((r) => r.removed > 0)) context.notify('change');
    return { rules };
  },
};

/** Opens what a purge works with, the object store included where there is one. */
export async function withObjects<T>(
  { db, keys, config, now }: Pick<JobContext, 'db' | 'keys' | 'config' | 'now'>,
  work: (context: PurgeContext) => Promise<T>,
): Promise<T> {
  const objects: ObjectStore | null = config.s3 ? openObjectStore(config.s3) : null;
  try {
    return await work({ db, keys, settings: config.retention, objects, now: now() });
  } finally {
    objects?.close();
  }
}
