import { v7 } from 'uuid';
import { Problem } from '../../../errors/problem.ts';
import { requireOwnConsent } from '../../core/consents/minors.ts';
import { requirePresentConsent } from '../../core/consents/record.ts';
import { standingOf } from '../../core/consents/standing.ts';
import { isErasurePending, requireLiving } from '../../core/people/living.ts';
import { scopesOfPerson } from '../../core/people/sites.ts';
import { openPhoto, readPhoto } from '../../core/photos/store.ts';
import { policyOf, scopesWithoutFaces } from '../../core/sites/policy.ts';
import { keepPhotos, openPhotos } from '../../core/templates/photos.ts';
import { applyTemplates, madeHere } from '../../core/templates/templates.ts';
import type { NewFace } from '../../core/templates/waiting.ts';
import type { Opened } from '../../platform/audit/opened.ts';
import { appendChanges, type NewChange } from '../../platform/changes/log.ts';
import type { Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { openHalf } from '../../platform/keys/personal.ts';
import { personBox } from '../../platform/keys/persons.ts';

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

/**
 * Returns the newest picture that a person was enrolled with, here or at a kiosk.
 *
 * @param people every id of one person
 * @returns JPEG; null if there is none, or it has not arrived from the kiosk yet
 */
export async function newestPicture(
  tx: Tx,
  keys: Keys,
  opened: Opened,
  people: readonly string[],
): Promise<Uint8Array | null> {
  const own = (await openPhotos(tx, keys, opened, people)).at(-1);
  if (own) return own.picture;
  const row = await tx
    .selectFrom('photo as p')
    .innerJoin('event as e', 'e.id', 'p.event')
    .select(['p.address', 'e.id', 'e.person', 'e.personal', 'e.gps'])
    .where('p.person', 'in', people)
    .where('p.kind', '=', 'enrolment')
    .where('p.complete_at', 'is not', null)
    .orderBy('p.complete_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row) return null;
  opened.note('photo', [people[0]!]);
  const { photoKey, person } = openHalf(keys, await personBox(tx, keys, people), row);
  const sealed = await readPhoto(tx, row.address);
  if (!sealed || typeof photoKey?.value !== 'string' || typeof person?.value !== 'string') return null;
  try {
    return openPhoto(sealed, photoKey.value, { kind: 'enrolment', person: person.value, event: row.id });
  } catch (cause) {
    // A picture that the kiosk encrypted wrongly counts as none.
    if (cause instanceof Problem) return null;
    throw cause;
  }
}
