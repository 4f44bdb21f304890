import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import { canonicalBytes } from '../../../protocol/seal/chain.ts';
import type { Db, Tx } from '../database/schema.ts';
import type { Keys } from './envelope.ts';
import { FORMAT, labelOf, openGcm, type Place, placeOf, sealGcm, unknownVersion } from './gcm.ts';

/**
 * Person keys: everything that is known of one person is sealed under a random key of their own, and destroying that key
 * is what erases them. The keys are in the schema `keyring`, each sealed under a sub-key of the environment's keys.
 *
 * They are read again in each transaction and never kept beyond it, so that a destroyed key is gone at once everywhere. What a
 * session has opened with them may be kept as long as it lives, without the keys (core/people/opened.ts, names.ts).
 */

/** Keys of the people that a transaction works with. */
export interface PersonBox {
  /** Whether this person has a key: false once it was destroyed, or before anything was sealed. */
  has(person: string): boolean;
  /** @param place `person` names whose key. @throws Problem `person-key-destroyed` */
  seal(place: Place, plain: Uint8Array): Buffer;
  /** @throws Problem `person-key-destroyed`, `envelope-unknown-version`, `envelope-broken` */
  open(place: Place, envelope: Uint8Array): Buffer;
  sealJson(place: Place, value: unknown): Buffer;
  openJson(place: Place, envelope: Uint8Array): unknown;
  /** What names and hides this person in the audit log (platform/audit/aliases.ts): 32 bytes; null: they have no key. */
  auditRoot(person: string): KeyObject | null;
}

interface PersonKey {
  readonly key: KeyObject;
  /** Counts up when the key is replaced (`keys rotate --re-encrypt`); is in each envelope. */
  readonly generation: number;
  /** While it is being replaced: the one before, for code that has read an envelope a moment ago. */
  readonly previous: KeyObject | null;
  /** 32 bytes that are kept when the key is replaced: rows of the audit log are never rewritten. */
  readonly auditRoot: KeyObject;
}

/** What is sealed for a person: key ‖ audit root. */
export const KEY_BYTES = 32;
const SEALED_BYTES = 64;

/** Generations go round: they are only ever compared for being the same. */
export const nextGeneration = (generation: number): number => (generation % 65_535) + 1;
const generationBefore = (generation: number): number => ((generation + 65_533) % 65_535) + 1;

export const personKeyPlace = (person: string, generation: number): Place =>
  placeOf('keyring.person', person, { person, rowVersion: generation });

export const peopleOf = (rows: readonly { readonly person: string | null }[]): string[] =>
  rows.flatMap((row) => row.person ?? []);

/**
 * Loads the keys of these people in one statement.
 *
 * @param o `make`: makes the missing ones. A new key for an erased person would begin to collect data again: so a caller has
 *   locked them (`requireLiving`, `lockPeople`), and it is checked here once more
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
      // Another transaction was faster; its keys are committed, or the insert would still be waiting for it.
      await load(
        db,
        keys,
        missing.filter((id) => !held.has(id)),
        held,
      );
  }
  return boxOf(held);
}

/** Makes an erasure of any of them wait from here on; one that has committed is seen. */
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

/** @returns how many were made */
async function insert(db: Db, keys: Keys, ids: readonly string[], into: Map<string, PersonKey>): Promise<number> {
  const made = new Map(ids.map((id) => [id, randomBytes(SEALED_BYTES)]));
  const sealed = ids.map((id) => keys.seal('keyring', personKeyPlace(id, 1), made.get(id)!).toString('base64'));
  // In the order of ids, everywhere: two transactions that make the same keys never deadlock.
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
    // As a key object: one HMAC with raw bytes takes four times as long.
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

/** Audit roots that a transaction has read, by person. They go with it. */
const noted = new WeakMap<Db, Map<string, KeyObject>>();

/** Audit roots that this transaction has read already. */
export const auditRootsOf = (db: Db): ReadonlyMap<string, KeyObject> => noted.get(db) ?? new Map();

/** Keeps the audit roots of people who are about to be shown until the transaction ends: its audit row names them. */
export function noteAuditRoots(db: Db, people: readonly string[], rootOf: (person: string) => KeyObject | null): void {
  if (!db.isTransaction) return;
  const roots = noted.get(db) ?? new Map<string, KeyObject>();
  noted.set(db, roots);
  for (const person of people) {
    const root = rootOf(person);
    if (root) roots.set(person, root);
  }
}

/** Destroys the keys of these people: nothing that was sealed under them opens again. @returns how many there were */
export async function destroyPersonKeys(tx: Tx, people: readonly string[]): Promise<number> {
  if (people.length === 0) return 0;
  for (const person of people) noted.get(tx)?.delete(person);
  const { numDeletedRows } = await tx
    .deleteFrom('keyring.person_key')
    .where('person', 'in', [...new Set(people)].sort())
    .executeTakeFirst();
  return Number(numDeletedRows);
}
