import { z } from 'zod';
import {
  ConsentAnswer,
  ConsentPage,
  ConsentQuery,
  ConsentTextList,
  Language,
  NewConsent,
  NewConsentText,
  TextVersion,
} from '../../../protocol/api/consents.ts';
import { Moment } from '../../../protocol/api/page.ts';
import { MyConsentTexts } from '../../../protocol/api/portal.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { pageFrom, readPageCursor } from '../../platform/access/cursor.ts';
import { type RouteSpec, route } from '../../platform/access/route.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import { namesOf } from '../people/records.ts';
import { requireShown } from '../people/shown.ts';
import { listConsents } from './list.ts';
import { myConsentTexts } from './mine.ts';
import { giveConsent, type RecordedBy, withdrawConsent } from './record.ts';
import { addText, listTexts, reviewText } from './texts.ts';

/** Sort key of the list. */
const After = z.tuple([Moment, Uuid]);
const OfPerson = z.strictObject({ person: Uuid });

const list = route({
  method: 'GET',
  path: '/api/consents',
  summary: 'Consents and withdrawals, newest first',
  roles: ['admin', 'dpo', 'staff'],
  data: ['consent', 'consent.guardian', 'person.name'],
  action: 'read',
  query: ConsentQuery,
  answer: ConsentPage,
  errors: ['cursor-unreadable'],
  async handle({ tx, services: { keys }, query: { cursor, limit, person }, about }) {
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
      ({ receivedAt: _, ...consent }) => ({ ...consent, name: names.get(consent.person) ?? null }),
      (r) => [r.receivedAt, r.id],
    );
  },
});

const give = route({
  method: 'POST',
  path: '/api/people/:person/consents',
  summary: 'Put on record that a person agreed, having said so to staff',
  roles: ['admin', 'staff'],
  data: ['consent', 'consent.guardian'],
  action: 'write',
  params: OfPerson,
  body: NewConsent,
  answer: ConsentAnswer,
  errors: [
    'person-unknown',
    'consent-text-not-reviewed',
    'consent-outdated',
    'privacy-not-set',
    'guardian-required',
    'name-unreadable',
  ],
  async handle({ tx, services: { keys }, actor, params: { person }, body, now, about, notify }) {
    about([person]);
    const standing = await giveConsent(tx, keys, person, body, byStaff(actor), now);
    notify('change');
    return { person, standing };
  },
});

const withdraw = route({
  method: 'POST',
  path: '/api/people/:person/consents/withdraw',
  summary: 'A person takes their consent back: their templates go at once, here and on every kiosk',
  roles: ['admin', 'dpo', 'staff'],
  data: ['consent', 'template'],
  action: 'write',
  params: OfPerson,
  answer: ConsentAnswer,
  errors: ['person-unknown'],
  async handle({ tx, services: { keys }, actor, params: { person }, now, about, notify }) {
    about([person]);
    const standing = await withdrawConsent(tx, keys, person, byStaff(actor), now);
    notify('change');
    return { person, standing };
  },
});

const texts = route({
  method: 'GET',
  path: '/api/consent-texts',
  summary: 'The customer’s own consent texts, newest first',
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  data: [],
  action: 'read',
  answer: ConsentTextList,
  handle: async ({ tx }) => ({ items: await listTexts(tx) }),
});

const textsFor = route({
  method: 'GET',
  path: '/api/people/:person/consent-texts',
  summary: 'What a person may agree to, as they read it: with who runs the place, and how long photos are kept',
  roles: ['admin', 'staff'],
  data: ['person.name'],
  action: 'read',
  params: OfPerson,
  answer: MyConsentTexts,
  errors: ['person-unknown'],
  async handle({ tx, services: { keys }, params: { person }, about }) {
    about([person]);
    await requireShown(tx, keys, person);
    return myConsentTexts(tx, person);
  },
});

const add = route({
  method: 'POST',
  path: '/api/consent-texts',
  summary: 'Add a text; kiosks get it once it was reviewed',
  roles: ['admin', 'dpo'],
  data: [],
  action: 'write',
  body: NewConsentText,
  maxBody: 256 * 1024,
  answer: ConsentTextList,
  errors: ['consent-text-exists'],
  async handle({ tx, actor, body, now, on }) {
    on(`${body.version} ${body.language}`);
    await addText(tx, body, actor.id, now);
    return { items: await listTexts(tx) };
  },
});

const review = route({
  method: 'POST',
  path: '/api/consent-texts/:version/:language/review',
  summary: 'Someone who knows the language and the law has read it: people may agree to it from now on',
  roles: ['dpo'],
  data: [],
  action: 'write',
  params: z.strictObject({ version: TextVersion, language: Language }),
  answer: ConsentTextList,
  errors: ['consent-text-unknown', 'consent-texts-too-long'],
  async handle({ tx, actor, params, now, on, notify }) {
    on(`${params.version} ${params.language}`);
    await reviewText(tx, params, actor.id, now);
    notify('change');
    return { items: await listTexts(tx) };
  },
});

export const consentRoutes: readonly RouteSpec[] = [list, give, withdraw, texts, textsFor, add, review];

const byStaff = (actor: Actor): RecordedBy => ({ via: 'staff', account: actor.id });
