import { sql } from 'kysely';
import type { Job } from '../../../platform/jobs/job.ts';
import { OVERDUE_DAYS } from '../erasure/read.ts';
import { kioskPurges } from './kiosks.ts';

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
