import { sql } from 'kysely';
import { held } from '../../../../core/people/holds.ts';
import { forgetTemplates } from '../../../../core/templates/forget.ts';
import { olderThan, type Purge } from '../purge.ts';

/** People in one transaction: each is several statements. */
const BATCH = 50;

/** People with templates, and when a face of theirs was last of use. */
const used = sql`(
  select t.person, greatest(max(t.added_at), (
      select max(c.at) from checkin c where c.person = t.person and c.method like '%face%')) as at
  from (select person, added_at from template union all select person, made_at from card_template) t
  group by t.person)`;

/**
 * Templates of people who have not used their face for long: kept data without a use. Kiosks are notified; the consent
 * stays.
 */
export const templates: Purge = {
  kind: 'templates',
  rows: ({ settings, now }) => ({
    from: sql`${used} t where true`,
    at: sql`t.at`,
    due: olderThan(sql`t.at`, settings.templateDays, now),
    isHeld: held({ person: sql`t.person` }),
  }),
  async remove(tx, due, { keys, now }) {
    const { rows } = await sql<{ person: string }>`
      select t.person from ${due} order by t.person limit ${BATCH}`.execute(tx);
    const people = rows.map((r) => r.person);
    await forgetTemplates(tx, keys, people, now);
    return { removed: people.length, people };
  },
};
