import { sql } from 'kysely';
import * as api from '../../../protocol/api/people.ts';
import { MAX_TEMPLATES } from '../../../protocol/wire/event.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { audited } from '../../platform/audit/opened.ts';
import type { ChangeOf, Reader } from '../../platform/changes/to-kiosks.ts';
import { exists, findAll, findSorted, update } from '../../platform/database/rows.ts';
import type { Tx } from '../../platform/database/schema.ts';
import { MY_DATA, type Reading } from '../../platform/my-data.ts';
import { deleteBy, type ServerModule, UNDER_EVERY_NAME } from '../../platform/server-module.ts';
import { requireLiving, sameAs } from '../people/living.ts';
import { requireShown } from '../people/shown.ts';
import { facesAllowed, templatesAllowed } from '../sites/policy.ts';
import { forgetTemplates } from './forget.ts';
import { enrolmentPhotoPlace, openPhotos } from './photos.ts';
import {
  cardTemplatePlace,
  readCardTemplates,
  readTemplates,
  templateCounts,
  vectorBytes,
  vectorPlace,
} from './templates.ts';
import { casePlace, moveCases, openCasesOf } from './waiting.ts';

const templatesOf = async (tx: Tx, person: string): Promise<api.TemplateCounts> => ({
  person,
  models: await templateCounts(tx, person),
  photo: await exists(tx, 'enrolment_photo', { person: await sameAs(tx, [person]) }),
});

const templateRoutes: readonly Route[] = [
  implement(api.countTemplates, async ({ tx, services: { keys }, params: { person } }) => {
    await requireShown(tx, keys, person);
    return templatesOf(tx, person);
  }),
  implement(api.deleteTemplates, async ({ tx, services: { keys }, params: { person }, now, notify }) => {
    await requireLiving(tx, person, 'change');
    await forgetTemplates(tx, keys, [person], now);
    notify('change');
    return templatesOf(tx, person);
  }),
];

/* A person’s own export: their templates, and the pictures these were made from. */

/** Exports templates with their content: the description of a face is personal data like a name. */
async function* held({ tx, keys, actor, names, now }: Reading) {
  const added = new Map(
    (await findAll(tx, 'template', { person: names }, ['id', 'added_at', 'device'])).map((r) => [r.id, r] as const),
  );
  const why = { actor, route: MY_DATA };
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

/** Exports the pictures that templates were made from here. They are facial data, so decrypting them has its own audit row. */
async function* enrolmentPhotos({ tx, keys, actor, names, now }: Reading) {
  const why = { actor, route: MY_DATA };
  const found = await audited(tx, keys, why, now, (opened) => openPhotos(tx, keys, opened, names));
  for (const { id, picture, pose, madeAt, via } of found)
    yield { id, pose, via, madeAt, jpeg: picture.toString('base64') };
}

/** Exports a person's enrolments that wait for an administrator because the face is similar to someone else's. */
async function* waitingEnrolments({ tx, keys, actor, names, now }: Reading) {
  const why = { actor, route: MY_DATA };
  const found = await audited(tx, keys, why, now, (opened) => openCasesOf(tx, keys, opened, names));
  // Leaves out whose face it is similar to, which is someone else’s data.
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

/** Returns templates for each model that a kiosk may have templates of. Empty lists where the policy allows no templates. */
async function templatesForKiosks(
  { source: { db, keys }, scope, opened }: Reader,
  people: readonly string[],
): Promise<ChangeOf<'templates'>[]> {
  const kept = await readTemplates(db, keys, opened, (await templatesAllowed(db, scope)) ? people : []);
  const models = await findSorted(db, 'person_model', { person: people }, ['person', 'model']);
  return models.map(({ person, model }) => ({
    kind: 'templates',
    person,
    model,
    templates: (kept.get(person)?.get(model) ?? []).slice(-MAX_TEMPLATES),
  }));
}

async function cardsForKiosks(
  { source: { db, keys }, scope, opened }: Reader,
  people: readonly string[],
): Promise<ChangeOf<'cardTemplate'>[]> {
  const onCards = await readCardTemplates(db, keys, (await facesAllowed(db, scope)) ? people : []);
  opened.note('template.card', onCards.keys());
  return [...onCards.values()].map(({ madeAt: _, ...change }) => change);
}

const AS_CONSENTED = 'templates go by the consents of both: core/consents/record.ts moves or drops them';

export const templates: ServerModule = {
  endpoints: templateRoutes,
  kioskChanges: {
    cardTemplate: {
      people: cardsForKiosks,
      nothing: (person) => ({ kind: 'cardTemplate', person, model: '', card: null }),
    },
    templates: {
      people: templatesForKiosks,
      nothing: (person, model) => ({ kind: 'templates', person, model, templates: [] }),
    },
  },
  attention: {
    enrolment: {
      items: () => sql`
        select 'enrolment' as kind, c.id::text as ref, c.made_at as at, 'enrolment-waits' as code, c.person, c.other,
               null::uuid as device, c.score
        from enrolment_case c`,
      decidedElsewhere: true,
    },
  },
  tables: {
    template: {
      sealed: { by: 'person', columns: { sealed: (cell, person) => vectorPlace(cell('id'), person) } },
      exported: 'templates',
      merged: AS_CONSENTED,
      erased: deleteBy('person'),
    },
    card_template: {
      sealed: { by: 'person', columns: { sealed: (cell, person) => cardTemplatePlace(cell('id'), person) } },
      exported: 'templates',
      merged: AS_CONSENTED,
      erased: deleteBy('person'),
    },
    person_model: { exported: 'templateModels', merged: UNDER_EVERY_NAME, erased: deleteBy('person') },
    enrolment_photo: {
      sealed: { by: 'person', columns: { sealed: (cell, person) => enrolmentPhotoPlace(cell('id'), person) } },
      exported: 'enrolmentPhotos',
      merged: UNDER_EVERY_NAME,
      erased: deleteBy('person'),
    },
    enrolment_case: {
      sealed: { by: 'person', columns: { faces: (cell, person) => casePlace(cell('id'), person) } },
      exported: 'waitingEnrolments',
      merged: ({ tx, kept, merged }) => moveCases(tx, kept, merged),
      async erased(erasing) {
        await deleteBy('person')(erasing);
        // An enrolment of someone else, whose face is similar to theirs, is kept.
        const { tx, people } = erasing;
        await update(tx, 'enrolment_case', { other: people }, { other: null });
      },
    },
  },
  myFaces: { enrolmentPhotos, waitingEnrolments, templates: held },
};
