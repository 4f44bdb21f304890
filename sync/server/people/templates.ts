import type { Transaction } from 'kysely';
import type { TemplateCounts } from '../../protocol/api/people.ts';
import { appendChanges, type NewChange } from '../changes/log.ts';
import { modelsOf, scopesOfPerson } from '../changes/sites.ts';
import { dropTemplates } from '../changes/templates.ts';
import type { Db, Tables } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';

/** How many templates of somebody there are, by model. What they hold is neither read nor decrypted. */
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

/** Every template of somebody goes, here and, as soon as they ask, on the kiosks of all of their sites. */
export async function removeTemplates(tx: Transaction<Tables>, keys: Keys, person: string, now: Date): Promise<void> {
  await dropTemplates(tx, keys, person);
  const models = await modelsOf(tx, person);
  const scopes = await scopesOfPerson(tx, person);
  const told = scopes.flatMap((site) => models.map((model): NewChange => ({ kind: 'templates', person, model, site })));
  await appendChanges(tx, told, now);
}
