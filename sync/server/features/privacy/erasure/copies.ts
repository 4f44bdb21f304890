import { get } from '../../../platform/database/rows.ts';
import type { Db } from '../../../platform/database/schema.ts';
import type { StepContext, StepEnd } from './steps.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/**
 * When the last copy of the person's key in a backup expires: the copies of the keyring from before are superseded by that
 * of the next backup, and deleted so many days after. Without an object store this server makes none.
 */
export async function lastKeyCopy({ db, config, objects, request }: StepContext): Promise<StepEnd> {
  if (!objects) return { done: { expiresAt: null } };
  const { closed_at } = await get(db, 'erasure', { request }, ['closed_at']);
  const next = await db
    .selectFrom('backup')
    .select('finished_at')
    .where('taken_at', '>', closed_at!)
    .orderBy('taken_at')
    .limit(1)
    .executeTakeFirst();
  if (!next) return { waits: 'backup-awaited', forMs: HOUR_MS };
  const expiresAt = new Date(next.finished_at.getTime() + config.retention.keyringBackupDays * DAY_MS);
  return { done: { expiresAt: expiresAt.toISOString() } };
}

/** A backup was made: erasures that waited for one go on at once, not at their next check. */
export async function backupMade(db: Db, at: Date): Promise<void> {
  await db
    .updateTable('erasure_step')
    .set({ next_at: at })
    .where('step', '=', 'copies')
    .where('done_at', 'is', null)
    .where('next_at', '>', at)
    .execute();
}
