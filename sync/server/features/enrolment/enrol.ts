import { v7 } from 'uuid';
import { Problem } from '../../../errors/problem.ts';
import { requireOwnConsent } from '../../core/consents/minors.ts';
import { requirePresentConsent } from '../../core/consents/record.ts';
import { standingOf } from '../../core/consents/standing.ts';
import { isErasurePending, requireLiving } from '../../core/people/living.ts';
import { scopesOfPerson } from '../../core/people/sites.ts';
import { policyOf, scopesWithoutFaces } from '../../core/sites/policy.ts';
import { keepPhotos } from '../../core/templates/photos.ts';
import { applyTemplates, madeHere } from '../../core/templates/templates.ts';
import type { NewFace } from '../../core/templates/waiting.ts';
import { appendChanges, type NewChange } from '../../platform/changes/log.ts';
import type { Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';

/**
 * Makes sure that templates of a person may be made here. This always requires a recorded consent to the text in force.
 *
 * @throws Problem `person-unknown`, `erasure-requested`, `consent-missing`, `consent-outdated`, `own-consent-required`,
 *   `faces-off`, `templates-on-card`
 */
export async function requireEnrollable(tx: Tx, keys: Keys, person: string, now: Date): Promise<void> {
  await requireLiving(tx, person, 'change');
  if (await isErasurePending(tx, person)) throw new Problem('erasure-requested');
  if ((await standingOf(tx, person)) !== 'given') throw new Problem('consent-missing');
  await requirePresentConsent(tx, person);
  await requireOwnConsent(tx, keys, person, now);
  const scopes = await scopesOfPerson(tx, person);
  const without = await scopesWithoutFaces(tx);
  if (scopes.length > 0 && scopes.every((scope) => without.includes(scope))) throw new Problem('faces-off');
  for (const scope of scopes)
    if ((await policyOf(tx, scope)).templates === 'card') throw new Problem('templates-on-card');
}

/**
 * Adds templates with the pictures that they were made from, and notifies the person's kiosks. The caller has called
 * `requireEnrollable`.
 */
export async function addFaces(
  tx: Tx,
  keys: Keys,
  person: string,
  faces: readonly NewFace[],
  by: { readonly via: 'staff' | 'import'; readonly by: string | null },
  now: Date,
): Promise<void> {
  const newChanges: NewChange[] = [];
  const scopes = await scopesOfPerson(tx, person);
  for (const [model, of] of Map.groupBy(faces, (f) => f.model)) {
    await applyTemplates(tx, keys, person, madeHere(model, of), now);
    newChanges.push(...scopes.map((site): NewChange => ({ kind: 'templates', person, model, site })));
  }
  const photos = faces.map(({ picture, pose }) => ({ id: v7(), picture, pose }));
  await keepPhotos(tx, keys, person, photos, by, now);
  await appendChanges(tx, newChanges, now);
}
