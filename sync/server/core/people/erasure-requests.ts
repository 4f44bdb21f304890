import { findSorted, not } from '../../platform/database/rows.ts';
import type { Db, Row } from '../../platform/database/schema.ts';

/** The request about this person that was not taken back. */
export async function openRequestOf(db: Db, person: string): Promise<Row<'erasure'> | undefined> {
  const newest = { descending: true, limit: 1 } as const;
  return (await findSorted(db, 'erasure', { person, state: not('undone') }, ['requested_at'], newest))[0];
}

/** Whether anyone asked for this person's erasure, so that no template of theirs is taken any more. */
export async function isErasurePending(db: Db, person: string): Promise<boolean> {
  return (await openRequestOf(db, person)) !== undefined;
}
