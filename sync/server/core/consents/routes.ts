import { sql } from 'kysely';
import * as api from '../../../protocol/api/consents.ts';
import * as portalApi from '../../../protocol/api/portal.ts';
import { pageFrom, readTimeCursor } from '../../platform/access/cursor.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import type { Place } from '../../platform/my-data.ts';
import { namesOf } from '../people/records.ts';
import { requireShown } from '../people/shown.ts';
import { myConsentTexts, textList } from './filled.ts';
import { giveConsent, type RecordedBy, withdrawConsent } from './record.ts';
import { openSaid } from './said.ts';
import { addText, reviewText } from './texts.ts';

export const consentRoutes: readonly Route[] = [
  implement(api.listConsents, async ({ tx, services: { keys }, query: { cursor, limit, person }, about }) => {
    const rows = await listConsents(tx, keys, { person, limit: limit + 1, after: readTimeCursor(cursor) });
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

const byStaff = (actor: Actor): RecordedBy => ({ via: 'staff', account: actor.id });

/** Consents and withdrawals, newest first by when they reached the server. @param after those behind this one */
export async function listConsents(
  db: Db,
  keys: Keys,
  { person, limit, after }: { person?: string | undefined; limit: number; after: Place | null },
): Promise<(api.Consent & { readonly receivedAt: string })[]> {
  const received = sql<Date>`date_trunc('milliseconds', received_at)`;
  let query = db.selectFrom('consent').selectAll().orderBy(received, 'desc').orderBy('event', 'desc').limit(limit);
  if (person !== undefined) query = query.where('person', '=', person);
  if (after) query = query.where(sql<boolean>`(${received}, event) < (${after.at}::timestamptz, ${after.id}::uuid)`);
  const rows = await query.execute();
  const said = await openSaid(db, keys, rows);
  return rows.map((r) => ({
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
    receivedAt: r.received_at.toISOString(),
  }));
}
