import type { Transaction } from 'kysely';
import type { NewChange } from '../../platform/changes/log.ts';
import type { Tables } from '../../platform/database/schema.ts';
import type { OneEvent } from '../../platform/events.ts';
import { emptyLog } from '../../platform/keys/personal.ts';
import { isErasurePending } from '../people/erasure-requests.ts';
import { facesAllowed, templatesAllowed } from '../sites/faces.ts';
import { keepCardTemplate } from '../templates/card-templates.ts';
import { cardOfEachScope, templatesOfEachScope } from '../templates/forget.ts';
import { applyTemplates, noteModels } from '../templates/templates.ts';
import { consented } from './consented.ts';
import { agreedAlone } from './minors/minors.ts';
import { recordConsent, type Standing, standingOf } from './standing.ts';

/* What kiosks say of consents, and of templates, which are kept under a standing consent alone. */

export async function takeConsent({ tx, keys, event, person, now, publish }: OneEvent<'consent'>): Promise<void> {
  if (!person) return;
  await recordConsent(tx, keys, person, event, event.header.open, now);
  publish(await consented(tx, keys, person, now));
}

export async function takeTemplates(one: OneEvent<'template'>): Promise<void> {
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
async function standingFor(tx: Transaction<Tables>, person: string): Promise<Standing> {
  const standing = await standingOf(tx, person);
  return standing === 'none' && (await agreedAlone(tx, person)) ? 'withdrawn' : standing;
}
