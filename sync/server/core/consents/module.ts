import { update } from '../../platform/database/rows.ts';
import { PAGE, type Place, paged, type Reading } from '../../platform/my-data.ts';
import { deleteBy, type ServerModule } from '../../platform/server-module.ts';
import { mergeConsents } from './consented.ts';
import { takeConsent, takeTemplates } from './events.ts';
import { listConsents } from './list.ts';
import { minorsJob } from './minors/minors.job.ts';
import { minorPlace, moveMinor, readMinor } from './minors/minors.ts';
import { minorRoutes } from './minors/routes.ts';
import { consentRoutes } from './routes.ts';
import { saidPlace } from './said.ts';

async function* given({ tx, keys, names }: Reading) {
  for (const person of names) {
    const page = (after: Place | null) => listConsents(tx, keys, { person, limit: PAGE, after });
    yield* paged(page, ({ receivedAt, id }): Place => ({ at: receivedAt, id }));
  }
}

async function* minor({ tx, keys, names, now }: Reading) {
  for (const name of names) {
    const held = await readMinor(tx, keys, name, now);
    if (held) yield held;
  }
}

export const consents: ServerModule = {
  events: { consent: { changes: 'consent' }, template: { changes: 'template' } },
  onEvent: { consent: takeConsent, template: takeTemplates },
  endpoints: [...consentRoutes, ...minorRoutes],
  jobs: [minorsJob],
  tables: {
    consent: {
      sealed: {
        by: 'person',
        id: { event: 'uuid' },
        person: 'said_of',
        columns: { said: (cell, person) => saidPlace(cell('event'), person) },
      },
      exported: 'consents',
      merged: mergeConsents,
      async erased(erasing) {
        await deleteBy('person')(erasing);
        // What was said in someone else's name before a merge stays under the key that is destroyed.
        const { tx, people } = erasing;
        await update(tx, 'consent', { said_of: people }, { said: null, said_of: null });
      },
    },
    consent_text: { notPersonal: 'the operator’s own text' },
    person_minor: {
      sealed: {
        by: 'person',
        id: { person: 'uuid' },
        reads: ['row_version'],
        columns: { sealed: (cell, person) => minorPlace(person, Number(cell('row_version'))) },
      },
      exported: 'minor',
      merged: ({ tx, keys, kept, merged, now }) => moveMinor(tx, keys, kept, merged, now),
      erased: deleteBy('person'),
    },
  },
  myData: { consents: given, minor },
};
