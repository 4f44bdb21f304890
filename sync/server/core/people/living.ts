import { sql } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import { find, findSorted, not } from '../../platform/database/rows.ts';
import type { Db, Row, Tx } from '../../platform/database/schema.ts';

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

/** The current person under that name: merged people are represented by the one that was kept. Null if erased or unknown. */
export async function livingPerson(tx: Tx, id: string): Promise<string | null> {
  const row = await find(tx, 'person', { id }, ['deleted_at', 'merged_into']);
  if (!row || row.deleted_at) return null;
  return row.merged_into ?? id;
}

/** The request about this person, by one of these names, that was not taken back. */
export async function openRequestOf(db: Db, person: string | readonly string[]): Promise<Row<'erasure'> | undefined> {
  const newest = { descending: true, limit: 1 } as const;
  return (await findSorted(db, 'erasure', { person, state: not('undone') }, ['requested_at'], newest))[0];
}

/** Whether anyone asked for this person's erasure, under whichever name, so that no template of theirs is taken any more. */
export async function isErasurePending(db: Db, person: string): Promise<boolean> {
  return (await openRequestOf(db, await sameAs(db, [person]))) !== undefined;
}

/**
 * Everybody who these people are: themselves, those they were merged with, and so on. Read from the record of merges,
 * which also stands after an erasure.
 *
 * @returns ids, sorted; those asked for always among them
 */
export async function sameAs(db: Db, people: readonly string[]): Promise<string[]> {
  if (people.length === 0) return [];
  const { rows } = await sql<{ id: string }>`
    with recursive same (id) as (
      select unnest(${[...people]}::uuid[])
      union
      select case when m.kept = same.id then m.merged else m.kept end
      from same join person_merge m on m.kept = same.id or m.merged = same.id
    )
    select id from same`.execute(db);
  return rows.map((r) => r.id).sort();
}
