import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import { canonicalBytes } from '../../../protocol/seal/chain.ts';
import type { Db, Tx } from '../database/schema.ts';
import type { Keys } from './envelope.ts';
import { FORMAT, labelOf, openGcm, type Place, placeOf, sealGcm, unknownVersion } from './gcm.ts';

/**
 * Person keys: all data about a person is encrypted with a random key of their own, and destroying that key erases the
 * person. The keys are stored in the schema `keyring`, each encrypted with a sub-key of the environment's keys.
 *
 * Each transaction reads them again and never keeps them, so a destroyed key is unusable everywhere at once. Data that a
 * session decrypted with them may be kept while the session lives, without the keys (core/people/opened.ts, names.ts).
 */

/** The keys of the people a transaction works with. */
export interface PersonBox {
  /** Whether this person has a key. False once it was destroyed, or before anything was encrypted with it. */
  has(person: string): boolean;
  /** Encrypts with the key of `place.person`. @throws Problem `person-key-destroyed` */
  seal(place: Place, plain: Uint8Array): Buffer;
  /** @throws Problem `person-key-destroyed`, `envelope-unknown-version`, `envelope-broken` */
  open(place: Place, envelope: Uint8Array): Buffer;
  sealJson(place: Place, value: unknown): Buffer;
  openJson(place: Place, envelope: Uint8Array): unknown;
  /** 32 bytes from which this person's aliases in the audit log derive (platform/audit/aliases.ts). Null if they have no key. */
  auditRoot(person: string): KeyObject | null;
}

interface PersonKey {
  readonly key: KeyObject;
  /** Incremented when the key is replaced (`keys rotate --re-encrypt`). Each envelope names it. */
  readonly generation: number;
  /** The previous key, while it is being replaced, for code that has just read an older envelope. */
  readonly previous: KeyObject | null;
  /** 32 bytes. Not changed when the key is replaced, because rows of the audit log are never rewritten. */
  readonly auditRoot: KeyObject;
}

/** Lengths in bytes. What is encrypted per person is key ‖ audit root. */
export const KEY_BYTES = 32;
const SEALED_BYTES = 64;

/** Generations wrap around, because they are only ever compared for equality. */
export const nextGeneration = (generation: number): number => (generation % 65_535) + 1;
const generationBefore = (generation: number): number => ((generation + 65_533) % 65_535) + 1;

export const personKeyPlace = (person: string, generation: number): Place =>
  placeOf('keyring.person', person, { person, rowVersion: generation });

export const peopleOf = (rows: readonly { readonly person: string | null }[]): string[] =>
  rows.flatMap((row) => row.person ?? []);

/**
 * Loads the keys of these people in one statement.
 *
 * @param o `make`: creates missing keys. A new key would let data about an erased person accumulate again, so the caller
 *   must have locked the people (`requireLiving`, `lockPeople`). This is checked here once more
 * @throws Problem `person-erased` with `make`
 */
export async function personBox(
  db: Db,
  keys: Keys,
  people: readonly string[],
  { make = false }: { readonly make?: boolean } = {},
): Promise<PersonBox> {
  const ids = [...new Set(people)].sort();
  const held = new Map<string, PersonKey>();
  await load(db, keys, ids, held);
  if (make) {
    const missing = ids.filter((id) => !held.has(id));
    await requireNotErased(db, missing);
    if (missing.length > 0 && (await insert(db, keys, missing, held)) < missing.length)
      // Another transaction was faster. Its keys are committed, or our insert would still be waiting for it.
      await load(
        db,
        keys,
        missing.filter((id) => !held.has(id)),
        held,
      );
  }
  return boxOf(held);
}

/** Locks these people against erasure until the transaction ends. @throws Problem `person-erased` if one was erased before */
async function requireNotErased(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const { rows } = await sql<{ erased: boolean }>`
    select deleted_at is not null as erased from person where id = any(${ids}::uuid[]) order by id for key share`.execute(
    db,
  );
  if (rows.some((r) => r.erased)) throw new Problem('person-erased');
}

async function load(db: Db, keys: Keys, ids: readonly string[], into: Map<string, PersonKey>): Promise<void> {
  if (ids.length === 0) return;
  const { rows } = await sql<{
    person: string;
    sealed: Uint8Array;
    previous: Uint8Array | null;
    generation: number;
  }>`select person, sealed, previous, generation from keyring.person_key where person = any(${ids}::uuid[])`.execute(
    db,
  );
  for (const { person, sealed, previous, generation } of rows) {
    const before = previous && keys.open('keyring', personKeyPlace(person, generationBefore(generation)), previous);
    const bytes = keys.open('keyring', personKeyPlace(person, generation), sealed);
    into.set(person, personKey(bytes, generation, before));
  }
}

/** Inserts new keys. @returns how many were created */
async function insert(db: Db, keys: Keys, ids: readonly string[], into: Map<string, PersonKey>): Promise<number> {
  const made = new Map(ids.map((id) => [id, randomBytes(SEALED_BYTES)]));
  const sealed = ids.map((id) => keys.seal('keyring', personKeyPlace(id, 1), made.get(id)!).toString('base64'));
  // Always in the order of ids, so that two transactions that create the same keys never deadlock.
  const { rows } = await sql<{ person: string }>`
    insert into keyring.person_key (person, sealed, key_version, generation, made_at)
    select u.person, decode(u.sealed, 'base64'), ${keys.version}, 1, now()
    from unnest(${ids}::uuid[], ${sealed}::text[]) as u (person, sealed) order by u.person
    on conflict (person) do nothing returning person`.execute(db);
  for (const { person } of rows) into.set(person, personKey(made.get(person)!, 1));
  return rows.length;
}

function personKey(bytes: Buffer, generation: number, before: Buffer | null = null): PersonKey {
  return {
    key: createSecretKey(bytes.subarray(0, KEY_BYTES)),
    generation,
    previous: before && createSecretKey(before.subarray(0, KEY_BYTES)),
    // A key object, because an HMAC with raw bytes takes four times as long.
    auditRoot: createSecretKey(bytes.subarray(KEY_BYTES)),
  };
}

function boxOf(held: ReadonlyMap<string, PersonKey>): PersonBox {
  const keyOf = (place: Place): PersonKey => {
    const key = place.person === null ? undefined : held.get(place.person);
    if (key) return key;
    throw new Problem('person-key-destroyed', { field: place.field });
  };
  const box: PersonBox = {
    has: (person) => held.has(person),
    seal(place, plain) {
      const { key, generation } = keyOf(place);
      return sealGcm(key, FORMAT.person, generation, place, plain);
    },
    open(place, envelope) {
      const { key, generation, previous } = keyOf(place);
      const label = labelOf(envelope);
      if (label?.format !== FORMAT.person) throw unknownVersion(place);
      if (label.version === generation) return openGcm(key, place, envelope);
      if (previous && label.version === generationBefore(generation)) return openGcm(previous, place, envelope);
      throw unknownVersion(place);
    },
    sealJson: (place, value) => box.seal(place, canonicalBytes(value)),
    openJson: (place, envelope) => JSON.parse(box.open(place, envelope).toString('utf8')),
    auditRoot: (person) => held.get(person)?.auditRoot ?? null,
  };
  return box;
}

/** The audit roots that each transaction or read has read, by person. Released together with it. */
const noted = new WeakMap<Db, Map<string, KeyObject>>();

/** Remembers the audit roots of people who are shown for this database too, which one request reads through. */
export const keepAuditRoots = (db: Db): void => void noted.set(db, new Map());

/** Returns the audit roots that this transaction or read already has. */
export const auditRootsOf = (db: Db): ReadonlyMap<string, KeyObject> => noted.get(db) ?? new Map();

/** Remembers the audit roots of people about to be shown until the transaction or read ends, because its audit row names them. */
export function noteAuditRoots(db: Db, people: readonly string[], rootOf: (person: string) => KeyObject | null): void {
  if (db.isTransaction && !noted.has(db)) keepAuditRoots(db);
  const roots = noted.get(db);
  if (!roots) return;
  for (const person of people) {
    const root = rootOf(person);
    if (root) roots.set(person, root);
  }
}

/** Destroys the keys of these people. Nothing encrypted with them can be decrypted again. @returns how many there were */
export async function destroyPersonKeys(tx: Tx, people: readonly string[]): Promise<number> {
  if (people.length === 0) return 0;
  for (const person of people) noted.get(tx)?.delete(person);
  const { numDeletedRows } = await tx
    .deleteFrom('keyring.person_key')
    .where('person', 'in', [...new Set(people)].sort())
    .executeTakeFirst();
  return Number(numDeletedRows);
}
