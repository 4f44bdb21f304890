import type { Services } from '../../../platform/access/route.ts';
import { writeAudit } from '../../../platform/audit/write.ts';
import { inTransaction } from '../../../platform/database/retry.ts';
import { requestErasure } from '../../privacy/erasure/request.ts';
import { entryOf, untouched } from './people.ts';

/** Takes back the people imports made. Each is a request of its own, so that a kill leaves no half and the next run goes on. @returns how many */
export async function undoWanted(services: Services, signal: AbortSignal): Promise<number> {
  const { db, keys, now } = services;
  const runs = await db.selectFrom('import_run').select('id').where('people', '=', 'undoing').orderBy('id').execute();
  let undone = 0;
  for (const { id: run } of runs) {
    for (;;) {
      signal.throwIfAborted();
      const next = await untouched(db, run).limit(1).executeTakeFirst();
      if (!next) break;
      const at = now();
      await requestErasure(db, keys, { person: next.person, origin: 'staff', undoDays: 0 }, at);
      await inTransaction(db, async (tx) => {
        await tx.deleteFrom('import_person').where('person', '=', next.person).execute();
        await writeAudit(tx, keys, entryOf('delete', run, [next.person]), at);
      });
      undone += 1;
    }
    await db.updateTable('import_run').set({ people: 'undone' }).where('id', '=', run).execute();
    services.notify('change');
    services.notify('board');
  }
  return undone;
}
