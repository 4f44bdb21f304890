import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { v7 } from 'uuid';
import { Problem } from '../../../errors/problem.ts';
import { CARD_BYTES, cardHash, writeCardCode } from '../../../protocol/seal/card-code.ts';
import { MAX_CREDENTIALS } from '../../../protocol/wire/changes.ts';
import {
  camelCase,
  count,
  findLocked,
  findSorted,
  insert,
  insertNew,
  remove,
  update,
} from '../../platform/database/rows.ts';
import type { Db, Row, Tx } from '../../platform/database/schema.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';
import { peopleOf, personBox } from '../../platform/keys/persons.ts';
import { requireLiving } from '../people/living.ts';
import { type RecordedBy, readPeople } from '../people/records.ts';
import { publishToSites } from '../people/sites.ts';

/** Printed cards and badges of people. A card's code is shown once, when the card is issued. Only its hash is stored. */

export const badgePlace = (id: string, person: string): Place => placeOf('credential.number', id, { person });

const SHOWN = ['id', 'person', 'kind', 'hash', 'number', 'issued_at', 'issued_by', 'revoked_at'] as const;

/**
 * Returns every card and badge of these people, including revoked ones, in order of issue. `hash`: SHA-256 of a card's code.
 * `number`: a badge's number. Both are null once revoked. `issuedBy`: account; null: a kiosk.
 */
export async function credentialsOf(db: Db, keys: Keys, people: readonly string[]) {
  const rows = await findSorted(db, 'credential', { person: people }, ['issued_at', 'id'], { columns: SHOWN });
  const box = await personBox(db, keys, peopleOf(rows));
  return rows.map((r) => ({
    ...camelCase(r),
    hash: r.hash && Buffer.from(r.hash),
    number: r.number ? String(box.openJson(badgePlace(r.id, r.person), r.number)) : null,
  }));
}

/**
 * Issues a card. Kiosks are notified.
 *
 * @returns `text`: the card's code, to be shown only now
 * @throws Problem `person-unknown`, `too-many-credentials`
 */
export async function issueCard(
  tx: Tx,
  person: string,
  by: RecordedBy,
  now: Date,
): Promise<{ readonly id: string; readonly text: string }> {
  await requireLiving(tx, person, 'change');
  await requireQuota(tx, person);
  const text = writeCardCode(randomBytes(CARD_BYTES));
  const id = v7();
  const hash = Buffer.from(cardHash(text)!, 'base64url');
  await insertCard(tx, { id, person, hash, device: null, issued_by: by.account }, now);
  await publishToSites(tx, person, ['credentials'], now);
  return { id, text };
}

/** Inserts a card without notifying kiosks. Does nothing if the id or the hash already exists. */
export async function insertCard(
  tx: Tx,
  card: Pick<Row<'credential'>, 'id' | 'person' | 'device'> & {
    readonly hash: Buffer;
    readonly issued_by?: string | null;
  },
  now: Date,
): Promise<void> {
  await insertNew(tx, 'credential', { ...card, kind: 'card', number: null, issued_at: now, revoked_at: null });
}

/**
 * Applies that a kiosk issued or revoked a card, which is already handed out, or lost. If the person has too many, their oldest
 * card is revoked. A card stays revoked if it was revoked here first.
 */
export async function keepKioskCard(
  tx: Tx,
  card: {
    readonly id: string;
    readonly person: string;
    readonly device: string;
    readonly change: 'issued' | 'revoked';
    /** SHA-256 of the card's code, unpadded base64url. Only if issued. */
    readonly hash?: string | undefined;
  },
  at: Date,
): Promise<void> {
  const { id, person, device, hash } = card;
  if (card.change === 'revoked') {
    await update(tx, 'credential', { id, person, kind: 'card', revoked_at: null }, { revoked_at: at, hash: null });
    return;
  }
  if (hash === undefined) return;
  await sql`
    update credential set revoked_at = ${at.toISOString()}::timestamptz, revoked_via = 'kiosk', hash = null where id = (
      select id from credential where person = ${person}::uuid and kind = 'card' and revoked_at is null
        and id <> ${id}::uuid
        and (select count(*) from credential c where c.person = ${person}::uuid and c.revoked_at is null) >= ${MAX_CREDENTIALS - 1}
      order by issued_at, id limit 1)`.execute(tx);
  await insertCard(tx, { id, person, hash: Buffer.from(hash, 'base64url'), device }, at);
}

/**
 * Gives a person a badge in addition to the one in their record. Kiosks are notified.
 *
 * @throws Problem `person-unknown`, `too-many-credentials`
 */
export async function addBadge(
  tx: Tx,
  keys: Keys,
  { person, number }: { readonly person: string; readonly number: string },
  by: RecordedBy,
  now: Date,
): Promise<void> {
  await requireLiving(tx, person, 'change');
  await requireQuota(tx, person);
  await insertBadge(tx, keys, { person, number, issuedBy: by.account }, now);
  await publishToSites(tx, person, ['credentials'], now);
}

async function insertBadge(
  tx: Tx,
  keys: Keys,
  { person, number, issuedBy }: { readonly person: string; readonly number: string; readonly issuedBy: string | null },
  at: Date,
): Promise<void> {
  const id = v7();
  const box = await personBox(tx, keys, [person], { make: true });
  const sealed = box.sealJson(badgePlace(id, person), number);
  await insert(tx, 'credential', { id, person, kind: 'badge', number: sealed, issued_at: at, issued_by: issuedBy });
}

/** One place is reserved for the badge in the person's record. */
async function requireQuota(tx: Tx, person: string): Promise<void> {
  const held = await count(tx, 'credential', { person, revoked_at: null });
  if (held >= MAX_CREDENTIALS - 1) throw new Problem('too-many-credentials', { count: held });
}

/**
 * Revokes a card or badge: here at once, and at each kiosk with its next page. Revoking it again changes nothing.
 *
 * @throws Problem `person-unknown`, `credential-unknown`
 */
export async function revokeCredential(
  tx: Tx,
  { person, id }: { readonly person: string; readonly id: string },
  by: RecordedBy & { readonly via: 'staff' | 'person' },
  now: Date,
): Promise<void> {
  await requireLiving(tx, person, 'none');
  const row = await findLocked(tx, 'credential', { id, person }, ['revoked_at']);
  if (!row) throw new Problem('credential-unknown');
  if (row.revoked_at) return;
  const revoked = { revoked_at: now, revoked_via: by.via, revoked_by: by.account };
  await update(tx, 'credential', { id }, { ...revoked, hash: null, number: null });
  await publishToSites(tx, person, ['credentials'], now);
}

/**
 * Moves cards and badges of a merged person to the kept one, including the badge in the merged person's record. Kiosks have
 * a limit per person: beyond it, the oldest are revoked. The caller notifies kiosks.
 */
export async function moveCredentials(tx: Tx, keys: Keys, kept: string, merged: string, now: Date): Promise<void> {
  const held = await credentialsOf(tx, keys, [merged]);
  await update(tx, 'credential', { person: merged, number: null }, { person: kept });
  await remove(tx, 'credential', { person: merged });
  for (const { number, issuedAt, issuedBy } of held)
    if (number !== null) await insertBadge(tx, keys, { person: kept, number, issuedBy }, issuedAt);
  const people = await readPeople(tx, keys, [kept, merged]);
  const badge = people.get(merged)?.badge ?? null;
  if (badge !== null && badge !== people.get(kept)?.badge)
    await insertBadge(tx, keys, { person: kept, number: badge, issuedBy: null }, now);
  await sql`
    update credential set revoked_at = ${now.toISOString()}::timestamptz, revoked_via = 'staff', hash = null, number = null
    where id in (
      select id from credential where person = ${kept}::uuid and revoked_at is null
      order by issued_at desc, id desc offset ${MAX_CREDENTIALS - 1})`.execute(tx);
}
