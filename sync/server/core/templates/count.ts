import type { TemplateCounts } from '../../../protocol/api/people.ts';
import type { Db } from '../../platform/database/schema.ts';

/** How many templates of a person there are, by model. What they hold is neither read nor decrypted. */
export async function templateCounts(db: Db, person: string): Promise<TemplateCounts['models']> {
  const rows = await db
    .selectFrom('template')
    .select((e) => ['model', e.fn.countAll<number>().as('count'), e.fn.max('added_at').as('newest')])
    .where('person', '=', person)
    .groupBy('model')
    .orderBy('model')
    .execute();
  return rows.map((r) => ({ model: r.model, count: Number(r.count), newest: new Date(r.newest).toISOString() }));
}
