import type { Transaction } from 'kysely';
import type { NewChange } from '../../platform/changes/log.ts';
import type { Tables } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { isErasurePending } from '../people/erasing.ts';
import { modelsOf } from '../people/sites.ts';
import { cardOfEachScope, dropFaces, templatesOfEachScope } from '../templates/forget.ts';
import { catchUp } from '../templates/templates.ts';
import { standingOf } from './standing.ts';

/**
 * A person's consent is another now: their templates are taken out of the log of events, or dropped.
 *
 * @returns what their kiosks are to receive
 */
export async function consented(tx: Transaction<Tables>, keys: Keys, person: string, now: Date): Promise<NewChange[]> {
  const given = (await standingOf(tx, person)) === 'given' && !(await isErasurePending(tx, person));
  const { card, pairs } = given
    ? { card: await catchUp(tx, keys, person, now), pairs: [] }
    : await dropFaces(tx, keys, person);
  return [
    ...pairs,
    ...(card ? await cardOfEachScope(tx, person) : []),
    ...(await templatesOfEachScope(tx, person, await modelsOf(tx, person))),
  ];
}
