import * as api from '../../../protocol/api/people.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import type { NewChange } from '../../platform/changes/log.ts';
import { update } from '../../platform/database/rows.ts';
import type { Tx } from '../../platform/database/schema.ts';
import type { OneEvent } from '../../platform/events.ts';
import { emptyLog } from '../../platform/keys/personal.ts';
import { PAGE, type Place, paged, type Reading } from '../../platform/my-data.ts';
import { deleteBy, type ServerModule } from '../../platform/server-module.ts';
import { isErasurePending } from '../people/erasure-requests.ts';
import { requireLiving } from '../people/living.ts';
import { requireShown } from '../people/shown.ts';
import { facesAllowed, templatesAllowed } from '../sites/faces.ts';
import { keepCardTemplate } from '../templates/card-templates.ts';
import { cardOfEachScope, templatesOfEachScope } from '../templates/forget.ts';
import { applyTemplates, noteModels } from '../templates/templates.ts';
import { consented, mergeConsents } from './consented.ts';
import { agreedAlone, forgetMinor, minorPlace, minorsJob, moveMinor, readMinor, setMinor } from './minors/minors.ts';
import { consentRoutes, listConsents } from './routes.ts';
import { saidPlace } from './said.ts';
import { recordConsent, type Standing, standingOf } from './standing.ts';

const minorRoutes: readonly Route[] = [
  implement(api.getMinor, async ({ tx, services: { keys }, params: { person }, now }) => {
    await requireShown(tx, keys, person);
    return { minor: await readMinor(tx, keys, person, now) };
  }),
  implement(api.setMinor, async ({ tx, services: { keys }, params: { person }, body, now, notify }) => {
    await requireLiving(tx, person, 'change');
    await setMinor(tx, keys, person, body, now);
    notify('board');
    return { minor: await readMinor(tx, keys, person, now) };
  }),
  implement(api.removeMinor, async ({ tx, params: { person }, notify }) => {
    await requireLiving(tx, person, 'change');
    await forgetMinor(tx, person);
    notify('board');
    return { minor: null };
  }),
];

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

/* What kiosks say of consents, and of templates, which are kept under a standing consent alone. */

async function takeConsent({ tx, keys, event, person, now, publish }: OneEvent<'consent'>): Promise<void> {
  if (!person) return;
  await recordConsent(tx, keys, person, event, event.header.open, now);
  publish(await consented(tx, keys, person, now));
}

async function takeTemplates(one: OneEvent<'template'>): Promise<void> {
  const { tx, keys, event, device, scope, person, at, now, publish } = one;
  if (!person) return;
  const { id, open } = event.header;
  const card = event.personal.card?.value;
  // People who have asked to be erased have no templates any more, however long the request can be taken back; and
  // where faces are switched off, or lie on cards, none is taken.
  const allowed = await (card ? facesAllowed : templatesAllowed)(tx, scope);
  const standing = (await isErasurePending(tx, person)) || !allowed ? 'withdrawn' : await standingFor(tx, person);
  // It may have overtaken its consent: then it waits in the log of events.
  if (standing === 'none') return;
  // The kiosk does not know yet that the consent was withdrawn elsewhere: it gets an empty set.
  let changes: NewChange[] = card
    ? [{ kind: 'cardTemplate', person, device }]
    : [{ kind: 'templates', person, model: open.model, device }];
  if (standing !== 'given') {
    if (!card) await noteModels(tx, person, [open.model]);
  } else if (card) {
    // What is here opens with that card alone.
    await keepCardTemplate(tx, keys, { person, device, model: open.model, card }, at);
    changes = await cardOfEachScope(tx, person);
  } else {
    await applyTemplates(tx, keys, person, { id, device, ...open, templates: event.personal.templates?.value }, now);
    changes = await templatesOfEachScope(tx, person, [open.model]);
  }
  await emptyLog(tx, keys, [id]);
  publish(changes);
}

/** A minor who agreed with no guardian has not agreed: what was made of their face is not kept, here or at the kiosk. */
async function standingFor(tx: Tx, person: string): Promise<Standing> {
  const standing = await standingOf(tx, person);
  return standing === 'none' && (await agreedAlone(tx, person)) ? 'withdrawn' : standing;
}
