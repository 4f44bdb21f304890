import { z } from 'zod';
import * as api from '../../../protocol/api/consents.ts';
import { Moment } from '../../../protocol/api/page.ts';
import * as portalApi from '../../../protocol/api/portal.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { pageFrom, readPageCursor } from '../../platform/access/cursor.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import { namesOf } from '../people/records.ts';
import { requireShown } from '../people/shown.ts';
import { listConsents } from './list.ts';
import { myConsentTexts } from './mine.ts';
import { giveConsent, type RecordedBy, withdrawConsent } from './record.ts';
import { addText, listTexts, reviewText } from './texts.ts';

/** Sort key of the list. */
const After = z.tuple([Moment, Uuid]);

export const consentRoutes: readonly Route[] = [
  implement(api.listConsents, async ({ tx, services: { keys }, query: { cursor, limit, person }, about }) => {
    const from = readPageCursor(After, cursor);
    const rows = await listConsents(tx, keys, {
      person,
      limit: limit + 1,
      after: from && { at: from[0], id: from[1] },
    });
    const people = rows.slice(0, limit).map((r) => r.person);
    about(people);
    const names = await namesOf(tx, keys, people);
    return pageFrom(
      rows,
      limit,
      (r) => [r.receivedAt, r.id],
      ({ receivedAt: _, ...consent }) => ({ ...consent, name: names.get(consent.person) ?? null }),
    );
  }),
  implement(
    api.recordConsent,
    async ({ tx, services: { keys }, actor, params: { person }, body, now, about, notify }) => {
      about([person]);
      const standing = await giveConsent(tx, keys, person, body, byStaff(actor), now);
      notify('change');
      return { person, standing };
    },
  ),
  implement(api.withdrawConsent, async ({ tx, services: { keys }, actor, params: { person }, now, about, notify }) => {
    about([person]);
    const standing = await withdrawConsent(tx, keys, person, byStaff(actor), now);
    notify('change');
    return { person, standing };
  }),
  implement(api.listConsentTexts, async ({ tx }) => ({ items: await listTexts(tx) })),
  implement(portalApi.listConsentTextsFor, async ({ tx, services: { keys }, params: { person }, about }) => {
    about([person]);
    await requireShown(tx, keys, person);
    return myConsentTexts(tx, person);
  }),
  implement(api.addConsentText, async ({ tx, actor, body, now, on }) => {
    on(`${body.version} ${body.language}`);
    await addText(tx, body, actor.id, now);
    return { items: await listTexts(tx) };
  }),
  implement(api.reviewConsentText, async ({ tx, actor, params, now, on, notify }) => {
    on(`${params.version} ${params.language}`);
    await reviewText(tx, params, actor.id, now);
    notify('change');
    return { items: await listTexts(tx) };
  }),
];

const byStaff = (actor: Actor): RecordedBy => ({ via: 'staff', account: actor.id });
