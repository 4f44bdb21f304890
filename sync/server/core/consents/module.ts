import type { z } from 'zod';
import * as api from '../../../protocol/api/consents.ts';
import * as peopleApi from '../../../protocol/api/people.ts';
import * as portalApi from '../../../protocol/api/portal.ts';
import { byTimeOf, type Page, pageOfItems, readPage } from '../../platform/access/list.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import type { NewChange } from '../../platform/changes/log.ts';
import { update } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import type { OneEvent } from '../../platform/events.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { emptyLog } from '../../platform/keys/personal.ts';
import { paged, type Reading } from '../../platform/my-data.ts';
import { deleteBy, type ServerModule } from '../../platform/server-module.ts';
import { isErasurePending, requireLiving } from '../people/living.ts';
import { byStaff, namesOf } from '../people/records.ts';
import { requireShown } from '../people/shown.ts';
import { changesOf } from '../people/sites.ts';
import { facesAllowed, templatesAllowed } from '../sites/policy.ts';
import { templatesOfEachScope } from '../templates/forget.ts';
import { applyTemplates, keepCardTemplate, noteModels } from '../templates/templates.ts';
import { adoptShipped, myConsentTexts, textList } from './filled.ts';
import { agreedAlone, forgetMinor, minorPlace, minorsJob, moveMinor, readMinor, setMinor } from './minors.ts';
import { consented, giveConsent, mergeConsents, withdrawConsent } from './record.ts';
import { openSaid, recordConsent, type Standing, saidPlace, standingOf } from './standing.ts';
import { addText, reviewText } from './texts.ts';

const consentRoutes: readonly Route[] = [
  implement(api.listConsents, async ({ tx, services: { keys }, query, about }) => {
    const page = await listConsents(tx, keys, query);
    const people = page.items.map((r) => r.person);
    about(people);
    const names = await namesOf(tx, keys, people);
    return pageOfItems(page, (consent) => ({ ...consent, name: names.get(consent.person) ?? null }));
  }),
  implement(api.recordConsent, async ({ tx, services: { keys }, actor, params: { person }, body, now, notify }) => {
    const standing = await giveConsent(tx, keys, person, body, byStaff(actor), now);
    notify('change');
    return { person, standing };
  }),
  implement(api.withdrawConsent, async ({ tx, services: { keys }, actor, params: { person }, now, notify }) => {
    const standing = await withdrawConsent(tx, keys, person, byStaff(actor), now);
    notify('change');
    return { person, standing };
  }),
  implement(api.listConsentTexts, ({ tx }) => textList(tx)),
  implement(portalApi.listConsentTextsFor, async ({ tx, services: { keys }, params: { person } }) => {
    await requireShown(tx, keys, person);
    return myConsentTexts(tx, person);
  }),
  implement(api.adoptConsentTexts, async ({ tx, actor, body: { version }, now, on }) => {
    on(version);
    await adoptShipped(tx, version, actor.id, now);
    return textList(tx);
  }),
  implement(api.addConsentText, async ({ tx, actor, body, now, on }) => {
    on(`${body.version} ${body.language}`);
    await addText(tx, body, actor.id, now);
    return textList(tx);
  }),
  implement(api.reviewConsentText, async ({ tx, actor, params, now, notify }) => {
    await reviewText(tx, params, actor.id, now);
    notify('change');
    return textList(tx);
  }),
];

const SORTING = { by: { receivedAt: byTimeOf('received_at'), at: byTimeOf('at') }, id: 'event' };

async function listConsents(
  db: Db,
  keys: Keys,
  { person, action, from, to, ...ask }: z.output<typeof api.ConsentQuery>,
): Promise<Page<api.Consent>> {
  let query = db.selectFrom('consent').selectAll();
  if (person !== undefined) query = query.where('person', '=', person);
  if (action !== undefined) query = query.where('action', '=', action);
  if (from !== undefined) query = query.where('at', '>=', new Date(from));
  if (to !== undefined) query = query.where('at', '<', new Date(to));
  const page = await readPage(db, query, SORTING, ask);
  const said = await openSaid(db, keys, page.items);
  return pageOfItems(page, (r) => ({
    id: r.event,
    person: r.person,
    action: r.action,
    textVersion: r.text_version,
    language: r.language,
    at: r.at.toISOString(),
    via: r.via,
    device: r.device,
    guardian: said.get(r.event)?.guardian ?? null,
    basis: said.get(r.event)?.basis ?? null,
  }));
}

const minorRoutes: readonly Route[] = [
  implement(peopleApi.getMinor, async ({ tx, services: { keys }, params: { person }, now }) => {
    await requireShown(tx, keys, person);
    return { minor: await readMinor(tx, keys, person, now) };
  }),
  implement(peopleApi.setMinor, async ({ tx, services: { keys }, params: { person }, body, now, notify }) => {
    await requireLiving(tx, person, 'change');
    await setMinor(tx, keys, person, body, now);
    notify('board');
    return { minor: await readMinor(tx, keys, person, now) };
  }),
  implement(peopleApi.removeMinor, async ({ tx, params: { person }, notify }) => {
    await requireLiving(tx, person, 'change');
    await forgetMinor(tx, person);
    notify('board');
    return { minor: null };
  }),
];

async function* given({ tx, keys, names }: Reading) {
  for (const person of names) {
    yield* paged((page) => listConsents(tx, keys, { person, sort: '-receivedAt', ...page }));
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
        // A merge moves consents to the kept person, but their values stay under the key of the person who gave them, which is
        // destroyed now.
        const { tx, people } = erasing;
        await update(tx, 'consent', { said_of: people }, { said: null, said_of: null });
      },
    },
    consent_adoption: { notPersonal: 'which account has adopted which text that ships' },
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

/* Events of kiosks about consents, and about templates, which are kept only while a consent is in force. */

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
  // People who have asked to be erased have no templates any more, even while the request can be undone. No template is
  // stored either where faces are switched off, or are kept on cards.
  const allowed = await (card ? facesAllowed : templatesAllowed)(tx, scope);
  const standing = (await isErasurePending(tx, person)) || !allowed ? 'withdrawn' : await standingFor(tx, person);
  // It may have arrived before its consent. Then it waits in the log of events.
  if (standing === 'none') return;
  // By default only this kiosk is answered: it may not know yet that the consent was withdrawn, and gets an empty set.
  let changes: NewChange[] = card
    ? [{ kind: 'cardTemplate', person, device }]
    : [{ kind: 'templates', person, model: open.model, device }];
  if (standing !== 'given') {
    if (!card) await noteModels(tx, person, [open.model]);
  } else if (card) {
    // Only that card can open it.
    await keepCardTemplate(tx, keys, { person, device, model: open.model, card }, at);
    changes = await changesOf(tx, person, 'cardTemplate');
  } else {
    const { templates, quality } = event.personal;
    const added = { id, device, ...open, templates: templates?.value, quality: quality?.value };
    await applyTemplates(tx, keys, person, added, now);
    changes = await templatesOfEachScope(tx, person, [open.model]);
  }
  await emptyLog(tx, keys, [id]);
  publish(changes);
}

/** Returns a consent's standing. `withdrawn` for a minor without a guardian's consent: their template is kept nowhere. */
async function standingFor(tx: Tx, person: string): Promise<Standing> {
  const standing = await standingOf(tx, person);
  return standing === 'none' && (await agreedAlone(tx, person)) ? 'withdrawn' : standing;
}
