import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { DATABASES } from '../../../../test/kit/databases.ts';
import { withDatabase } from '../../../../test/kit/suite.ts';
import type { Services } from '../access/route.ts';
import type { OpenDatabase } from '../database/open.ts';
import type { Job } from './job.ts';
import { runNow, startJobs } from './runner.ts';
import { beginRun, isDue, listRuns, markLost, pruneRuns } from './runs.ts';

const T0 = new Date('2027-03-01T08:00:00.000Z');
const later = (ms: number) => new Date(T0.getTime() + ms);

describe('when a job is due', () => {
  const run = (ms: number, outcome: string) => ({ started_at: later(ms), outcome });
  test('due if it never ran or its pause is over; runs in the future are ignored', () => {
    expect(isDue([], 1000, T0)).toBe(true);
    expect(isDue([run(-999, 'ok')], 1000, T0)).toBe(false);
    expect(isDue([run(-1000, 'ok')], 1000, T0)).toBe(true);
    expect(isDue([run(5000, 'ok')], 1000, T0)).toBe(true);
  });
  test('after failures it waits a minute, then twice as long each time, but at most an hour', () => {
    const day = 86_400_000;
    expect(isDue([run(-59_000, 'failed'), run(-day, 'ok')], day, T0)).toBe(false);
    expect(isDue([run(-60_000, 'failed'), run(-day, 'ok')], day, T0)).toBe(true);
    const three = [run(-200_000, 'failed'), run(-300_000, 'lost'), run(-400_000, 'failed')];
    expect(isDue(three, day, T0)).toBe(false);
    expect(isDue(three, day, later(40_000))).toBe(true);
    expect(isDue(Array(12).fill(run(-3_600_000, 'failed')), day, T0)).toBe(true);
  });
  test('a run interrupted by a stop of the server is continued at once', () => {
    expect(isDue([run(-1, 'stopped'), run(-2000, 'ok')], 1000, T0)).toBe(true);
  });
});

describe.each(DATABASES)('jobs on $name', (kind) => {
  let database: OpenDatabase;
  let now = T0;
  const services = () =>
    ({
      db: database.db,
      log: pino({ level: 'silent' }),
      now: () => now,
      notify: () => undefined,
    }) as unknown as Services;
  const never = new AbortController().signal;

  withDatabase(kind, (opened) => {
    database = opened;
  });
  beforeEach(() => {
    now = T0;
  });

  const begin = (job: string) => beginRun(database.db, job, { everyMs: 1000, runner: randomUUID(), now });

  test('a run starts once even if many replicas try, and again after its pause', async () => {
    const asked = await Promise.all(Array.from({ length: 8 }, () => begin('once')));
    const open = asked.filter((run) => run !== null);
    expect(open).toHaveLength(1);
    expect(await begin('once')).toBeNull();
    expect(await open[0]!.end('ok', { report: { removed: 3 }, now })).toBe(true);
    expect(await begin('once')).toBeNull();
    now = later(1000);
    expect(await begin('once')).not.toBeNull();
    const [, first] = await listRuns(database.db, { job: 'once' });
    expect(first).toMatchObject({ outcome: 'ok', report: { removed: 3 }, startedAt: T0.toISOString() });
  });

  test('when the lease of a dead process ends, another run may start and the dead one can no longer write', async () => {
    const dead = await begin('dies');
    now = later(10 * 60_000);
    expect(await begin('dies')).toBeNull();
    await database.db
      .updateTable('job_run')
      .set({ lease_until: new Date(0) })
      .where('id', '=', dead!.id)
      .execute();
    const next = await begin('dies');
    expect(next).not.toBeNull();
    expect(await dead!.extend()).toBe(false);
    expect(await dead!.end('ok', { report: {}, now })).toBe(false);
    expect((await listRuns(database.db, { job: 'dies' })).map((r) => r.outcome)).toEqual(['running', 'lost']);
  });

  test('once a clock that was ahead is corrected, a job keeps its pause, and a running one is not started twice', async () => {
    for (let n = 0; n < 12; n++) {
      now = later(3_600_000 + n * 1000);
      await (await begin('jumps'))!.end('ok', { report: {}, now });
    }
    now = later(1000);
    const open = await begin('jumps');
    now = later(2000);
    expect(await begin('jumps')).toBeNull();
    await open!.end('ok', { report: {}, now });
    now = later(1999);
    expect(await begin('jumps')).toBeNull();
    now = later(2000);
    expect(await begin('jumps')).not.toBeNull();
  });

  test('a server that is its database’s only one marks open runs as lost when it starts', async () => {
    await begin('alone');
    expect(await markLost(database.db, now)).toBeGreaterThan(0);
    expect((await listRuns(database.db, { job: 'alone' }))[0]?.outcome).toBe('lost');
  });

  test('a failure is stored with its code, never with its message', async () => {
    const job: Job = {
      name: 'fails',
      everyMs: 1000,
      run: async () => {
        throw Object.assign(new Error('Ada Lovelace +49 30 1234'), { code: 'disk-full' });
      },
    };
    expect(await runNow(services(), job, never)).toMatchObject({ outcome: 'failed' });
    const [run] = await listRuns(database.db, { job: 'fails' });
    expect(run).toMatchObject({ outcome: 'failed', code: 'disk-full', report: null });
    expect(JSON.stringify(run)).not.toContain('Ada');
  });

  test('the runner runs jobs that are due and wanted, and a long job ends when it stops', async () => {
    const ran: string[] = [];
    let wanted = false;
    const began = Promise.withResolvers<void>();
    const jobs: Job[] = [
      {
        name: 'quick',
        everyMs: 1000,
        run: async () => {
          ran.push('quick');
          return {};
        },
      },
      {
        name: 'unwanted',
        everyMs: 1000,
        wanted: async () => wanted,
        run: async () => {
          ran.push('unwanted');
          return {};
        },
      },
      {
        name: 'long',
        everyMs: 1000,
        run: async ({ signal }) => {
          began.resolve();
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          signal.throwIfAborted();
          return {};
        },
      },
    ];
    const running = await startJobs(services(), jobs, { tickMs: 3_600_000 });
    await began.promise;
    await expect.poll(() => ran).toEqual(['quick']);
    wanted = true;
    running.check('unwanted');
    await expect.poll(() => ran).toEqual(['quick', 'unwanted']);
    await running.stop();
    expect((await listRuns(database.db, { job: 'long' })).map((r) => r.outcome)).toEqual(['stopped']);
    expect((await listRuns(database.db, { job: 'quick' })).map((r) => r.outcome)).toEqual(['ok']);
  });

  test('old runs are deleted, except open ones', async () => {
    await begin('kept');
    const removed = await pruneRuns(database.db, later(86_400_000));
    expect(removed).toBeGreaterThan(0);
    expect((await listRuns(database.db)).every((r) => r.outcome === 'running')).toBe(true);
    // Surplus runs are deleted whatever their age: a job that runs each minute would have half a million.
    await sql`insert into job_run (job, runner, started_at, lease_until, ended_at, outcome)
      select 'each-minute', gen_random_uuid(), now(), now(), now(), 'ok' from generate_series(1, 10003)`.execute(
      database.db,
    );
    expect(await pruneRuns(database.db, new Date(0))).toBe(3);
  });
});
