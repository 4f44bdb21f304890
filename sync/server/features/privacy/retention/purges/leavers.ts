import { sql } from 'kysely';
import { held } from '../../../../core/people/holds.ts';
import { requestErasure } from '../../erasure/request.ts';
import { countDue, type Purge, type PurgeContext, purgeBatch } from '../purge.ts';
import { cutoff } from '../rules.ts';

const BATCH = 100;

const isHeld = held({ person: sql`p.id` });
/** Living people who belong to no site, and nobody has asked to erase yet. */
const gone = sql`person p where p.deleted_at is null and p.merged_into is null
  and not exists (select from person_site s where s.person = p.id)
  and not exists (select from erasure e where e.person = p.id and e.state <> 'undone')`;

const limit = ({ settings, now }: PurgeContext) => cutoff(settings.leaverDays, now)?.toISOString() ?? null;

/** People who belong to no site any more: their erasure is asked for, and can be taken back like any other. */
export const leavers: Purge = {
  kind: 'leavers',
  async find(context) {
    const before = limit(context);
    await noteLeavers(context);
    return countDue(context.db, {
      from: gone,
      at: sql`p.left_at`,
      due: sql`p.left_at < ${before}::timestamptz`,
      isHeld,
    });
  },
  async batch(context) {
    const before = limit(context);
    if (before === null) return 0;
    await noteLeavers(context);
    return purgeBatch(context, 'leavers', async (tx) => {
      const { rows } = await sql<{ id: string }>`
        select p.id from ${gone} and p.left_at < ${before}::timestamptz and not ${isHeld}
        order by p.id limit ${BATCH}`.execute(tx);
      const { keys, now, settings } = context;
      for (const { id } of rows)
        await requestErasure(tx, keys, { person: id, origin: 'retention', undoDays: settings.erasureUndoDays }, now);
      return { removed: rows.length, people: rows.map((r) => r.id) };
    });
  },
};

/** The time someone left is the first run that finds them without a site. */
async function noteLeavers({ db, now }: PurgeContext): Promise<void> {
  await sql`update person p set left_at = case when s.person is null then ${now.toISOString()}::timestamptz end
    from person q left join (select distinct person from person_site) s on s.person = q.id
    where p.id = q.id and p.deleted_at is null and (p.left_at is null) = (s.person is null)
      and p.merged_into is null`.execute(db);
}
