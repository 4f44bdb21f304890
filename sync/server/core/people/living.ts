import { sql } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import { find, findSorted, not } from '../../platform/database/rows.ts';
import type { Db, Row, Tx } from '../../platform/database/schema.ts';

/** Selects people who were neither erased nor merged into another. */
export const livingPeople = (db: Db) =>
  db.selectFrom('person').select('id').where('deleted_at', 'is', null).where('merged_into', 'is', null);

/**
 * Locks a person who was neither erased nor merged into another, and prevents both until the transaction ends. Every write
 * about a person here starts with it, since a concurrent erasure would miss what is written. Writes from events of kiosks,
 * under any id of a person, start with `lockPeople` instead.
 *
 * @param against `change` also waits for other callers with `change`; `none` doesn't
 * @throws Problem `person-unknown`
 */
export async function requireLiving(tx: Tx, person: string, against: 'none' | 'change'): Promise<void> {
  const living = livingPeople(tx).where('id', '=', person);
  const locked = against === 'none' ? living.forKeyShare() : living.forNoKeyUpdate();
  if (!(await locked.executeTakeFirst())) throw new Problem('person-unknown');
}

/** Returns the current id of a person: for merged people that of the kept one. Null if erased or unknown. */
export async function livingPerson(tx: Tx, id: string): Promise<string | null> {
  const row = await find(tx, 'person', { id }, ['deleted_at', 'merged_into']);
  if (!row || row.deleted_at) return null;
  return row.merged_into ?? id;
}

/** Returns the newest erasure request for a person that was not undone. @param person their id, or all of their ids */
export async function openRequestOf(db: Db, person: string | readonly string[]): Promise<Row<'erasure'> | undefined> {
  const newest = { descending: true, limit: 1 } as const;
  return (await findSorted(db, 'erasure', { person, state: not('undone') }, ['requested_at'], newest))[0];
}

/** Returns whether this person's erasure was requested, under any id, so that no templates of theirs are stored any more. */
export async function isErasurePending(db: Db, person: string): Promise<boolean> {
  return (await openRequestOf(db, await sameAs(db, [person]))) !== undefined;
}

/**
 * Returns all ids of these people: their own and those of everyone merged with them, directly or indirectly. Read from the
 * record of merges, which an erasure keeps.
 *
 * @returns ids, sorted, always including the given ones
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
