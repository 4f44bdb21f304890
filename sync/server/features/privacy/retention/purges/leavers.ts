import { sql } from 'kysely';
import { held } from '../../../../core/people/holds.ts';
import { requestErasure } from '../../erasure/request.ts';
import { olderThan, type Purge } from '../purge.ts';

const BATCH = 100;

/** Living people who belong to no site, and nobody has asked to erase yet. */
const gone = sql`person p where p.deleted_at is null and p.merged_into is null
  and not exists (select from person_site s where s.person = p.id)
  and not exists (select from erasure e where e.person = p.id and e.state <> 'undone')`;

/** People who belong to no site any more: their erasure is asked for, and can be taken back like any other. */
export const leavers: Purge = {
  kind: 'leavers',
  /** The time someone left is the first run that finds them without a site. */
  async prepare({ db, now }) {
    await sql`update person p set left_at = case when s.person is null then ${now.toISOString()}::timestamptz end
      from person q left join (select distinct person from person_site) s on s.person = q.id
      where p.id = q.id and p.deleted_at is null and (p.left_at is null) = (s.person is null)
        and p.merged_into is null`.execute(db);
  },
  rows: ({ settings, now }) => ({
    from: gone,
    at: sql`p.left_at`,
    due: olderThan(sql`p.left_at`, settings.leaverDays, now),
    isHeld: held({ person: sql`p.id` }),
  }),
  async remove(tx, due, { keys, now, settings }) {
    const { rows } = await sql<{ id: string }>`select p.id from ${due} order by p.id limit ${BATCH}`.execute(tx);
    for (const { id } of rows)
      await requestErasure(tx, keys, { person: id, origin: 'retention', undoDays: settings.erasureUndoDays }, now);
    return { removed: rows.length, people: rows.map((r) => r.id) };
  },
};
