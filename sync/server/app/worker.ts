import type { Logger } from 'pino';
import { resolveDue } from '../features/attendance/resolve-due.ts';
import type { OpenDatabase } from '../platform/database/open.ts';
import type { Keys } from '../platform/keys/envelope.ts';
import { retryQuarantine } from './ingest/quarantine.ts';
import { MODULES } from './modules.ts';

/** After a change, this long for more of them, ms. */
const GATHER_MS = 50;
/** Without a signal (another replica died between its commit and its signal), ms. */
const POLL_MS = 5000;

/**
 * Works off what waits to be resolved, on this replica or, while another is at it, not; and once, at start, takes the
 * events again that waited for a newer server. A failure is logged and tried again; nothing that waits is lost by it.
 *
 * @returns how to stop, waiting for what is under way
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
  // What a build before this one could not read.
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
