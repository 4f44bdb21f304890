import { embeddersIn } from '../../../../models/node/embedders.ts';
import { embedderId } from '../../../../models/rules/manifest.ts';
import * as api from '../../../protocol/api/embedders.ts';
import { namesOf } from '../../core/people/records.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { findSorted } from '../../platform/database/rows.ts';
import { peopleOf } from '../../platform/keys/persons.ts';
import type { Reading } from '../../platform/my-data.ts';
import { deleteBy, type ServerModule, UNDER_EVERY_NAME } from '../../platform/server-module.ts';
import { embeddersJob } from './embedders.job.ts';
import { presentEmbedder } from './faces.ts';
import { beginMove, cancelMove, finishMove, progressOf, switchKiosks } from './migrate.ts';

const embedderRoutes: readonly Route[] = [
  implement(api.listEmbedders, async ({ tx, services: { config } }) => ({
    present: await presentEmbedder(tx),
    embedders: embeddersIn(config.weights).map((w) => ({ id: embedderId(w), provenance: w.provenance })),
  })),
  implement(api.getEmbedderMove, ({ tx }) => progressOf(tx)),
  implement(api.beginEmbedderMove, async ({ tx, services: { config }, actor, body: { to }, now, on }) => {
    on(to);
    return { migration: await beginMove(tx, { to, weights: config.weights, by: actor.id ?? actor.role }, now) };
  }),
  implement(api.listEmbedderReenrolments, async ({ tx, services: { keys }, about }) => {
    const move = await progressOf(tx);
    if (!move) return { items: [] };
    const undone = { migration: move.id, outcome: 'reenrol' } as const;
    const rows = await findSorted(tx, 'model_migration_person', undone, ['person']);
    const people = peopleOf(rows);
    about(people);
    const names = await namesOf(tx, keys, people);
    return { items: rows.map(({ person, code }) => ({ person, name: names.get(person) ?? null, code })) };
  }),
  implement(api.switchEmbedder, async ({ tx, actor, now, notify }) => {
    await switchKiosks(tx, actor.id ?? actor.role, now);
    notify('change');
    return progressOf(tx);
  }),
  implement(api.finishEmbedderMove, async ({ tx, now, notify }) => {
    notify('change');
    return { people: await finishMove(tx, now) };
  }),
  implement(api.cancelEmbedderMove, async ({ tx, now, notify }) => {
    await cancelMove(tx, now);
    notify('change');
    return progressOf(tx);
  }),
];

/** Models of which kiosks may have templates of the person, and what moves to another model did for them. */
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
    yield { movedFrom: m.from_model, to: m.to_model, at: m.made_at, outcome: m.outcome, code: m.code };
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
