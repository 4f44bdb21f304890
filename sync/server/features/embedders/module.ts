import type { Reading } from '../../platform/my-data.ts';
import { deleteBy, type ServerModule, UNDER_EVERY_NAME } from '../../platform/server-module.ts';
import { embeddersJob } from './embedders.job.ts';
import { embedderRoutes } from './routes.ts';

/** For which models there are, or may be, templates: on kiosks, and since a move to another model. */
async function* templateModels({ tx, names }: Reading) {
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

export const embedders: ServerModule = {
  endpoints: embedderRoutes,
  jobs: [embeddersJob],
  tables: {
    model_migration: { notPersonal: 'a move to another embedder, which names nobody' },
    model_migration_person: { exported: 'templateModels', merged: UNDER_EVERY_NAME, erased: deleteBy('person') },
  },
  myData: { templateModels },
};
