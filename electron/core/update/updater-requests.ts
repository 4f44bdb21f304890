import { randomUUID } from 'node:crypto';
import { Problem } from '../../../sync/errors/problem.ts';
import { readStatus, requestFile, type UpdateRequest, type UpdaterStatus, writeShared } from './files.ts';
import type { UpdateLayout } from './layout.ts';

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/** An updater that reports nothing new for this long is considered absent, ms. */
const SILENT_MS = 15 * 60_000;
/**
 * A request that nobody has taken up is rewritten after this long, ms: what starts an updater reacts to changes of the file, and
 * misses one that happens just when the last updater exits.
 */
const REWRITE_MS = 20_000;

export interface Asked {
  /** Null until it has reported something. */
  status(): UpdaterStatus | null;
  /** Null while it works. @throws Problem: its rejection, or `update-updater-silent` */
  done(): UpdaterStatus | null;
}

/** Writes a request to the spool. It supersedes the previous one, whatever its result. */
export function askUpdater(layout: UpdateLayout, request: WithoutId<UpdateRequest>, monotonic: () => number): Asked {
  const id = randomUUID();
  const write = (): void => writeShared(requestFile(layout), { id, ...request });
  write();
  let writtenAt = monotonic();
  let heardAt = monotonic();
  let heard = '';
  const status = (): UpdaterStatus | null => {
    const found = readStatus(layout);
    if (found?.request === id) return found;
    if (monotonic() - writtenAt > REWRITE_MS) {
      write();
      writtenAt = monotonic();
    }
    return null;
  };
  return {
    status,
    done() {
      const now = status();
      const said = now ? `${now.step} ${now.done}` : '';
      if (said !== heard) {
        heard = said;
        heardAt = monotonic();
      }
      if (now?.state === 'done') return now;
      if (now?.state === 'refused') throw problemOf(now);
      if (monotonic() - heardAt > SILENT_MS) throw new Problem('update-updater-silent');
      return null;
    },
  };
}

function problemOf({ problem }: UpdaterStatus): Problem {
  if (!problem) return new Problem('update-failed', { reason: 'the updater did not report why it refused' });
  return Problem.from(problem);
}
