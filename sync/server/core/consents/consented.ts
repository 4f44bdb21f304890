import type { NewChange } from '../../platform/changes/log.ts';
import { update } from '../../platform/database/rows.ts';
import type { Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import type { Merge } from '../../platform/server-module.ts';
import { dropPairsOf } from '../lookalikes/store.ts';
import { isErasurePending } from '../people/erasure-requests.ts';
import { modelsOf } from '../people/sites.ts';
import { cardOfEachScope, dropFaces, templatesOfEachScope } from '../templates/forget.ts';
import { applyTemplates, catchUp, dropTemplates, readTemplates } from '../templates/templates.ts';
import { standingOf } from './standing.ts';

/**
 * A person's consent is another now: their templates are taken out of the log of events, or dropped.
 *
 * @returns what their kiosks are to receive
 */
export async function consented(tx: Tx, keys: Keys, person: string, now: Date): Promise<NewChange[]> {
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

/** Two people are one: the consents of both are the kept one's, and both their templates if they stand on these, or none. */
export async function mergeConsents({ tx, keys, opened, kept, merged, now, publish }: Merge): Promise<void> {
  const templates = (await readTemplates(tx, keys, opened, [merged])).get(merged);
  await dropTemplates(tx, keys, merged);
  await update(tx, 'consent', { person: merged }, { person: kept });
  if ((await standingOf(tx, kept)) !== 'given') {
    await dropTemplates(tx, keys, kept);
    publish(await dropPairsOf(tx, kept));
    return;
  }
  for (const [model, list] of templates ?? [])
    await applyTemplates(tx, keys, kept, { id: kept, device: null, change: 'added', model, templates: list }, now);
}
