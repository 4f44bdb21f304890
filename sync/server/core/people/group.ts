import { sql } from 'kysely';
import type { Db } from '../../platform/database/schema.ts';

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
