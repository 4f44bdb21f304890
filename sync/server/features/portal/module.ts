import { timingSafeEqual } from 'node:crypto';
import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/portal.ts';
import { myConsentTexts } from '../../core/consents/filled.ts';
import { giveConsent, withdrawConsent } from '../../core/consents/record.ts';
import { openRequestOf, sameAs } from '../../core/people/living.ts';
import { BY_THEMSELVES, changePerson } from '../../core/people/records.ts';
import { self, shownPeople } from '../../core/people/shown.ts';
import { policyOf } from '../../core/sites/policy.ts';
import { DEFAULT_SCOPE } from '../../core/sites/sites.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import type { Reading } from '../../platform/my-data.ts';
import { type ServerModule, sectionsOf } from '../../platform/server-module.ts';
import { searchAttendance } from '../attendance/search.ts';
import { requestErasure, undoErasure, undoUntilOf } from '../privacy/erasure/request.ts';

/** Endpoints of the portal. They are only about the caller: none takes a person’s id. */
const portalRoutes: readonly Route[] = [
  implement(api.getMyProfile, async ({ tx, services: { keys }, actor, about }) => {
    const person = self(actor, about);
    return mine(tx, keys, person);
  }),
  implement(api.changeMyProfile, async ({ tx, services: { keys }, actor, body, now, about, on, notify }) => {
    const person = self(actor, about);
    const changed = await changePerson(tx, keys, person, body, BY_THEMSELVES, now);
    if (changed.length > 0) {
      on(changed.join(','));
      notify('board', 'change');
    }
    return mine(tx, keys, person);
  }),
  implement(api.setMyGps, async ({ tx, services: { keys }, actor, body, now, about, notify }) => {
    const person = self(actor, about);
    await changePerson(tx, keys, person, { gpsOptOut: body.optOut }, BY_THEMSELVES, now);
    notify('change');
    return mine(tx, keys, person);
  }),
  implement(api.listMyConsentTexts, async ({ tx, services: { keys }, actor, about }) => {
    const person = self(actor, about);
    await mine(tx, keys, person);
    return myConsentTexts(tx, person);
  }),
  implement(api.giveMyConsent, async ({ tx, services: { keys }, actor, body, now, about, notify }) => {
    const person = self(actor, about);
    const standing = await giveConsent(tx, keys, person, body, BY_THEMSELVES, now);
    notify('change');
    return { standing };
  }),
  implement(api.withdrawMyConsent, async ({ tx, services: { keys }, actor, now, about, notify }) => {
    const person = self(actor, about);
    const standing = await withdrawConsent(tx, keys, person, BY_THEMSELVES, now);
    notify('change');
    return { standing };
  }),
  implement(api.listMyAttendance, async ({ tx, services: { keys }, actor, query: { cursor, limit }, about }) => {
    const person = self(actor, about);
    const { items, next } = await searchAttendance(tx, { person }, { sort: '-at', cursor, limit });
    const { name } = await mine(tx, keys, person);
    return { items: items.map((r) => ({ ...r, name })), next };
  }),
  implement(api.exportMyData, async ({ tx, services: { keys, keyring, modules }, actor, now, about }) => {
    const person = self(actor, about);
    await mine(tx, keys, person);
    const { privacy = null } = await policyOf(tx, DEFAULT_SCOPE);
    const day = now.toISOString().slice(0, 10);
    return {
      file: myData(
        modules,
        { tx, keys, actor, person, now, sealing: async (kid) => keyring.heldSealing(kid) },
        { contacts: privacy },
      ),
      name: `my-data-${day}.json`,
      type: 'application/json',
    };
  }),
  implement(api.confirmMyErasure, async ({ services: { keys, config }, actor, now, about }) => {
    const { confirmation, expiresAt } = makeConfirmation(keys, self(actor, about), now);
    return { confirmation, expiresAt: expiresAt.toISOString(), undoDays: config.retention.erasureUndoDays };
  }),
  implement(api.requestMyErasure, async ({ tx, services: { keys, config }, actor, body, now, about, on, notify }) => {
    const person = self(actor, about);
    requireConfirmation(keys, person, body.confirmation, now);
    const undoDays = config.retention.erasureUndoDays;
    const begun = await requestErasure(tx, keys, { person, origin: 'person', undoDays }, now);
    on(begun.request);
    notify('change');
    return { request: begun.request, undoUntil: begun.undoUntil?.toISOString() ?? null };
  }),
  implement(api.undoMyErasure, async ({ tx, services: { keys }, actor, now, about, on, notify }) => {
    const person = self(actor, about);
    const open = await openErasure(tx, person);
    if (!open) throw new Problem('erasure-unknown');
    on(open.request);
    await undoErasure(tx, open.request, now);
    notify('change');
    return mine(tx, keys, person);
  }),
];

export const portal: ServerModule = { endpoints: portalRoutes };

async function mine(tx: Tx, keys: Keys, person: string) {
  const shown = (await shownPeople(tx, keys, [person])).get(person);
  if (!shown) throw new Problem('person-unknown');
  return { ...shown, erasure: await openErasure(tx, person) };
}

/** Returns an erasure request that has not been carried out yet, and until when it can be undone. */
async function openErasure(db: Db, person: string): Promise<{ request: string; undoUntil: string | null } | null> {
  const row = await openRequestOf(db, await sameAs(db, [person]));
  if (row?.state !== 'requested') return null;
  return { request: row.part_of ?? row.request, undoUntil: undoUntilOf(row)?.toISOString() ?? null };
}

/** How long a confirmation is valid, ms. */
const LIFE_MS = 10 * 60_000;

const mark = (keys: Keys, person: string, until: string): Buffer => keys.hashToken(`erase/${person}/${until}`);

/** Makes a token which proves that this person was asked to confirm their erasure. Valid for ten minutes. */
function makeConfirmation(keys: Keys, person: string, now: Date): { confirmation: string; expiresAt: Date } {
  const expiresAt = new Date(now.getTime() + LIFE_MS);
  const until = expiresAt.getTime().toString(36);
  return { confirmation: `${until}.${mark(keys, person, until).toString('base64url')}`, expiresAt };
}

/** Checks a confirmation. @throws Problem `confirmation-needed` if it is missing, someone else's or expired */
function requireConfirmation(keys: Keys, person: string, confirmation: string | undefined, now: Date): void {
  const [until = '', mac = ''] = confirmation?.split('.') ?? [];
  const given = Buffer.from(mac, 'base64url');
  const wanted = mark(keys, person, until);
  if (given.length === wanted.length && timingSafeEqual(given, wanted) && Number.parseInt(until, 36) > now.getTime())
    return;
  throw new Problem('confirmation-needed');
}

/** Version of the export's format, raised when the meaning of a section changes. */
const MY_DATA_FORMAT = 'smartpresence-my-data/1';

/**
 * Writes everything that the server stores about a person as one JSON document while reading it, so that only a page of rows
 * or one photo is in memory.
 *
 * @param about who is responsible for the data
 */
async function* myData(
  modules: readonly ServerModule[],
  o: Omit<Reading, 'names'>,
  about: Readonly<Record<string, unknown>>,
): AsyncGenerator<string> {
  const of: Reading = { ...o, names: await sameAs(o.tx, [o.person]) };
  const head = { format: MY_DATA_FORMAT, generatedAt: o.now.toISOString(), person: o.person, about };
  yield `${JSON.stringify(head).slice(0, -1)}`;
  for (const [name, rows] of sectionsOf(modules)) {
    yield `,\n${JSON.stringify(name)}:[`;
    let first = true;
    for await (const row of rows(of)) {
      yield `${first ? '' : ','}\n${JSON.stringify(row)}`;
      first = false;
    }
    yield ']';
  }
  yield '}\n';
}
