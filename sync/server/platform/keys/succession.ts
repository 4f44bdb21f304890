import { randomBytes } from 'node:crypto';
import { v4 as uuid } from 'uuid';
import { Problem } from '../../../errors/problem.ts';
import { keyId, newSealingKey, newSigningKey, publicHalf } from '../../../protocol/seal/keys.ts';
import { PIN_PEPPER_BYTES, pinPepperId } from '../../../protocol/seal/pin-pepper.ts';
import { inTransaction } from '../database/retry.ts';
import { update } from '../database/rows.ts';
import type { Db, Tx } from '../database/schema.ts';
import { createCa, crossCertify, MAX_CAS } from './certificates.ts';
import type { Keys } from './envelope.ts';
import { certificateId, insertKey, type KeyPurpose, type KeySet, type NewKey, readKeySet } from './vault.ts';
import { firstVersion, settleKeys } from './versions.ts';

/** How many keys of one purpose may be valid at the same time. A kiosk accepts no more (wire/keys.ts). */
const MAX_KEYS = MAX_CAS;
/** Serials are seconds since then, or the previous serial plus one if that is higher. The column suffices until 2088. */
const SERIAL_EPOCH = Date.UTC(2020, 0, 1);

/** Creates the keyring if the database has none. Replicas that start together create only one: inserting the row is the lock. */
export async function firstKeys(db: Db, keys: Keys, now: number): Promise<void> {
  if (await settleKeys(db, keys)) return;
  await db.transaction().execute(async (trx) => {
    const serverId = uuid();
    const made = await trx
      .insertInto('keyring.identity')
      .values({ server_id: serverId, key_check: keys.check(), serial: 1 })
      .onConflict((c) => c.doNothing())
      .returning('serial')
      .executeTakeFirst();
    if (!made) return;
    await firstVersion(trx, keys, now);
    const ca = await createCa(serverId, now);
    const key = { id: certificateId(ca.certPem), serial: 1, public: ca.certPem, private: ca.keyPem };
    await insertKey(trx, keys, { purpose: 'ca', ...key }, now);
    for (const purpose of ['signing', 'sealing', 'qr', 'pin'] as const)
      await insertKey(trx, keys, await newKey(purpose, 1), now);
  });
}

async function newKey(purpose: Exclude<KeyPurpose, 'ca'>, serial: number): Promise<NewKey> {
  if (purpose === 'pin') {
    const pepper = randomBytes(PIN_PEPPER_BYTES);
    const id = pinPepperId(pepper);
    return { purpose, id, serial, public: id, private: pepper.toString('base64url') };
  }
  const key = purpose === 'sealing' ? newSealingKey() : newSigningKey();
  const half = key.crv === 'Ed25519' ? publicHalf(key) : publicHalf(key);
  return { purpose, id: await keyId(half), serial, public: JSON.stringify(half), private: JSON.stringify(key) };
}

/** Locks the keyring for a change. @returns the current set, and the serial of the next one */
async function lock(trx: Db, keys: Keys, now: number): Promise<{ set: KeySet; serial: number }> {
  await trx.selectFrom('keyring.identity').select('serial').forUpdate().executeTakeFirstOrThrow();
  const set = await readKeySet(trx, keys);
  return { set, serial: nextSerial(set.serial, now) };
}

/**
 * Returns the serial of the next key set. It grows with time, so that a database restored from before a succession gives
 * its next set a serial that no kiosk has seen. Kiosks would ignore a set with a serial they already have.
 *
 * @param now ms since 1970
 */
export function nextSerial(serial: number, now: number): number {
  return Math.max(serial + 1, Math.floor((now - SERIAL_EPOCH) / 1000));
}

/** Notifies the kiosks. Called at the end of the transaction that created the new set. */
export type Announce = (trx: Tx) => Promise<void>;

async function change(
  db: Db,
  keys: Keys,
  announce: Announce,
  now: number,
  work: (trx: Tx, set: KeySet, serial: number) => Promise<void>,
): Promise<KeySet> {
  return inTransaction(db, async (trx) => {
    const { set, serial } = await lock(trx, keys, now);
    await work(trx, set, serial);
    await trx.updateTable('keyring.identity').set({ serial }).execute();
    const after = await readKeySet(trx, keys);
    await announce(trx);
    return after;
  });
}

/**
 * Creates the successor of a key. The old key stays valid until it is retired: kiosks that have only the old key keep
 * working and receive the new one in a page that the old one signed. An old CA signs its successor; then its key is destroyed.
 *
 * @throws Problem `too-many-keys`
 */
export function succeedKey(db: Db, keys: Keys, purpose: KeyPurpose, now: number, announce: Announce): Promise<KeySet> {
  return change(db, keys, announce, now, async (trx, set, serial) => {
    const held = purpose === 'ca' ? set.cas.length : set[purpose].length;
    if (held >= MAX_KEYS) throw new Problem('too-many-keys', { held, purpose });
    if (purpose === 'ca') await succeedCa(trx, keys, set, serial, now);
    else await insertKey(trx, keys, await newKey(purpose, serial), now);
  });
}

async function succeedCa(trx: Db, keys: Keys, set: KeySet, serial: number, now: number): Promise<void> {
  const old = set.cas[0]!;
  const { count } = await trx
    .selectFrom('keyring.server_key')
    .select((e) => e.fn.countAll().as('count'))
    .where('purpose', '=', 'ca')
    .executeTakeFirstOrThrow();
  const made = await createCa(set.serverId, now, Number(count) + 1);
  const crossPem = await crossCertify({ certPem: old.certPem, keyPem: old.keyPem! }, made.certPem, now);
  const id = certificateId(made.certPem);
  await insertKey(trx, keys, { purpose: 'ca', id, serial, public: made.certPem, private: made.keyPem, crossPem }, now);
  await update(trx, 'keyring.server_key', { id: old.id }, { private: null });
}

/**
 * Retires every key of a purpose except the newest, and destroys their private halves. Kiosks that have only those keys can
 * no longer connect, and what they encrypted to them is lost. PINs must be deleted together with their pepper, so call
 * `retireServerKeys` (core/credentials/pins.ts), which does that.
 *
 * @throws Problem `nothing-to-retire`
 */
export function retireKeys(db: Db, keys: Keys, purpose: KeyPurpose, now: number, announce: Announce): Promise<KeySet> {
  return change(db, keys, announce, now, async (trx, set) => {
    const old = purpose === 'ca' ? set.cas.slice(1).map((c) => c.id) : set[purpose].slice(1).map((k) => k.kid);
    if (old.length === 0) throw new Problem('nothing-to-retire', { purpose });
    await update(trx, 'keyring.server_key', { id: old }, { retired_at: new Date(now), private: null });
  });
}
