import type { Transaction } from 'kysely';
import { v7 } from 'uuid';
import { Problem } from '../../protocol/wire/problem.ts';
import { type Standing, standingOf } from '../changes/consent.ts';
import { appendChanges } from '../changes/log.ts';
import { consented } from '../changes/project.ts';
import type { Db, Tables } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import { requireReviewed } from './texts.ts';

/** Who puts a consent on record here: staff on somebody's word, or the person. */
export interface RecordedBy {
  readonly via: 'staff' | 'person';
  /** Account; null for the person. */
  readonly account: string | null;
}

/**
 * Somebody agrees, and said so to staff or in the portal. Templates are made on a kiosk, later.
 *
 * @throws Problem `person-unknown`, `consent-text-not-reviewed`
 */
export async function giveConsent(
  tx: Transaction<Tables>,
  keys: Keys,
  person: string,
  text: { readonly textVersion: string; readonly language: string },
  by: RecordedBy,
  now: Date,
): Promise<Standing> {
  await requireLiving(tx, person);
  await requireReviewed(tx, text.textVersion, text.language);
  return record(tx, keys, person, { action: 'given', ...text }, by, now);
}

/**
 * Somebody takes their consent back: every template of theirs goes here in this transaction, and every kiosk of their
 * sites is told to drop its own. Doing it again changes nothing.
 *
 * @throws Problem `person-unknown`
 */
export async function withdrawConsent(
  tx: Transaction<Tables>,
  keys: Keys,
  person: string,
  by: RecordedBy,
  now: Date,
): Promise<Standing> {
  await requireLiving(tx, person);
  const last = await tx
    .selectFrom('consent')
    .select(['text_version', 'language', 'action'])
    .where('person', '=', person)
    .orderBy('at', 'desc')
    .orderBy('action', 'desc')
    .limit(1)
    .executeTakeFirst();
  const text = { textVersion: last?.text_version ?? 'none', language: last?.language ?? 'und' };
  return record(tx, keys, person, { action: 'withdrawn', ...text }, by, now);
}

async function record(
  tx: Transaction<Tables>,
  keys: Keys,
  person: string,
  said: { readonly action: 'given' | 'withdrawn'; readonly textVersion: string; readonly language: string },
  by: RecordedBy,
  now: Date,
): Promise<Standing> {
  if ((await standingOf(tx, person)) !== said.action) {
    await tx
      .insertInto('consent')
      .values({
        event: v7(),
        person,
        action: said.action,
        text_version: said.textVersion,
        language: said.language,
        at: await notBefore(tx, person, now),
        device: null,
        received_at: now,
        via: by.via,
        recorded_by: by.account,
      })
      .execute();
  }
  await appendChanges(tx, await consented(tx, keys, person, now), now);
  return standingOf(tx, person);
}

/** Now, or just after the last word on record: a kiosk's event of this very millisecond does not overrule what is said now. */
async function notBefore(tx: Transaction<Tables>, person: string, now: Date): Promise<Date> {
  const last = await tx
    .selectFrom('consent')
    .select((e) => e.fn.max('at').as('at'))
    .where('person', '=', person)
    .executeTakeFirst();
  return new Date(Math.max(now.getTime(), (last?.at?.getTime() ?? 0) + 1));
}

async function requireLiving(db: Db, person: string): Promise<void> {
  const row = await db
    .selectFrom('person')
    .select('id')
    .where('id', '=', person)
    .where('deleted_at', 'is', null)
    .where('merged_into', 'is', null)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (!row) throw new Problem('person-unknown', 'There is no such person.', 'Look them up again.');
}
