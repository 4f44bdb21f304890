import { sql, type Transaction } from 'kysely';
import type { Tables } from '../database/schema.ts';

/**
 * The feed of changes: each check-in carries the position of its last change, and a reader asks for what lies above the
 * position it has seen. With one writer (PGlite) positions become visible in order; several replicas will need more than a
 * sequence here, since one may commit 8 after another committed 9.
 */
export const nextChange = sql<number>`nextval('feed_change')`;

/** These rows are to be shown anew. */
export async function touchCheckin(tx: Transaction<Tables>, id: string): Promise<void> {
  await tx.updateTable('checkin').set({ change: nextChange }).where('id', '=', id).execute();
}

export async function touchCheckinsOf(tx: Transaction<Tables>, person: string): Promise<void> {
  await tx.updateTable('checkin').set({ change: nextChange }).where('person', '=', person).execute();
}
