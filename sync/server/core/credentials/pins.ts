import { randomInt } from 'node:crypto';
import { sql } from 'kysely';
import { v7 } from 'uuid';
import { PIN_CODE_DIGITS, pinCodeHash } from '../../../protocol/seal/pin-code.ts';
import type { Change } from '../../../protocol/wire/changes.ts';
import { PinValue } from '../../../protocol/wire/event.ts';
import { appendChanges, type NewChange } from '../../platform/changes/log.ts';
import {
  above,
  atMost,
  exists,
  find,
  findAll,
  findLocked,
  insert,
  not,
  remove,
  update,
  upsert,
} from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';
import { peopleOf, personBox } from '../../platform/keys/persons.ts';
import { type Announce, retireKeys } from '../../platform/keys/succession.ts';
import { type KeyPurpose, type KeySet, keyPlace } from '../../platform/keys/vault.ts';
import { requireLiving } from '../people/living.ts';
import { publishToSites } from '../people/sites.ts';

/**
 * PINs of people. The kiosk where a PIN is set hashes it with the pepper that all kiosks share. The server stores the hash,
 * encrypted under the person's key, and sends it to the kiosks of their sites. The PIN itself never leaves the kiosk. The
 * latest statement counts, in whatever order they arrive.
 */

/** Bound to the pepper, so an earlier hash of a PIN can't be put in place of a later one. */
export const pinPlace = (pin: { readonly id: string; readonly pepper: string }, person: string): Place =>
  placeOf('pin.hash', `${pin.id}.${pin.pepper}`, { person });

/** What a kiosk reports about a person's PIN. */
export interface PinStatement {
  readonly person: string;
  readonly device: string;
  readonly change: 'set' | 'removed' | 'carried';
  /** Absent if the kiosk has no pepper or an older protocol: the PIN then works at that kiosk alone. */
  readonly pin: PinValue | undefined;
}

/**
 * Applies a kiosk's statement about a PIN.
 *
 * @param at time of the statement, never later than now
 * @returns who to notify of the PIN's state: all kiosks of the person, the one that made the statement, or none
 */
export async function keepPin(
  tx: Tx,
  keys: Keys,
  statement: PinStatement,
  at: Date,
): Promise<'everyone' | 'device' | 'nobody'> {
  const { person, device, change, pin } = statement;
  if (change !== 'removed' && !pin) return 'nobody';
  const held = await findLocked(tx, 'pin', { person });
  // A PIN that was only hashed again is not a new choice: it never replaces another PIN or a revoked one.
  if (change === 'carried' ? held && (held.id !== pin!.id || !held.sealed) : held && held.chosen_at > at)
    return 'device';
  if (pin && !(await isPepper(tx, pin.pepper))) return 'device';
  const id = pin?.id ?? v7();
  const box = pin ? await personBox(tx, keys, [person], { make: true }) : null;
  const row = {
    id,
    pepper: pin?.pepper ?? null,
    sealed: box && pin ? box.sealJson(pinPlace(pin, person), pin.hash) : null,
    device,
    chosen_at: change === 'carried' ? (held?.chosen_at ?? at) : at,
  };
  await upsert(tx, 'pin', 'person', { person, ...row }, row);
  return 'everyone';
}

/** Returns where and when a person's PIN was chosen; null if there is no valid one. */
export async function pinOf(
  db: Db,
  person: string,
): Promise<{ readonly chosenAt: Date; readonly device: string | null } | null> {
  const row = await find(db, 'pin', { person, sealed: not(null) }, ['device', 'chosen_at']);
  return row ? { chosenAt: row.chosen_at, device: row.device } : null;
}

/** Withdraws a person's PIN everywhere. @returns whether there was one @throws Problem `person-unknown` */
export async function withdrawPin(tx: Tx, person: string, now: Date): Promise<boolean> {
  await requireLiving(tx, person, 'none');
  const gone = { id: v7(), pepper: null, sealed: null, device: null, chosen_at: now };
  if ((await update(tx, 'pin', { person, sealed: not(null) }, gone)) === 0) return false;
  await publishPins(tx, [person], now);
  return true;
}

/** Like the keyring's `retireKeys`. PINs under a retired pepper are withdrawn everywhere, in the same transaction. */
export function retireServerKeys(
  db: Db,
  keys: Keys,
  purpose: KeyPurpose,
  now: number,
  announce: Announce,
): Promise<KeySet> {
  return retireKeys(db, keys, purpose, now, async (tx) => {
    if (purpose === 'pin') await withdrawWithoutPepper(tx, new Date(now));
    await announce(tx);
  });
}

/** Withdraws PINs whose pepper no longer exists. */
async function withdrawWithoutPepper(tx: Tx, now: Date): Promise<void> {
  const rows = await tx
    .updateTable('pin')
    .set({ pepper: null, sealed: null, device: null, chosen_at: now })
    .where('pepper', 'is not', null)
    .where(sql<boolean>`pepper not in (select id from keyring.server_key where purpose = 'pin' and retired_at is null)`)
    .returning('person')
    .execute();
  await publishPins(tx, peopleOf(rows), now);
}

async function publishPins(tx: Tx, people: readonly string[], now: Date): Promise<void> {
  const { rows } = await sql<NewChange>`
    select 'pin' as kind, person, site from person_site where person = any(${people}::uuid[])`.execute(tx);
  await appendChanges(tx, rows, now);
}

/** Merges the PINs of two people: the kept person's PIN stays valid, or the other's if they have none. */
export async function movePin(tx: Tx, keys: Keys, kept: string, merged: string): Promise<void> {
  const rows = await findAll(tx, 'pin', { person: [kept, merged] });
  await remove(tx, 'pin', { person: merged });
  const left = rows.find((r) => r.person === merged);
  if (!left?.sealed || left.pepper === null || rows.some((r) => r.person === kept)) return;
  const { id, pepper } = left;
  const hash = (await personBox(tx, keys, [merged])).openJson(pinPlace({ id, pepper }, merged), left.sealed);
  const box = await personBox(tx, keys, [kept], { make: true });
  const sealed = box.sealJson(pinPlace({ id, pepper }, kept), hash);
  await insert(tx, 'pin', { ...left, person: kept, sealed });
}

const isPepper = (db: Db, id: string): Promise<boolean> =>
  exists(db, 'keyring.server_key', { purpose: 'pin', id, retired_at: null });

type PinChange = Extract<Change, { kind: 'pin' }>;

/** Returns what kiosks receive about the PINs of these people. `pin: null`: withdrawn. People without any PIN are absent. */
export async function readPins(db: Db, keys: Keys, people: readonly string[]): Promise<Map<string, PinChange>> {
  const rows = await findAll(db, 'pin', { person: people });
  const box = await personBox(db, keys, peopleOf(rows));
  return new Map(
    rows.map(({ id, person, pepper, sealed }): [string, PinChange] => {
      if (!sealed || pepper === null) return [person, { kind: 'pin', person, pin: null }];
      const hash = box.openJson(pinPlace({ id, pepper }, person), sealed);
      return [person, { kind: 'pin', person, pin: PinValue.parse({ id, pepper, hash }) }];
    }),
  );
}

/** Returns the peppers that kiosks hash with, newest first. Reads the database, as another replica may have made one. */
export async function peppersChange(db: Db, keys: Keys): Promise<Extract<Change, { kind: 'pinPeppers' }>> {
  const rows = await db
    .selectFrom('keyring.server_key')
    .select(['id', 'private'])
    .where('purpose', '=', 'pin')
    .where('retired_at', 'is', null)
    .orderBy('serial', 'desc')
    .orderBy('id')
    .execute();
  const peppers = rows.flatMap((r) =>
    r.private ? [keys.open('keyring', keyPlace('pin', r.id), r.private).toString('utf8')] : [],
  );
  return { kind: 'pinPeppers', peppers };
}

/** Codes for choosing a PIN at a kiosk: staff hand out a code, which is shown once, and only the person knows the PIN. */

/** How long a code is valid, ms. */
export const PIN_CODE_MS = 7 * 86_400_000;

/** A hash of forty bits can be brute-forced, so it is encrypted under the person's key. */
export const pinCodePlace = (id: string, person: string): Place => placeOf('pin-code.hash', id, { person });

export interface PinCode {
  readonly id: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

export async function pinCodeOf(db: Db, person: string, now: Date): Promise<PinCode | null> {
  const row = await find(db, 'pin_code', { person, expires_at: above(now) });
  return row ? { id: row.id, issuedAt: row.issued_at, expiresAt: row.expires_at } : null;
}

/** Gives a person a code, replacing the last one. Kiosks receive its hash. @param by account @throws Problem `person-unknown` */
export async function issuePinCode(
  tx: Tx,
  keys: Keys,
  person: string,
  by: string | null,
  now: Date,
): Promise<PinCode & { readonly code: string }> {
  await requireLiving(tx, person, 'none');
  const code = Array.from({ length: PIN_CODE_DIGITS }, () => randomInt(10)).join('');
  const id = v7();
  const expiresAt = new Date(now.getTime() + PIN_CODE_MS);
  const box = await personBox(tx, keys, [person], { make: true });
  const values = {
    id,
    sealed: box.sealJson(pinCodePlace(id, person), pinCodeHash(person, code)),
    issued_at: now,
    expires_at: expiresAt,
    issued_by: by,
  };
  await upsert(tx, 'pin_code', 'person', { person, ...values }, values);
  await publishToSites(tx, person, ['pinCode'], now);
  return { id, issuedAt: now, expiresAt, code };
}

/** Withdraws a person's code. @returns whether there was one @throws Problem `person-unknown` */
export async function withdrawPinCode(tx: Tx, person: string, now: Date): Promise<boolean> {
  await requireLiving(tx, person, 'none');
  if ((await remove(tx, 'pin_code', { person })) === 0) return false;
  await publishToSites(tx, person, ['pinCode'], now);
  return true;
}

/** Deletes a code issued before a PIN was chosen that is valid everywhere. @returns whether there was one */
export const spendPinCode = async (tx: Tx, person: string, at: Date): Promise<boolean> =>
  (await remove(tx, 'pin_code', { person, issued_at: atMost(at) })) > 0;

type PinCodeChange = Extract<Change, { kind: 'pinCode' }>;

/**
 * Returns what kiosks receive about the codes of these people. Expired codes are sent too; kiosks don't accept them.
 */
export async function readPinCodes(db: Db, keys: Keys, people: readonly string[]): Promise<Map<string, PinCodeChange>> {
  const rows = await findAll(db, 'pin_code', { person: people });
  const box = await personBox(db, keys, peopleOf(rows));
  return new Map(
    rows.map(({ id, person, sealed, expires_at }) => {
      const hash = String(box.openJson(pinCodePlace(id, person), sealed));
      return [person, { kind: 'pinCode', person, code: { id, hash, expires: expires_at.toISOString() } }];
    }),
  );
}
