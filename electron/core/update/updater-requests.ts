import { randomUUID } from 'node:crypto';
import { Problem } from '../../../sync/errors/problem.ts';
import { readStatus, requestFile, type UpdateRequest, type UpdaterStatus, writeShared } from './files.ts';
import type { UpdateLayout } from './layout.ts';

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/** An updater that says nothing new for so long is not there, ms. */
const SILENT_MS = 15 * 60_000;
/**
 * A request that nobody has taken up is written again after this long, ms: what starts an updater hears of changes, and misses
 * one that comes just when the last updater ends.
 */
const REWRITE_MS = 20_000;

export interface Asked {
  /** Null while it has said nothing. */
  status(): UpdaterStatus | null;
  /** Null while it works. @throws Problem: its rejection, or `update-updater-silent` */
  done(): UpdaterStatus | null;
}

/** Puts a request into the spool: the previous one, whatever its result, is superseded. */
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
