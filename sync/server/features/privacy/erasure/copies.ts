import { above, findSorted, get, update } from '../../../platform/database/rows.ts';
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
  const [next] = await findSorted(db, 'backup', { taken_at: above(closed_at!) }, ['taken_at'], { limit: 1 });
  if (!next) return { waits: 'backup-awaited', forMs: HOUR_MS };
  const expiresAt = new Date(next.finished_at.getTime() + config.retention.keyringBackupDays * DAY_MS);
  return { done: { expiresAt: expiresAt.toISOString() } };
}

/** A backup was made: erasures that waited for one go on at once, not at their next check. */
export async function backupMade(db: Db, at: Date): Promise<void> {
  await update(db, 'erasure_step', { step: 'copies', done_at: null, next_at: above(at) }, { next_at: at });
}
