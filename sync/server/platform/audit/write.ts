import { sql } from 'kysely';
import { canonicalBytes } from '../../../protocol/seal/chain.ts';
import { lockName } from '../database/once.ts';
import { insert } from '../database/rows.ts';
import type { Db, Tx } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import type { Actor } from './actor.ts';
import { dayOf, type PeopleInLog, packAliases, peopleInLog, type Trace } from './aliases.ts';
import type { AuditEntry } from './entry.ts';
import { type AuditKey, newAuditKey, unwrapAuditKey } from './keys.ts';
import { type AuditRow, GENESIS_MAC, rowMac } from './row.ts';

/** Longest route, resource or outcome that is stored, UTF-16 code units. */
const MAX_RESOURCE = 200;

/**
 * Appends a row to the audit log, in the same transaction as what it records, so both are committed or neither is. Call it
 * last: it takes the chain's lock, which all replicas share, until the transaction ends.
 *
 * @param tx READ COMMITTED (`inTransaction`): a snapshot from before the lock would contain an outdated head
 */
export async function writeAudit(tx: Tx, keys: Keys, entry: AuditEntry, now: Date): Promise<void> {
  await (await sendAudit(tx, keys, entry, now)).written;
}

/** As `writeAudit`, but returns while the row's INSERT is still running. `written` is its promise. */
export async function sendAudit(
  tx: Tx,
  keys: Keys,
  entry: AuditEntry,
  now: Date,
): Promise<{ readonly written: Promise<unknown> }> {
  // Before taking the lock, which all other writers wait for.
  const unplaced = await prepareRow(tx, keys, entry, now);
  return { written: insert(tx, 'audit', rowAfter(await lockHead(tx, keys, now), unplaced)) };
}

/** A row that has no place in the chain yet, with the keys of the people it names. */
export interface UnplacedRow {
  readonly entry: AuditEntry;
  readonly subjects: readonly string[];
  readonly people: PeopleInLog;
  readonly now: Date;
}

export async function prepareRow(db: Db, keys: Keys, entry: AuditEntry, now: Date): Promise<UnplacedRow> {
  const subjects = [...new Set(entry.subjects)];
  const person = personOf(entry.actor);
  return { entry, subjects, people: await peopleInLog(db, keys, person ? [...subjects, person] : subjects), now };
}

/** Returns the columns of the row that follows `head`. */
export function rowAfter(head: Head, { entry, subjects, people, now }: UnplacedRow) {
  const { key } = head;
  const { actor } = entry;
  const position = head.position + 1;
  const day = dayOf(now);
  const row: AuditRow = {
    position,
    at: now,
    action: entry.action,
    role: actor.role,
    actor: personOf(actor) === null ? actor.id : null,
    route: clean(entry.route),
    resource: entry.resource == null ? null : clean(entry.resource),
    data: [...new Set(entry.data)].sort(),
    count: entry.count ?? subjects.length,
    everyone: entry.everyone ?? false,
    outcome: clean(entry.outcome),
    sealed: sealActor(key, people, actor, position, now),
    subjects:
      subjects.length === 0
        ? null
        : key.seal('subjects', position, packAliases(subjects.map((s) => people.alias(s, day, key)))),
    keyVersion: key.version,
  };
  const { keyVersion, ...columns } = row;
  return { ...columns, key_version: keyVersion, mac: rowMac(key, head.mac, row) };
}

const personOf = ({ role, id }: Actor): string | null => (role === 'person' ? id : null);

/** Takes the chain's lock until the transaction ends, so that there is one writer at a time. */
export const lockChain = (tx: Tx): Promise<void> => lockName(tx, 'audit');

/**
 * Creates a new audit key for future rows. Old rows are still verified with their own key. Needed at the end of a rotation of
 * the environment's keys: anyone with the old ones and a copy of the database has the old audit key too.
 */
export async function renewAuditKey(tx: Tx, keys: Keys, now: Date): Promise<void> {
  const { key } = await lockHead(tx, keys, now);
  await newAuditKey(tx, keys, key.version + 1, now);
}

export interface Head {
  readonly key: AuditKey;
  /** 0 if there is no row yet. */
  readonly position: number;
  readonly mac: Uint8Array;
}

/** Takes the chain's lock. @returns the newest row (or checkpoint if that is newer) and the newest key, created if missing */
export async function lockHead(tx: Tx, keys: Keys, now: Date): Promise<Head> {
  const { rows } = await sql<{
    version: number | null;
    sealed: Uint8Array | null;
    position: number | string | null;
    mac: Uint8Array | null;
  }>`select version, sealed, "position", mac from audit_head()`.execute(tx);
  const { version, sealed, position, mac } = rows[0]!;
  const key = version && sealed ? unwrapAuditKey(keys, version, sealed) : await newAuditKey(tx, keys, 1, now);
  return { key, position: Number(position ?? 0), mac: mac ?? GENESIS_MAC };
}

/** Plaintext of a row's actor. For a person: the day's alias, and the trace, encrypted with their own key if they have one. */
export type SealedActor =
  | (Trace & { readonly alias?: undefined })
  | { readonly alias: string; readonly own: string }
  | (Trace & { readonly alias: string; readonly own?: undefined });

function sealActor(key: AuditKey, people: PeopleInLog, actor: Actor, position: number, now: Date): Buffer | null {
  const { email, ip, role, id } = actor;
  const trace: Trace = { email, ip, userAgent: actor.userAgent?.toWellFormed().slice(0, 500).toWellFormed() ?? null };
  if (role === 'person' && id !== null) {
    const alias = people.alias(id, dayOf(now), key).toString('base64url');
    const own = people.seal(id, position, trace)?.toString('base64url');
    const held: SealedActor = own === undefined ? { ...trace, alias } : { alias, own };
    return key.seal('actor', position, canonicalBytes(held));
  }
  if (email === null && ip === null && trace.userAgent === null) return null;
  return key.seal('actor', position, canonicalBytes(trace satisfies SealedActor));
}

/** Makes a text storable: no NUL, no half of a surrogate pair, limited length. */
function clean(text: string): string {
  return text.replaceAll('\0', '').slice(0, MAX_RESOURCE).toWellFormed();
}
