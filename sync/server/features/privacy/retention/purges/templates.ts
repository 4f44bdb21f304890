import { sql } from 'kysely';
import { held } from '../../../../core/people/holds.ts';
import { forgetTemplates } from '../../../../core/templates/forget.ts';
import { countDue, type Purge, type PurgeContext, purgeBatch } from '../purge.ts';
import { cutoff } from '../rules.ts';

/** People in one transaction: each is several statements. */
const BATCH = 50;

const isHeld = held({ person: sql`t.person` });

/** People with templates, and when a face of theirs was last of use. */
const used = sql`(
  select t.person, greatest(max(t.added_at), (
      select max(c.at) from checkin c where c.person = t.person and c.method like '%face%')) as at
  from (select person, added_at from template union all select person, made_at from card_template) t
  group by t.person)`;

const before = ({ settings, now }: PurgeContext) => cutoff(settings.templateDays, now)!.toISOString();

/**
 * Templates of people who have not used their face for long: kept data without a use. Kiosks are notified; the consent
 * stays.
 */
export const templates: Purge = {
  kind: 'templates',
  find: (context) =>
    countDue(context.db, {
      from: sql`${used} t`,
      at: sql`t.at`,
      due: sql`t.at < ${before(context)}::timestamptz`,
      isHeld,
    }),
  batch: (context) =>
    purgeBatch(context, 'templates', async (tx) => {
      const { rows } = await sql<{ person: string }>`
        select t.person from ${used} t where t.at < ${before(context)}::timestamptz and not ${isHeld}
        order by t.person limit ${BATCH}`.execute(tx);
      const people = rows.map((r) => r.person);
      await forgetTemplates(tx, context.keys, people, context.now);
      return { removed: people.length, people };
    }),
};
