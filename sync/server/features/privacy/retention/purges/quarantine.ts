import { sql } from 'kysely';
import { held } from '../../../../core/people/holds.ts';
import { olderThan, type Purge } from '../purge.ts';

const BATCH = 5000;

const isHeld = held({
  person: sql`q.person`,
  site: sql`(select d.site from device d where d.id = q.device)`,
  latest: sql`q.received_at`,
});

/** Content of events that could not be taken; that something came stays known. */
export const quarantine: Purge = {
  kind: 'quarantine',
  rows: ({ settings, now }) => ({
    from: sql`quarantine q where q.content is not null`,
    at: sql`q.received_at`,
    due: olderThan(sql`q.received_at`, settings.quarantineDays, now),
    isHeld,
  }),
  async remove(tx, due) {
    const { rows } = await sql<{ person: string | null }>`
      with due as (select q.id, q.person from ${due} limit ${BATCH})
      update quarantine set content = null, person = null from due where quarantine.id = due.id
      returning due.person`.execute(tx);
    return { removed: rows.length, people: rows.map((r) => r.person) };
  },
};
