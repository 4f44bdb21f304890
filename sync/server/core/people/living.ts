import { Problem } from '../../../errors/problem.ts';
import { find } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';

/** People who were neither erased nor merged into another. */
export const livingPeople = (db: Db) =>
  db.selectFrom('person').select('id').where('deleted_at', 'is', null).where('merged_into', 'is', null);

/**
 * Locks a person who was neither erased nor merged into another, and keeps them from either until the transaction ends. Every
 * write about a person here begins with it: an erasure that ran beside one would miss what it writes. What events of kiosks
 * write about people, under whatever name, begins with `lockPeople`.
 *
 * @param against what else it keeps out: nothing (`none`), or others that ask for this (`change`)
 * @throws Problem `person-unknown`
 */
export async function requireLiving(tx: Tx, person: string, against: 'none' | 'change'): Promise<void> {
  const living = livingPeople(tx).where('id', '=', person);
  const locked = against === 'none' ? living.forKeyShare() : living.forNoKeyUpdate();
  if (!(await locked.executeTakeFirst())) throw new Problem('person-unknown');
}

/** The person under that name today: merged ones go by the one that was kept. Null when erased, or nobody is known by it. */
export async function livingPerson(tx: Tx, id: string): Promise<string | null> {
  const row = await find(tx, 'person', { id }, ['deleted_at', 'merged_into']);
  if (!row || row.deleted_at) return null;
  return row.merged_into ?? id;
}
