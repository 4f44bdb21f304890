import type { Logger } from 'pino';
import { findCandidates } from '../features/attendance/merging/candidates.ts';
import { partitionsAhead } from '../features/attendance/partitions.ts';
import { resolveDue } from '../features/attendance/resolve-due.ts';
import { compactWhenDue } from '../platform/changes/log.ts';
import type { OpenDatabase } from '../platform/database/open.ts';
import type { Keys } from '../platform/keys/envelope.ts';
import { retryQuarantine } from './ingest/quarantine.ts';
import { MODULES } from './modules.ts';

/** After a change, this long for more of them, ms. */
const GATHER_MS = 50;
/** Without a signal (another replica died between its commit and its word), ms. */
const POLL_MS = 5000;
/**
 * How often it is asked whether a job is due, ms; each says itself how often one replica does it. Well below that: a job that
 * is asked for a moment too early waits for the next time.
 */
const JOBS_MS = 15_000;

/**
 * Works off what waits to be resolved, on this replica or, while another is at it, not. Makes the months' partitions
 * ahead, looks for people who were enrolled twice, shortens the change log, and once, at start, takes the events again that waited for a newer
 * server. A failure is logged and tried again; nothing that waits is lost by it.
 *
 * @param weights folder of the embedders
 * @returns how to stop, waiting for what is under way
 */
export function startAttendanceWorker(
  { db, signals }: Pick<OpenDatabase, 'db' | 'signals'>,
  keys: Keys,
  weights: string,
  log: Logger,
  now: () => Date,
  undoDays: number,
): () => Promise<void> {
  let stopped = false;
  let wanted = false;
  let running: Promise<void> | null = null;

  const work = async (): Promise<void> => {
    while (wanted && !stopped) {
      wanted = false;
      const done = await resolveDue(db);
      if (!done || done.taken === 0) continue;
      wanted = true;
      if (done.changed > 0) signals.notify('board');
    }
  };
  const wake = (): void => {
    wanted = true;
    if (stopped || running) return;
    running = work()
      .catch((err: unknown) =>
        log.error({ code: 'attendance-not-resolved', err }, 'resolving failed; it is tried again'),
      )
      .finally(() => {
        running = null;
      });
  };
  let gathering: NodeJS.Timeout | null = null;
  const forget = signals.hear('board', () => {
    gathering ??= setTimeout(() => {
      gathering = null;
      wake();
    }, GATHER_MS);
  });
  let jobs: Promise<void> = Promise.resolve();
  const job = (code: string, run: () => Promise<unknown>): void => {
    jobs = jobs.then(async () => {
      try {
        if (!stopped) await run();
      } catch (err) {
        log.error({ code, err }, 'a job failed; it is tried again');
      }
    });
  };
  const regular = (): void => {
    job('partitions-not-made', () => partitionsAhead(db, now()));
    job('merge-candidates-not-found', () => findCandidates(db, keys, weights, now()));
    job('changes-not-compacted', () => compactWhenDue(db, now()));
  };
  const timer = setInterval(wake, POLL_MS);
  const ticks = setInterval(regular, JOBS_MS);
  regular();
  job('quarantine-not-retried', async () => {
    const { taken } = await retryQuarantine({ db, keys, modules: MODULES }, { reason: 'event-newer-schema' }, now(), {
      undoDays,
    });
    if (taken > 0) log.info({ events: taken }, 'events that waited for this server were taken');
    if (taken > 0) signals.notify('board');
  });
  wake();

  return async () => {
    stopped = true;
    forget();
    clearInterval(timer);
    clearInterval(ticks);
    if (gathering) clearTimeout(gathering);
    await running;
    await jobs;
  };
}
