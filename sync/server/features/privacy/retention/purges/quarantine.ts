import { sql } from 'kysely';
import { held } from '../../../../core/people/holds.ts';
import { countDue, type Purge, type PurgeContext, purgeBatch } from '../purge.ts';
import { cutoff } from '../rules.ts';

const BATCH = 5000;

const isHeld = held({
  person: sql`q.person`,
  site: sql`(select d.site from device d where d.id = q.device)`,
  latest: sql`q.received_at`,
});
const before = ({ settings, now }: PurgeContext) => cutoff(settings.quarantineDays, now)!.toISOString();

/** Content of events that could not be taken; that something came stays known. */
export const quarantine: Purge = {
  kind: 'quarantine',
  find: (context) =>
    countDue(context.db, {
      from: sql`quarantine q where q.content is not null`,
      at: sql`q.received_at`,
      due: sql`q.received_at < ${before(context)}::timestamptz`,
      isHeld,
    }),
  batch: (context) =>
    purgeBatch(context, 'quarantine', async (tx) => {
      const { rows } = await sql<{ person: string | null }>`
        with due as (
          select q.id, q.person from quarantine q
          where q.content is not null and q.received_at < ${before(context)}::timestamptz and not ${isHeld} limit ${BATCH})
        update quarantine set content = null, person = null from due where quarantine.id = due.id
        returning due.person`.execute(tx);
      return { removed: rows.length, people: rows.map((r) => r.person) };
    }),
};
