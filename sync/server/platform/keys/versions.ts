import { type Kysely, sql } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import { insertNew, remove } from '../database/rows.ts';
import type { Tables } from '../database/schema.ts';
import type { Keys, KnownVersion, Place } from './envelope.ts';

/**
 * Determines which version each of the environment's keys is. The environment doesn't number them: each version is
 * recognised by its check value, which is stored in the database.
 */

type Db = Kysely<Tables>;

export interface KeyVersion extends KnownVersion {
  readonly state: 'active' | 'incoming' | 'retired';
}

export interface KeyState {
  readonly serverId: string;
  /** Serial of the current set of public keys. */
  readonly serial: number;
  /** The version that encrypts new envelopes. */
  readonly writes: number;
  readonly versions: readonly KeyVersion[];
}

/** Returns null if this database has no keyring yet. */
export async function readKeyState(db: Db): Promise<KeyState | null> {
  const { rows } = await sql<{
    server_id: string;
    serial: number;
    write_version: number;
    version: number | null;
    key_check: string;
    state: KeyVersion['state'];
  }>`select i.server_id, i.serial, i.write_version, v.version, coalesce(v.key_check, i.key_check) as key_check, v.state
     from keyring.identity i left join keyring.key_version v on true order by v.version desc`.execute(db);
  const first = rows[0];
  if (!first) return null;
  return {
    serverId: first.server_id,
    serial: first.serial,
    writes: first.write_version,
    versions: rows.map((r) => ({ version: r.version ?? 1, check: r.key_check, state: r.state ?? 'active' })),
  };
}

/**
 * Sets which version each of this process's keys is, and which one to write with.
 *
 * @throws Problem `wrong-encryption-key`, `key-retired`, `rotation-unfinished` (we have only the new keys),
 *   `rotation-under-way` (we have only the old keys); nothing was changed
 */
export async function settleKeys(db: Db, keys: Keys): Promise<KeyState | null> {
  const state = await readKeyState(db);
  if (!state) return null;
  const mine = [keys.check(), keys.previousCheck()].flatMap(
    (check) => state.versions.find((v) => v.check === check) ?? [],
  );
  if (mine.length === 0) throw new Problem('wrong-encryption-key');
  const incoming = state.versions.find((v) => v.state === 'incoming');
  const holds = (version: number | undefined) => mine.some((v) => v.version === version);
  const active = state.versions.find((v) => v.state === 'active')!;
  if (incoming && !holds(active.version))
    throw new Problem('rotation-unfinished', { version: incoming.version, before: active.version });
  if (!holds(state.writes)) {
    if (incoming && state.writes === incoming.version)
      throw new Problem('rotation-under-way', { version: incoming.version });
    throw new Problem('key-retired');
  }
  keys.settle(state.versions, state.writes);
  return state;
}

/** Stores the keys that a keyring is created with as its first version. */
export async function firstVersion(trx: Db, keys: Keys, now: number): Promise<void> {
  const version = {
    version: 1,
    key_check: keys.check(),
    state: 'active',
    made_at: new Date(now),
    retired_at: null,
  } as const;
  await insertNew(trx, 'keyring.key_version', version);
}

/** A process counts as running if it reported within this time, s. */
export const REPLICA_LIVES_S = 30;

export interface AboutReplica {
  /** SMARTPRESENCE_REPLICA. Empty if there is only one server. */
  readonly name: string;
  readonly build: string | null;
  /** The newest migration it contains. */
  readonly schema: string | null;
}
const UNKNOWN: AboutReplica = { name: '', build: null, schema: null };

/** Reports that this process is alive, which keys it has and which version it writes. Uses the database's clock. */
export async function beat(db: Db, keys: Keys, id: string, about: AboutReplica = UNKNOWN): Promise<void> {
  const holds = [keys.check(), keys.previousCheck()].filter((c) => c !== null);
  const { name, build, schema } = about;
  await sql`insert into keyring.replica (id, holds, writes, seen_at, name, build, schema)
            values (${id}::uuid, ${holds}::text[], ${keys.version}, now(), ${name}, ${build}, ${schema})
            on conflict (id) do update set holds = excluded.holds, writes = excluded.writes, seen_at = excluded.seen_at`.execute(
    db,
  );
  await sql`delete from keyring.replica where seen_at < now() - interval '1 day'`.execute(db);
}

/** Removes this process from the list, when it stops. */
export async function lastBeat(db: Db, id: string): Promise<void> {
  await remove(db, 'keyring.replica', { id });
}

export interface Replica {
  readonly id: string;
  readonly holds: readonly string[];
  readonly writes: number;
  readonly seenAt: Date;
}

/** Processes that reported within `REPLICA_LIVES_S`. */
export async function liveReplicas(db: Db): Promise<Replica[]> {
  const { rows } = await sql<{ id: string; holds: string[]; writes: number; seen_at: Date }>`
    select id, holds, writes, seen_at from keyring.replica
    where seen_at > now() - make_interval(secs => ${REPLICA_LIVES_S}::int) order by id`.execute(db);
  return rows.map((r) => ({ id: r.id, holds: r.holds, writes: r.writes, seenAt: r.seen_at }));
}

export interface KnownReplica extends AboutReplica {
  readonly id: string;
  /** Seconds since its last report. */
  readonly age: number;
  /** Seconds since it started. */
  readonly up: number;
}

/** Processes that didn't report their stop, sorted by name, newest report first. */
export async function knownReplicas(db: Db): Promise<KnownReplica[]> {
  const { rows } = await sql<KnownReplica>`
    select id, name, build, schema, extract(epoch from now() - seen_at)::float8 as age,
           extract(epoch from now() - started_at)::float8 as up
    from keyring.replica order by name, seen_at desc`.execute(db);
  return rows;
}

/**
 * Returns the processes that run. The table can't tell a crashed process from a slow one, but if another one has started
 * under its name since its last report, it counts as ended. If it does run, its next beat corrects that.
 */
export const runningReplicas = (known: readonly KnownReplica[]): KnownReplica[] =>
  known.filter(({ name, age }) => age <= REPLICA_LIVES_S && !known.some((next) => next.name === name && next.up < age));

export const tokenKeyPlace: Place = { field: 'keyring.token', person: null, record: 'token', rowVersion: 1 };

/** Loads the key of token hashes. If none is stored, stores the current sub-key, which the existing hashes were made with. */
export async function loadTokenKey(db: Db, keys: Keys): Promise<void> {
  const read = () => db.selectFrom('keyring.token_key').select('sealed').executeTakeFirst();
  let row = await read();
  if (!row) {
    const sealed = keys.seal('keyring', tokenKeyPlace, keys.subKey('token').export());
    await insertNew(db, 'keyring.token_key', { sealed, made_at: sql`now()` });
    row = await read();
  }
  keys.useTokenKey(keys.open('keyring', tokenKeyPlace, row!.sealed));
}
