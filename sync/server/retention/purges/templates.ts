import { sql } from 'kysely';
import { forgetTemplates } from '../../changes/forget.ts';
import { held } from '../holds.ts';
import { type Found, type Purge, type PurgeContext, purgeBatch } from '../purge.ts';
import { cutoff } from '../rules.ts';

/** People in one transaction: each is several statements. */
const BATCH = 50;

const isHeld = held({ person: sql`t.person` });

/** People with templates, and when a face of theirs was last of use. */
const used = sql`(
  select t.person, greatest(max(t.added_at), (
      select max(c.at) from checkin c where c.person = t.person and c.method like '%face%')) as at
  from template t group by t.person)`;

const before = ({ settings, now }: PurgeContext) => cutoff(settings.templateDays, now)!.toISOString();

/** Templates of whoever has not used their face for long: kept data without a use. Kiosks are told; the consent stays. */
export const templates: Purge = {
  kind: 'templates',
  async find(context): Promise<Found> {
    const { rows } = await sql<{ due: number; held: number; oldest: Date | null }>`
      select count(*) filter (where t.at < ${before(context)}::timestamptz and not ${isHeld})::int as due,
             count(*) filter (where t.at < ${before(context)}::timestamptz and ${isHeld})::int as held, min(t.at) as oldest
      from ${used} t`.execute(context.db);
    return rows[0]!;
  },
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
