import { sql } from 'kysely';
import type { Job, JobContext } from '../../../platform/jobs/job.ts';
import { withObjectStore } from '../../../platform/objects/store.ts';
import { OVERDUE_DAYS } from '../erasure/read.ts';
import { kioskPurges } from './kiosks.ts';
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
export const withObjects = <T>(
  { db, keys, config, now }: Pick<JobContext, 'db' | 'keys' | 'config' | 'now'>,
  work: (context: PurgeContext) => Promise<T>,
): Promise<T> =>
  withObjectStore(config.s3, (objects) => work({ db, keys, settings: config.retention, objects, now: now() }));

const DAY_MS = 86_400_000;

/** Once a day: kiosks that owe a word, of an erasure or of their own purges. Each is a warning in the log. */
export const kioskWatchJob: Job = {
  name: 'kiosk-watch',
  everyMs: DAY_MS,
  async run({ db, config, now, log }) {
    const at = now();
    const { rows: erasures } = await sql<{ device: string; requests: number }>`
      select c.device, count(distinct coalesce(e.part_of, e.request))::int as requests
      from erasure_confirmation c join erasure e on e.request = c.request join device d on d.id = c.device
      where c.confirmed_at is null and d.status = 'approved'
        and e.closed_at < ${new Date(at.getTime() - OVERDUE_DAYS * DAY_MS).toISOString()}::timestamptz
      group by c.device order by c.device`.execute(db);
    for (const { device, requests } of erasures)
      log.warn(
        { code: 'erasure-overdue', device, count: requests },
        'a kiosk has not confirmed erasures: look whether it is on, or revoke it',
      );
    const purges = (await kioskPurges(db, config.retention, at)).filter((p) => p.overdue);
    for (const { device, what } of purges)
      log.warn(
        { code: 'purge-overdue', device, what },
        'a kiosk has not reported its own purge: check whether it is on',
      );
    return {
      kiosksOwingErasures: erasures.length,
      kiosksOwingPurges: new Set(purges.map((p) => p.device)).size,
    };
  },
};
