import type { Logger } from 'pino';
import { readersOf, scopesOf } from '../../core/devices/registry.ts';
import type { Db } from '../../platform/database/schema.ts';
import { topOfLog } from './reader.ts';

/**
 * Returns the kiosks that have new changes after a position of the log. A nudge only saves them the wait for their next ask: a
 * lost one costs seconds.
 *
 * @param after null: start at the end of the log, with no kiosks
 * @returns the devices, and the position to continue from
 */
export async function kiosksToNudge(
  db: Db,
  after: number | null,
): Promise<{ readonly devices: string[]; readonly position: number }> {
  const { position } = await topOfLog(db);
  if (after === null || after >= position) return { devices: [], position };
  const rows = await db
    .selectFrom('change')
    .select(['site', 'device'])
    .distinct()
    .where('position', '>', after)
    .where('position', '<=', position)
    .execute();
  const readers = await readersOf(db, null);
  const scopes = await scopesOf(db, readers);
  const concerns = (id: string) =>
    rows.some((r) => (r.site === null || r.site === scopes.get(id)) && (r.device === null || r.device === id));
  return { devices: readers.filter(concerns), position };
}

/**
 * Prepares nudges: each call of the returned function calls `nudge` with the kiosks that new changes concern.
 *
 * @returns the function to call when changes may have been appended; it never throws
 */
export async function nudger(
  db: Db,
  nudge: (devices: string[]) => void,
  log: Pick<Logger, 'warn'>,
): Promise<() => void> {
  let { position } = await kiosksToNudge(db, null);
  let busy = false;
  let again = false;
  const check = async () => {
    busy = true;
    try {
      while (again) {
        again = false;
        const due = await kiosksToNudge(db, position);
        ({ position } = due);
        if (due.devices.length > 0) nudge(due.devices);
      }
    } catch (err) {
      log.warn({ code: 'nudge-not-sent', err }, 'kiosks could not be notified; they poll as usual');
    } finally {
      busy = false;
    }
  };
  return () => {
    again = true;
    if (!busy) void check();
  };
}
