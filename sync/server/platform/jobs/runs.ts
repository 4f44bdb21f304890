import { sql, type UpdateObject } from 'kysely';
import type { z } from 'zod';
import type * as api from '../../../protocol/api/jobs.ts';
import { onceAcrossReplicas } from '../database/once.ts';
import { atMost, below, exists, findSorted, not, remove, update } from '../database/rows.ts';
import type { Db, Tables } from '../database/schema.ts';
import type { Report } from './job.ts';

/** A run that hasn't extended its lease for this long is considered dead, seconds. */
export const LEASE_S = 60;
/** First pause after a failed run, ms. It doubles with each failure in a row, up to the longest or the job's own pause. */
const RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 3_600_000;

const leaseEnd = sql<Date>`clock_timestamp() + make_interval(secs => ${LEASE_S})`;

/** A run that is under way. */
export interface OpenRun {
  readonly id: number;
  /** Extends the lease. @returns false if the run was considered dead in the meantime: stop, another process may be running it */
  extend(): Promise<boolean>;
  /** Ends the run. @returns false as `extend`; nothing is written then */
  end(outcome: 'ok' | 'failed' | 'stopped', o: { report?: Report; code?: string; now: Date }): Promise<boolean>;
}

/**
 * Starts a run if it is due, in one transaction under the job's lock, so that only one replica does. Leases use the
 * database's clock, because those of the replicas differ.
 *
 * @param o `force`: even if it isn't due. `runner`: random UUID of this process
 * @returns null if it isn't due or runs elsewhere
 */
export function beginRun(
  db: Db,
  job: string,
  o: { readonly everyMs: number; readonly runner: string; readonly now: Date; readonly force?: boolean },
): Promise<OpenRun | null> {
  return onceAcrossReplicas(db, `run:${job}`, async (tx) => {
    await tx
      .updateTable('job_run')
      .set({ outcome: 'lost', ended_at: o.now })
      .where('job', '=', job)
      .where('outcome', 'is', null)
      .where(sql<boolean>`lease_until < clock_timestamp()`)
      .execute();
    if (await exists(tx, 'job_run', { job, outcome: null })) return null;
    // Only past runs: a clock that was ahead may have left more future runs than are read here.
    const past = { job, started_at: atMost(o.now) };
    const newest = { columns: ['started_at', 'outcome'], descending: true, limit: 12 } as const;
    const recent = await findSorted(tx, 'job_run', past, ['started_at', 'id'], newest);
    if (!o.force && !isDue(recent, o.everyMs, o.now)) return null;
    const { id } = await tx
      .insertInto('job_run')
      .values({ job, runner: o.runner, started_at: o.now, lease_until: leaseEnd as unknown as Date })
      .returning('id')
      .executeTakeFirstOrThrow();
    return openRun(db, Number(id), o.runner);
  });
}

function openRun(db: Db, id: number, runner: string): OpenRun {
  const change = async (set: UpdateObject<Tables, 'job_run'>) =>
    (await update(db, 'job_run', { id, runner, outcome: null }, set)) > 0;
  return {
    id,
    extend: () => change({ lease_until: leaseEnd }),
    end: (outcome, { report, code, now }) =>
      change({ outcome, ended_at: now, report: report ? JSON.stringify(report) : null, code: code ?? null }),
  };
}

/**
 * Whether a job is due, judged by its latest runs, newest first. Runs in the future (a clock was set back) are ignored. A
 * stopped run is continued at once. After a failed or lost run there is a pause, longer each time. Pure.
 */
export function isDue(
  recent: readonly { readonly started_at: Date; readonly outcome: string | null }[],
  everyMs: number,
  now: Date,
): boolean {
  const past = recent.filter((r) => r.started_at.getTime() <= now.getTime() && r.outcome !== 'stopped');
  const ok = past.findIndex((r) => r.outcome === 'ok');
  const failures = ok === -1 ? past.length : ok;
  const last = past[0];
  if (!last) return true;
  const since = now.getTime() - last.started_at.getTime();
  if (failures === 0) return since >= everyMs;
  return since >= Math.min(RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS, Math.max(everyMs, RETRY_MS));
}

/** Marks all open runs as lost. For the start of a server that is its database's only one: the previous process was killed. */
export const markLost = (db: Db, now: Date): Promise<number> =>
  update(db, 'job_run', { outcome: null }, { outcome: 'lost', ended_at: now });

export type JobRun = z.output<typeof api.JobRun>;

/** Lists runs, newest first. @param o `job`: only runs of this job. `before`: id, for the next page */
export async function listRuns(
  db: Db,
  o: {
    readonly job?: string | undefined;
    readonly limit?: number | undefined;
    readonly before?: number | undefined;
  } = {},
): Promise<JobRun[]> {
  let query = db
    .selectFrom('job_run')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(o.limit ?? 50);
  if (o.job !== undefined) query = query.where('job', '=', o.job);
  if (o.before !== undefined) query = query.where('id', '<', o.before);
  return (await query.execute()).map((r) => ({
    id: Number(r.id),
    job: r.job,
    startedAt: r.started_at.toISOString(),
    endedAt: r.ended_at?.toISOString() ?? null,
    outcome: r.outcome ?? 'running',
    code: r.code,
    report: r.report as Report | null,
  }));
}

/** Returns the newest run of each job, and when its newest successful run started. */
export async function lastRuns(db: Db): Promise<Map<string, { last: JobRun; okAt: string | null }>> {
  const { rows } = await sql<{ id: number; job: string; ok_at: Date | null }>`
    select distinct on (job) id, job,
           (select max(started_at) from job_run r where r.job = job_run.job and r.outcome = 'ok') as ok_at
    from job_run order by job, id desc`.execute(db);
  const runs = new Map<string, { last: JobRun; okAt: string | null }>();
  for (const row of rows) {
    const [last] = await listRuns(db, { job: row.job, limit: 1 });
    if (last) runs.set(row.job, { last, okAt: row.ok_at?.toISOString() ?? null });
  }
  return runs;
}

/** How many runs are kept per job: a week of a job that runs each minute, more than a year of an hourly one. */
const MOST_RUNS = 10_000;

/** Deletes old runs. @returns how many */
export async function pruneRuns(db: Db, before: Date): Promise<number> {
  const old = await remove(db, 'job_run', { outcome: not(null), started_at: below(before) });
  const { numAffectedRows } = await sql`
    delete from job_run using (select id, row_number() over (partition by job order by id desc) as nth from job_run) r
    where job_run.id = r.id and r.nth > ${MOST_RUNS} and outcome is not null`.execute(db);
  return old + Number(numAffectedRows);
}
