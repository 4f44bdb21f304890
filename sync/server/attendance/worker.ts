import type { Logger } from 'pino';
import type { OpenDatabase } from '../database/open.ts';
import { partitionsAhead } from './partitions.ts';
import { resolveDue } from './resolve.ts';

/** After a change, this long for more of them, ms. */
const GATHER_MS = 50;
/** Without being told anything (another replica died between its commit and its word), ms. */
const LOOK_MS = 5000;
/** How often it is asked whether the partitions are due; they are made once an hour by one replica, ms. */
const PARTITIONS_MS = 60_000;

/**
 * Works off what waits to be resolved, on this replica or, while another is at it, not. Makes the months' partitions
 * ahead. A failure is logged and tried again; nothing that waits is lost by it.
 *
 * @returns how to stop, waiting for what is under way
 */
export function startAttendanceWorker(
  { db, signals }: Pick<OpenDatabase, 'db' | 'signals'>,
  log: Logger,
  now: () => Date,
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
      if (done.changed > 0) signals.tell('board');
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
  let ahead = Promise.resolve<unknown>(null);
  const partitions = (): void => {
    ahead = partitionsAhead(db, now()).catch((err: unknown) =>
      log.error({ code: 'partitions-not-made', err }, 'partitions ahead were not made; it is tried again'),
    );
  };
  const look = setInterval(wake, LOOK_MS);
  const months = setInterval(partitions, PARTITIONS_MS);
  partitions();
  wake();

  return async () => {
    stopped = true;
    forget();
    clearInterval(look);
    clearInterval(months);
    if (gathering) clearTimeout(gathering);
    await running;
    await ahead;
  };
}
