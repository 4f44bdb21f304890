import { readCardTemplates } from '../../../core/templates/card-templates.ts';
import { openPhotos } from '../../../core/templates/photos.ts';
import { readTemplates } from '../../../core/templates/templates.ts';
import { vectorBytes } from '../../../core/templates/vectors.ts';
import { openCasesOf } from '../../../core/templates/waiting.ts';
import { audited } from '../../../platform/audit/opened.ts';
import { importedListsOf, importedPhotosOf } from '../../enrolment/imports/own.ts';
import type { Reading } from './section.ts';

/* What is kept of a person’s face, and what it was made from. */

/** With what they hold: the description of a face is as much the person's as their name. */
export async function* templates({ tx, keys, actor, names, now }: Reading) {
  const added = new Map(
    (await tx.selectFrom('template').select(['id', 'added_at', 'device']).where('person', 'in', names).execute()).map(
      (r) => [r.id, r] as const,
    ),
  );
  const why = { actor, route: 'GET /api/gdpr/export/my-data' };
  const found = await audited(tx, keys, why, now, (opened) => readTemplates(tx, keys, opened, names));
  for (const [, models] of found)
    for (const [model, list] of models)
      for (const { id, pose, vector } of list) {
        const row = added.get(id);
        yield { id, model, pose, vector, addedAt: row?.added_at.toISOString(), device: row?.device };
      }
  for (const { model, card, madeAt } of (await readCardTemplates(tx, keys, names)).values())
    yield { onCard: card?.id, model, opensWithTheCardAlone: card?.sealed, addedAt: madeAt.toISOString() };
}

/** For which models there are, or may be, templates: on kiosks, and since a move to another model. */
export async function* templateModels({ tx, names }: Reading) {
  const models = await tx.selectFrom('person_model').select('model').distinct().where('person', 'in', names).execute();
  for (const { model } of models) yield { kiosksMayHoldTemplatesOfModel: model };
  const moves = await tx
    .selectFrom('model_migration_person as p')
    .innerJoin('model_migration as m', 'm.id', 'p.migration')
    .select(['m.from_model', 'm.to_model', 'm.made_at', 'p.outcome', 'p.code'])
    .where('p.person', 'in', names)
    .execute();
  for (const m of moves)
    yield { movedFrom: m.from_model, to: m.to_model, at: m.made_at.toISOString(), outcome: m.outcome, code: m.code };
}

/** How well their face was recognised. */
export async function* scores({ tx, names }: Reading) {
  const rows = await tx.selectFrom('person_score').selectAll().where('person', 'in', names).execute();
  for (const { model, since, count, baseline, recent, updated_at } of rows)
    yield { model, since: since.toISOString(), count, baseline, recent, updatedAt: updated_at.toISOString() };
}

/** Lists that they were put down by, and pictures of them that wait for a review, or were refused. */
export async function* imports({ tx, keys, actor, names, now }: Reading) {
  yield* await importedListsOf(tx, names);
  const why = { actor, route: 'GET /api/gdpr/export/my-data' };
  yield* await audited(tx, keys, why, now, (opened) => importedPhotosOf(tx, keys, opened, names));
}

/** What templates were made from here; facial data, so opening it leaves a row of its own. */
export async function* enrolmentPhotos({ tx, keys, actor, names, now }: Reading) {
  const why = { actor, route: 'GET /api/gdpr/export/my-data' };
  const found = await audited(tx, keys, why, now, (opened) => openPhotos(tx, keys, opened, names));
  for (const { id, picture, pose, madeAt, via } of found)
    yield { id, pose, via, madeAt: madeAt.toISOString(), jpeg: Buffer.from(picture).toString('base64') };
}

/** Pictures of theirs that wait for an administrator, since the face is like someone else's. */
export async function* waitingEnrolments({ tx, keys, actor, names, now }: Reading) {
  const why = { actor, route: 'GET /api/gdpr/export/my-data' };
  const found = await audited(tx, keys, why, now, (opened) => openCasesOf(tx, keys, opened, names));
  // Whose face it is like is someone else’s data.
  for (const { id, source, score, madeAt, faces } of found)
    yield {
      id,
      source,
      score,
      madeAt: madeAt.toISOString(),
      pictures: faces.map(({ pose, model, embedding, picture }) => ({
        pose,
        model,
        vector: vectorBytes(embedding).toString('base64'),
        jpeg: Buffer.from(picture).toString('base64'),
      })),
    };
}
