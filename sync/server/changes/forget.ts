import type { Transaction } from 'kysely';
import type { Tables } from '../database/schema.ts';
import { dropPhotos } from '../enrolment/photos.ts';
import { dropCasesOf } from '../enrolment/waiting.ts';
import type { Keys } from '../keys/envelope.ts';
import { dropPairsOf } from '../lookalikes/store.ts';
import { lockPeople } from '../people/people.ts';
import { appendChanges, type NewChange } from './log.ts';
import { modelsOf, scopesOfPerson } from './sites.ts';
import { dropTemplates } from './templates.ts';

/**
 * Removes the templates of these people here, and tells the kiosks of all their sites that there are none.
 *
 * @param o `card`: also what their card opens
 */
export async function forgetTemplates(
  tx: Transaction<Tables>,
  keys: Keys,
  people: readonly string[],
  now: Date,
  { card = true }: { readonly card?: boolean } = {},
): Promise<void> {
  await lockPeople(tx, people);
  const told: NewChange[] = [];
  for (const person of people) {
    const hadCard = await dropTemplates(tx, keys, person, { card });
    await dropPhotos(tx, [person]);
    await dropCasesOf(tx, [person]);
    told.push(...(await dropPairsOf(tx, person)));
    const models = await modelsOf(tx, person);
    for (const site of await scopesOfPerson(tx, person)) {
      if (hadCard) told.push({ kind: 'cardTemplate', person, site });
      for (const model of models) told.push({ kind: 'templates', person, model, site });
    }
  }
  await appendChanges(tx, told, now);
}
