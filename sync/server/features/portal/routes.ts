import type { Transaction } from 'kysely';
import { z } from 'zod';
import { AttendancePage } from '../../../protocol/api/attendance.ts';
import { Moment, pageQuery } from '../../../protocol/api/page.ts';
import {
  ErasureBegun,
  ErasureConfirmation,
  ErasureDemand,
  MyConsent,
  MyConsentAnswer,
  MyConsentTexts,
  MyGps,
  MyProfile,
  MyProfilePatch,
} from '../../../protocol/api/portal.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { myConsentTexts } from '../../core/consents/mine.ts';
import { giveConsent, withdrawConsent } from '../../core/consents/record.ts';
import { changePerson } from '../../core/people/change.ts';
import { personUnknown } from '../../core/people/living.ts';
import { self } from '../../core/people/self.ts';
import { shownPeople } from '../../core/people/shown.ts';
import { policyOf } from '../../core/sites/policy.ts';
import { DEFAULT_SCOPE } from '../../core/sites/sites.ts';
import { pageFrom, readPageCursor } from '../../platform/access/cursor.ts';
import { type RouteSpec, route } from '../../platform/access/route.ts';
import type { Db, Tables } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { searchAttendance } from '../attendance/search.ts';
import { erasureUnknown, requestErasure, undoErasure, undoUntilOf } from '../privacy/erasure/request.ts';
import { makeConfirmation, requireConfirmation } from './confirmation.ts';
import { myData } from './my-data.ts';

/** Only ever about the caller: no route here takes a person’s id. */
const OWN = ['person'] as const;
const PROFILE = ['person.name', 'person.number', 'person.email', 'person.phone', 'person.badge', 'consent'];

const profile = route({
  method: 'GET',
  path: '/api/me',
  summary: 'My profile',
  roles: OWN,
  data: PROFILE,
  action: 'read',
  answer: MyProfile,
  async handle({ tx, services: { keys }, actor, about }) {
    const person = self(actor, about);
    return mine(tx, keys, person);
  },
});

const rectify = route({
  method: 'PATCH',
  path: '/api/me',
  summary: 'Correct my profile; kiosks are notified. Neither old nor new values are kept of it',
  roles: OWN,
  data: PROFILE,
  action: 'write',
  body: MyProfilePatch,
  answer: MyProfile,
  errors: ['person-changed', 'name-unreadable'],
  async handle({ tx, services: { keys }, actor, body, now, about, on, notify }) {
    const person = self(actor, about);
    const changed = await changePerson(tx, keys, person, body, now);
    if (changed.length > 0) {
      on(changed.join(','));
      notify('change');
      notify('board');
    }
    return mine(tx, keys, person);
  },
});

const gps = route({
  method: 'PUT',
  path: '/api/me/gps',
  summary: 'Whether kiosks may record where I check in. With the opt-out, positions that are held go at once',
  roles: OWN,
  data: ['person.gps'],
  action: 'write',
  body: MyGps,
  answer: MyProfile,
  async handle({ tx, services: { keys }, actor, body, now, about, notify }) {
    const person = self(actor, about);
    await changePerson(tx, keys, person, { gpsOptOut: body.optOut }, now);
    notify('change');
    return mine(tx, keys, person);
  },
});

const texts = route({
  method: 'GET',
  path: '/api/me/consent-texts',
  summary: 'What I may agree to here, and who to ask',
  roles: OWN,
  data: [],
  action: 'read',
  answer: MyConsentTexts,
  async handle({ tx, services: { keys }, actor, about }) {
    const person = self(actor, about);
    await mine(tx, keys, person);
    return myConsentTexts(tx, person);
  },
});

const give = route({
  method: 'POST',
  path: '/api/me/consent',
  summary: 'I agree to this text. My face is enrolled at a kiosk, later',
  roles: OWN,
  data: ['consent'],
  action: 'write',
  body: MyConsent,
  answer: MyConsentAnswer,
  errors: ['consent-text-not-reviewed', 'consent-outdated', 'privacy-not-set'],
  async handle({ tx, services: { keys }, actor, body, now, about, notify }) {
    const person = self(actor, about);
    const standing = await giveConsent(tx, keys, person, body, BY_MYSELF, now);
    notify('change');
    return { standing };
  },
});

const withdraw = route({
  method: 'POST',
  path: '/api/me/consent/withdraw',
  summary: 'I take my consent back: my templates go at once, here and on every kiosk',
  roles: OWN,
  data: ['consent', 'template'],
  action: 'write',
  answer: MyConsentAnswer,
  async handle({ tx, services: { keys }, actor, now, about, notify }) {
    const person = self(actor, about);
    const standing = await withdrawConsent(tx, keys, person, BY_MYSELF, now);
    notify('change');
    return { standing };
  },
});

/** Sort key of the list. */
const After = z.tuple([Moment, Uuid]);

const attendance = route({
  method: 'GET',
  path: '/api/me/attendance',
  summary: 'My records, newest first',
  roles: OWN,
  data: ['attendance'],
  action: 'read',
  query: z.strictObject(pageQuery),
  answer: AttendancePage,
  errors: ['cursor-unreadable'],
  async handle({ tx, services: { keys }, actor, query: { cursor, limit }, about }) {
    const person = self(actor, about);
    const from = readPageCursor(After, cursor);
    const found = await searchAttendance(tx, { person }, limit + 1, from && { at: from[0], id: from[1] });
    const { name } = await mine(tx, keys, person);
    return pageFrom(
      found,
      limit,
      (r) => ({ ...r, name }),
      (r) => [r.at, r.id],
    );
  },
});

const exportMine = route({
  method: 'GET',
  path: '/api/gdpr/export/my-data',
  summary: 'Everything that is held of me, as JSON, photos included',
  roles: OWN,
  data: [...PROFILE, 'attendance', 'correction.reason', 'event', 'gps', 'photo', 'template', 'audit'],
  action: 'export',
  answer: 'file',
  limit: { max: 6, perMs: 60_000 },
  async handle({ tx, services: { keys, keyring }, actor, now, about }) {
    const person = self(actor, about);
    await mine(tx, keys, person);
    const { privacy = null } = await policyOf(tx, DEFAULT_SCOPE);
    const day = now.toISOString().slice(0, 10);
    return {
      file: myData(
        { tx, keys, actor, person, now, sealing: async (kid) => keyring.heldSealing(kid) },
        { contacts: privacy },
      ),
      name: `my-data-${day}.json`,
      type: 'application/json',
    };
  },
});

const confirm = route({
  method: 'POST',
  path: '/api/gdpr/delete/my-account/confirmation',
  summary: 'Asked before an erasure: what the request for it has to be given',
  roles: OWN,
  data: ['person.erasure'],
  action: 'read',
  answer: ErasureConfirmation,
  async handle({ services: { keys, config }, actor, now, about }) {
    const { confirmation, expiresAt } = makeConfirmation(keys, self(actor, about), now);
    return { confirmation, expiresAt: expiresAt.toISOString(), undoDays: config.retention.erasureUndoDays };
  },
});

const erase = route({
  method: 'DELETE',
  path: '/api/gdpr/delete/my-account',
  summary: 'Erase me: templates go at once everywhere, the rest when the time to take it back is over',
  roles: OWN,
  data: ['person', 'template', 'photo', 'attendance'],
  action: 'delete',
  body: ErasureDemand,
  answer: ErasureBegun,
  errors: ['confirmation-needed'],
  async handle({ tx, services: { keys, config }, actor, body, now, about, on, notify }) {
    const person = self(actor, about);
    requireConfirmation(keys, person, body.confirmation, now);
    const undoDays = config.retention.erasureUndoDays;
    const begun = await requestErasure(tx, keys, { person, origin: 'person', undoDays }, now);
    on(begun.request);
    notify('change');
    return { request: begun.request, undoUntil: begun.undoUntil?.toISOString() ?? null };
  },
});

const undo = route({
  method: 'POST',
  path: '/api/gdpr/delete/my-account/undo',
  summary: 'I want to stay after all. My face has to be enrolled again',
  roles: OWN,
  data: ['person.erasure'],
  action: 'write',
  answer: MyProfile,
  errors: ['erasure-unknown', 'erasure-under-way'],
  async handle({ tx, services: { keys }, actor, now, about, on }) {
    const person = self(actor, about);
    const open = await openErasure(tx, person);
    if (!open) throw erasureUnknown();
    on(open.request);
    await undoErasure(tx, open.request, now);
    return mine(tx, keys, person);
  },
});

export const portalRoutes: readonly RouteSpec[] = [
  profile,
  rectify,
  gps,
  texts,
  give,
  withdraw,
  attendance,
  exportMine,
  confirm,
  erase,
  undo,
];

const BY_MYSELF = { via: 'person', account: null } as const;

async function mine(tx: Transaction<Tables>, keys: Keys, person: string) {
  const shown = (await shownPeople(tx, keys, [person])).get(person);
  if (!shown) throw personUnknown();
  return { ...shown, erasure: await openErasure(tx, person) };
}

/** A request that has not been carried out yet, and until when it can be taken back. */
async function openErasure(db: Db, person: string): Promise<{ request: string; undoUntil: string | null } | null> {
  const row = await db
    .selectFrom('erasure')
    .select(['request', 'requested_at', 'undo_until'])
    .where('person', '=', person)
    .where('state', '=', 'requested')
    .where('part_of', 'is', null)
    .executeTakeFirst();
  return row ? { request: row.request, undoUntil: undoUntilOf(row)?.toISOString() ?? null } : null;
}
