import { randomUUID } from 'node:crypto';
import { Problem } from '../../../errors/problem.ts';
import type { Services } from '../access/route.ts';
import { canRun, everyMsOf, type Job, type Report } from './job.ts';
import { beginRun, LEASE_S, markLost, type OpenRun } from './runs.ts';

/** How often due jobs are looked for, ms. */
const TICK_MS = 10_000;
const EXTEND_MS = (LEASE_S * 1000) / 4;

/** How a run ended. */
export type Ended =
  | { readonly outcome: 'ok'; readonly report: Report }
  | { readonly outcome: 'failed'; readonly cause: unknown }
  | { readonly outcome: 'stopped' };

export interface RunningJobs {
  /** Checks now whether this job is due, or all of them. Has no effect on a job that is running. */
  check(name?: string): void;
  stop(): Promise<void>;
}

/**
 * Runs jobs when they are due, independently of each other and each on one replica at a time. A failure is logged, stored
 * with its code and retried.
 *
 * @param o `alone`: no other process uses this database, so any run still open in it was killed
 */
export async function startJobs(
  services: Services,
  jobs: readonly Job[],
  { alone = false, tickMs = TICK_MS }: { readonly alone?: boolean; readonly tickMs?: number } = {},
): Promise<RunningJobs> {
  const runner = randomUUID();
  const stopping = new AbortController();
  const under = new Map<string, Promise<void>>();
  if (alone) await markLost(services.db, services.now());
  const check = (name?: string): void => {
    if (stopping.signal.aborted) return;
    for (const job of jobs) {
      if (under.has(job.name) || (name !== undefined && name !== job.name)) continue;
      const going = when(services, job, runner, stopping.signal).finally(() => under.delete(job.name));
      under.set(job.name, going);
    }
  };
  const ticker = setInterval(() => check(), tickMs);
  check();
  return {
    check,
    async stop() {
      clearInterval(ticker);
      stopping.abort();
      await Promise.all(under.values());
    },
  };
}

async function when(services: Services, job: Job, runner: string, stop: AbortSignal): Promise<void> {
  try {
    if (!canRun(job, services) || (job.wanted && !(await job.wanted(services)))) return;
    const open = await beginRun(services.db, job.name, {
      everyMs: everyMsOf(job, services),
      runner,
      now: services.now(),
    });
    if (open) await carryOut(services, job, open, stop);
  } catch (err) {
    services.log.error(
      { code: 'job-not-started', job: job.name, err },
      'a job could not be started; it will be retried',
    );
  }
}

/**
 * Runs a job now, due or not.
 *
 * @throws Problem `job-running`
 */
export async function runNow(services: Services, job: Job, stop: AbortSignal): Promise<Ended> {
  const open = await beginRun(services.db, job.name, {
    everyMs: 0,
    runner: randomUUID(),
    now: services.now(),
    force: true,
  });
  if (!open) throw new Problem('job-running', { name: job.name });
  return carryOut(services, job, open, stop);
}

async function carryOut(services: Services, job: Job, open: OpenRun, stop: AbortSignal): Promise<Ended> {
  const { log } = services;
  const lost = new AbortController();
  const alive = setInterval(() => {
    open.extend().then(
      (still) => still || lost.abort(),
      (err: unknown) =>
        log.warn(
          { code: 'job-lease-not-extended', job: job.name, err },
          'the lease of a running job could not be extended',
        ),
    );
  }, EXTEND_MS);
  const signal = AbortSignal.any([stop, lost.signal]);
  let ended: Ended;
  try {
    ended = { outcome: 'ok', report: await job.run({ ...services, signal }) };
  } catch (cause) {
    ended = signal.aborted ? { outcome: 'stopped' } : { outcome: 'failed', cause };
  } finally {
    clearInterval(alive);
  }
  if (ended.outcome === 'failed')
    log.error({ code: 'job-failed', job: job.name, err: ended.cause }, 'a job failed; it will be retried');
  else log.debug({ job: job.name, ...ended }, 'job ended');
  await open.end(ended.outcome, {
    now: services.now(),
    ...(ended.outcome === 'ok' && { report: ended.report }),
    ...(ended.outcome === 'failed' && { code: codeOf(ended.cause) }),
  });
  return ended;
}

/** Returns only the code of a failure, because its message may contain personal data. */
export function codeOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code.slice(0, 60) : 'internal';
}
