import { appendChanges, type NewChange } from '../../platform/changes/log.ts';
import { remove } from '../../platform/database/rows.ts';
import type { Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { dropPairsOf } from '../lookalikes/store.ts';
import { lockPeople } from '../people/people.ts';
import { changesOf, modelsOf, scopesOfPerson } from '../people/sites.ts';
import { dropTemplates } from './templates.ts';

/**
 * Deletes the templates of these people, here and at the kiosks of all their sites.
 *
 * @param o `card`: also delete card templates
 */
export async function forgetTemplates(
  tx: Tx,
  keys: Keys,
  people: readonly string[],
  now: Date,
  { card = true }: { readonly card?: boolean } = {},
): Promise<void> {
  await lockPeople(tx, people);
  const newChanges: NewChange[] = [];
  for (const person of people) {
    const dropped = await dropFaces(tx, keys, person, { card });
    newChanges.push(...dropped.pairs);
    if (dropped.card) newChanges.push(...(await changesOf(tx, person, 'cardTemplate')));
    newChanges.push(...(await templatesOfEachScope(tx, person, await modelsOf(tx, person))));
  }
  await appendChanges(tx, newChanges, now);
}

/**
 * Deletes everything that the server has of a person's face: templates, their card template, pictures, an enrolment that waits
 * for a decision, and pairs of lookalikes.
 *
 * @returns `card`: whether there was a card template; `pairs`: changes for kiosks about the pairs
 */
export async function dropFaces(
  tx: Tx,
  keys: Keys,
  person: string,
  o: { readonly card?: boolean } = {},
): Promise<{ card: boolean; pairs: NewChange[] }> {
  const card = await dropTemplates(tx, keys, person, o);
  // Without consent, or without templates, they have no purpose any more.
  for (const table of ['enrolment_photo', 'enrolment_case'] as const) await remove(tx, table, { person });
  return { card, pairs: await dropPairsOf(tx, person) };
}

/** Returns changes that make the kiosks of all of a person's sites reload their templates of these models. */
export async function templatesOfEachScope(tx: Tx, person: string, models: string[]): Promise<NewChange[]> {
  const scopes = await scopesOfPerson(tx, person);
  return scopes.flatMap((site) => models.map((model): NewChange => ({ kind: 'templates', person, model, site })));
}
