import { sql } from 'kysely';
import { audited } from '../../platform/audit/opened.ts';
import { update } from '../../platform/database/rows.ts';
import { MY_DATA, type Reading } from '../../platform/my-data.ts';
import { deleteBy, type ServerModule, UNDER_EVERY_NAME } from '../../platform/server-module.ts';
import { importsEndJob, importsJob } from './imports/imports.job.ts';
import { importedListsOf, importedPhotosOf } from './imports/photos.ts';
import { importRoutes } from './imports/routes.ts';
import { basisPlace, importPlace, mapPlace } from './imports/runs.ts';
import { enrolmentRoutes } from './routes.ts';

/** Imports that created the person, and pictures of them in imports. */
async function* imports({ tx, keys, actor, names, now }: Reading) {
  yield* await importedListsOf(tx, names);
  const why = { actor, route: MY_DATA };
  yield* await audited(tx, keys, why, now, (opened) => importedPhotosOf(tx, keys, opened, names));
}

export const enrolment: ServerModule = {
  endpoints: [...importRoutes, ...enrolmentRoutes],
  jobs: [importsJob, importsEndJob],
  attention: {
    import: {
      items: () => sql`
        select 'import' as kind, r.id::text as ref, r.made_at as at, 'review' as code, null::uuid as person,
               null::uuid as other, null::uuid as device, null::real as score
        from import_run r
        where r.state = 'open' and exists (select from import_photo p where p.run = r.id and p.state = 'judged')
          and not exists (select from import_photo p where p.run = r.id and p.state = 'waiting')`,
      decidedElsewhere: true,
    },
  },
  tables: {
    import_run: {
      sealed: {
        by: 'environment',
        columns: { basis: (cell) => basisPlace(cell('id')), map: (cell) => mapPlace(cell('id')) },
      },
      notPersonal: 'what the operator said of an import; the pictures in it are shown',
    },
    import_person: { exported: 'imports', merged: UNDER_EVERY_NAME, erased: deleteBy('person') },
    import_photo: {
      sealed: {
        by: 'person-or-environment',
        columns: {
          name: (cell, person) => importPlace('name', cell('id'), person),
          photo: (cell, person) => importPlace('photo', cell('id'), person),
          template: (cell, person) => importPlace('template', cell('id'), person),
        },
      },
      exported: 'imports',
      merged: UNDER_EVERY_NAME,
      async erased(erasing) {
        await deleteBy('person')(erasing);
        // A picture whose face resembled theirs shows someone else, and is kept.
        const { tx, people } = erasing;
        const nobody = { duplicate_of: null, duplicate_score: null };
        await update(tx, 'import_photo', { duplicate_of: people }, nobody);
      },
    },
  },
  myFaces: { imports },
};
