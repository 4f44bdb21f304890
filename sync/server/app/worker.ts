import type { Logger } from 'pino';
import { resolveDue } from '../features/attendance/resolve-due.ts';
import type { OpenDatabase } from '../platform/database/open.ts';
import type { Keys } from '../platform/keys/envelope.ts';
import { retryQuarantine } from './ingest/quarantine.ts';
import { MODULES } from './modules.ts';

/** How long we wait for more changes after a change, ms. */
const GATHER_MS = 50;
/** How often we check without a signal, ms: another replica may have died between its commit and its signal. */
const POLL_MS = 5000;

/**
 * Resolves attendance that is due, unless another replica is doing so. At its start it also retries quarantined events that
 * were waiting for a newer server. Failures are logged and retried, and nothing due is lost.
 *
 * @returns a function that stops the worker, and waits for running work
 */
export function startAttendanceWorker(
  { db, signals }: Pick<OpenDatabase, 'db' | 'signals'>,
  keys: Keys,
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
        log.error({ code: 'attendance-not-resolved', err }, 'attendance could not be resolved; it will be retried'),
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
  const timer = setInterval(wake, POLL_MS);
  // Events that an earlier build could not read.
  const retried = retryQuarantine({ db, keys, modules: MODULES }, { reason: 'event-newer-schema' }, now(), { undoDays })
    .then(({ taken }) => {
      if (taken === 0) return;
      log.info({ events: taken }, 'quarantined events were accepted');
      signals.notify('board');
    })
    .catch((err: unknown) => log.error({ code: 'quarantine-not-retried', err }, 'quarantined events were not retried'));
  wake();

  return async () => {
    stopped = true;
    forget();
    clearInterval(timer);
    if (gathering) clearTimeout(gathering);
    await running;
    await retried;
  };
}
