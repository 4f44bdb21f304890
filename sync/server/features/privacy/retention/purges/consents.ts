import { sql } from 'kysely';
import { held } from '../../../../core/people/holds.ts';
import { olderThan, type Purge } from '../purge.ts';

const BATCH = 500;

/** The last word of everybody who has withdrawn: as core/consents/standing.ts decides which word is the last. */
const ended = sql`(
  select * from (select distinct on (person) person, action, at from consent order by person, at desc, action desc) last
  where action = 'withdrawn')`;

/** Records of consents that were withdrawn long ago, with what the event said of them. */
export const consents: Purge = {
  kind: 'consents',
  rows: ({ settings, now }) => ({
    from: sql`${ended} c where true`,
    at: sql`c.at`,
    due: olderThan(sql`c.at`, settings.consentDays, now),
    isHeld: held({ person: sql`c.person`, at: sql`c.at` }),
  }),
  async remove(tx, due) {
    const { rows } = await sql<{ person: string; event: string }>`
      delete from consent where person in (select c.person from ${due} limit ${BATCH})
      returning person, event`.execute(tx);
    // A guardian's name, say.
    await sql`update event set person = null, personal = null where type = 'consent'
              and id = any(${rows.map((r) => r.event)}::uuid[])`.execute(tx);
    const people = [...new Set(rows.map((r) => r.person))];
    return { removed: people.length, people };
  },
};
