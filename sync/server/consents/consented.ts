import type { Transaction } from 'kysely';
import { standingOf } from '../changes/consent.ts';
import { cardOfEachScope, dropFaces, templatesOfEachScope } from '../changes/forget.ts';
import type { NewChange } from '../changes/log.ts';
import { modelsOf } from '../changes/sites.ts';
import { catchUp } from '../changes/templates.ts';
import type { Tables } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import { isErasurePending } from '../people/erasing.ts';

/**
 * A person's consent is another now: their templates are taken out of the log of events, or dropped.
 *
 * @returns what their kiosks are to be told
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
