import type { Db } from '../../platform/database/schema.ts';

export interface OpenRequest {
  readonly request: string;
  readonly part_of: string | null;
  readonly state: 'requested' | 'closed' | 'done' | 'undone';
}

/** The request about this person that was not taken back. */
export function openRequestOf(db: Db, person: string): Promise<OpenRequest | undefined> {
  return db
    .selectFrom('erasure')
    .select(['request', 'part_of', 'state'])
    .where('person', '=', person)
    .where('state', '<>', 'undone')
    .orderBy('requested_at', 'desc')
    .executeTakeFirst();
}

/** Whether anyone asked for this person's erasure, so that no template of theirs is taken any more. */
export async function isErasurePending(db: Db, person: string): Promise<boolean> {
  return (await openRequestOf(db, person)) !== undefined;
}
