import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { v4 } from 'uuid';
import { Problem } from '../../../errors/problem.ts';
import { countStoredPhotos, type StoredPhoto, storedPhotos } from '../../core/photos/objects.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import { writeAudit } from '../../platform/audit/write.ts';
import { knownMigrations, migrate } from '../../platform/database/migrations.ts';
import { RESTORING } from '../../platform/database/restoring.ts';
import {
  above,
  exists,
  find,
  findSorted,
  insert,
  insertNew,
  remove,
  update,
  upsert,
} from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { openKeyring } from '../../platform/keys/keyring.ts';
import { settleByBackup } from '../../platform/objects/sealed/data-keys.ts';
import type { ObjectStore } from '../../platform/objects/store.ts';
import { repeatDecisions, storedDecisions } from '../privacy/decisions.ts';
import { load, requireEmpty, withoutConstraints } from './load.ts';
import { findBackup, type Manifest, readManifest, rowOf, rowsOf } from './manifest.ts';
import { databaseFrames, keyringFrames, keyringHead, type ThawOptions, thawed } from './read.ts';
import { type RepeatedErasures, repeatErasures } from './repeat-erasures.ts';

export interface RestoreContext {
  /** An empty database without migrations, or one in which a restore of the same backup was interrupted. */
  readonly db: Db;
  readonly store: ObjectStore;
  readonly keys: Keys;
  readonly now: () => Date;
  readonly actor: Actor;
  readonly thaw: ThawOptions;
  readonly progress?: (done: number, total: number, what: 'rows' | 'photos' | 'people') => void;
}

export interface Restored extends RepeatedErasures {
  readonly backup: string;
  readonly takenAt: string;
  readonly rows: number;
  readonly photos: number;
  /** Number of photos without an object: purged or erased since. Their kiosks may send them again. */
  readonly photosMissing: number;
  /** Number of requested erasures, withdrawn consents, opt-outs and legal holds that the backup lacked. */
  readonly decisionsRepeated: number;
  readonly logEpoch: string;
  /** `newest`: keys destroyed since stay destroyed. `own`: the backup's own copy, because the newest doesn't fit it. */
  readonly keyring: 'newest' | 'own';
}

/**
 * Restores a backup into an empty database, so that a server can continue with it: every row, sequence and partition, and
 * photos from their objects. The database gets a new log epoch, so that kiosks send again what the backup lacks. People
 * erased since are erased again before the server may start. Safe to run again after an interruption.
 *
 * @param wanted id of the backup, or null for the newest
 * @throws Problem `database-not-empty`, `backup-none`, `backup-newer`, `backup-needs-older-keys`, `backup-thawing`,
 *   `backup-broken`, `wrong-encryption-key`, `s3-…`; if it fails before all rows are loaded, the database has none of them
 */
export async function restoreBackup(context: RestoreContext, wanted: string | null): Promise<Restored> {
  const { db, store, keys } = context;
  const begun = await restoring(db);
  if (!begun) await requireEmpty(db);
  const id = await findBackup(store, begun?.backup ?? wanted);
  await settleByBackup(store, keys, id);
  const { manifest, dataKey } = await readManifest(store, keys, id);
  const state = begun ?? (await fill(context, manifest, dataKey));
  await migrate(db);
  const photos = await restorePhotos(context);
  // Before the erasures, which destroy keys that are needed here.
  const decisionsRepeated = await repeatStored(context);
  const erased = await repeatErasures(context);
  await remove(db, 'meta', { key: RESTORING });
  return {
    backup: id,
    takenAt: manifest.takenAt,
    rows: rowsOf(manifest.database) + rowsOf(manifest.keyring),
    ...photos,
    decisionsRepeated,
    ...erased,
    logEpoch: state.logEpoch,
    keyring: state.keyring,
  };
}

async function repeatStored(context: RestoreContext): Promise<number> {
  const { db, store, keys, now } = context;
  const version = await storedDecisions(store);
  if (version === null) return 0;
  // Determines which keys the restored database is under.
  await openKeyring(db, keys, { hostnames: ['localhost'], now: () => now().getTime() });
  return repeatDecisions(context, store, version);
}

interface State {
  readonly backup: string;
  readonly logEpoch: string;
  readonly keyring: Restored['keyring'];
}

/** Returns the unfinished restore of this database, or null. */
async function restoring(db: Db): Promise<State | null> {
  const { rows } = await sql<{ there: boolean }>`select to_regclass('meta') is not null as there`.execute(db);
  if (!rows[0]?.there) return null;
  const row = await find(db, 'meta', { key: RESTORING }, ['value']);
  return row ? (JSON.parse(row.value) as State) : null;
}

async function fill(context: RestoreContext, manifest: Manifest, dataKey: Uint8Array): Promise<State> {
  const { db, store, keys } = context;
  requireReadable(manifest, keys);
  await thawed(store, manifest, context.thaw);
  const own = manifest.keyring.versionId;
  const keyring = await chooseKeyring(store, keys, manifest);
  const state: State = { backup: manifest.id, logEpoch: v4(), keyring };
  const total = rowsOf(manifest.database) + rowsOf(manifest.keyring);
  let done = 0;
  const progress = (rows: number) => {
    done += rows;
    context.progress?.(done, Math.max(done, total), 'rows');
  };
  await migrate(db, manifest.migrations.at(-1));
  await db.transaction().execute(async (tx) => {
    for (const limit of ['statement_timeout', 'idle_in_transaction_session_timeout'])
      await sql.raw(`set local ${limit} = 0`).execute(tx);
    await withoutConstraints(tx, async () => {
      const loaded = await load(tx, databaseFrames(store, manifest, dataKey), { progress });
      for (const [table, rows] of Object.entries(manifest.database.rows))
        if (loaded.rows[table] !== rows) throw differs(table);
      await load(tx, keyringFrames(store, keys, keyring === 'own' ? own : undefined), { progress });
    });
    if (keyring === 'newest') {
      await requirePersonKeys(tx, manifest);
      await rotateAgain(tx, manifest);
    }
    await begin(tx, context, manifest, state);
  });
  return state;
}

/**
 * Chooses the newest copy, in which the keys of people erased since are destroyed, if it fits the backup. If it has other
 * migrations, or was made after a rotation or at another point of one, the backup's own copy is used, if it still exists.
 * Tombstones then destroy the keys again.
 *
 * @throws Problem `backup-keyring-differs`
 */
async function chooseKeyring(store: ObjectStore, keys: Keys, m: Manifest): Promise<Restored['keyring']> {
  const newest = await keyringHead(store, keys);
  const sameForm = newest.migrations.join() === m.migrations.join();
  if (sameForm && newest.keyVersion === m.keyVersion && m.rotatesFrom === null) return 'newest';
  if (await store.head(m.keyring.object, m.keyring.versionId)) return 'own';
  if (sameForm) return 'newest';
  throw new Problem('backup-keyring-differs');
}

/** Makes sure that people's keys were not replaced since this backup. @throws Problem `backup-keyring-differs` */
async function requirePersonKeys(tx: Tx, { keyVersion, rotatesFrom }: Manifest): Promise<void> {
  const renewed = {
    re_encrypt: true,
    phase: ['working', 'finished'],
    to_version: above(rotatesFrom ?? keyVersion),
  } as const;
  if (await exists(tx, 'keyring.rotation', renewed)) throw new Problem('backup-keyring-differs');
}

/**
 * Restarts the rotation that replaced the backup's keys, if there was one. According to the newest keyring no row is under
 * those keys any more, but after the restore all rows are. Nobody may remove them before `keys rotate` has finished again.
 */
async function rotateAgain(tx: Tx, { keyVersion, rotatesFrom }: Manifest): Promise<void> {
  const from = rotatesFrom ?? keyVersion;
  const [last] = await findSorted(tx, 'keyring.rotation', {}, ['to_version'], { descending: true, limit: 1 });
  if (!last || last.to_version <= from || last.phase === 'announced' || last.phase === 'switched') return;
  const begun = { phase: 'switched', step: 0, position: null, done: 0, finished_at: null, scrubbed_at: null } as const;
  await update(tx, 'keyring.rotation', { to_version: last.to_version }, { ...begun, from_version: from });
  await update(tx, 'keyring.key_version', { state: 'active' }, { state: 'retired' });
  await update(tx, 'keyring.key_version', { version: from }, { state: 'active', retired_at: null });
  await update(tx, 'keyring.key_version', { version: last.to_version }, { state: 'incoming', retired_at: null });
}

/**
 * Changes what must not be as in the backup: sets a new log epoch, ends sessions, invalidates one-time codes (they may have
 * been used since), withdraws commands that wipe kiosks (they may have been withdrawn since), holds rollouts, and marks all
 * events so far as safe.
 */
async function begin(tx: Tx, context: RestoreContext, m: Manifest, state: State): Promise<void> {
  const { keys, actor, now } = context;
  const meta = (key: string, value: string) => upsert(tx, 'meta', 'key', { key, value }, { value });
  await meta('log-epoch', state.logEpoch);
  await meta(RESTORING, JSON.stringify(state));
  for (const table of ['session', 'sign_in_link'] as const) await tx.deleteFrom(table).execute();
  await tx.updateTable('recovery_code').set({ used_at: now() }).where('used_at', 'is', null).execute();
  await update(tx, 'provisioning_code', { expires_at: above(now()) }, { expires_at: now() });
  await withdrawDestroying(tx, now());
  await holdRollout(tx, now());
  await sql`update ack_mark set safe = committed`.execute(tx);
  await insertNew(tx, 'backup', rowOf(m));
  const entry = { actor, action: 'operate', route: 'backup restore', resource: m.id, data: ['everything'] } as const;
  await writeAudit(tx, keys, { ...entry, subjects: [], everyone: true, outcome: 'ok' }, now());
}

/** Withdraws waiting commands that wipe or decommission a kiosk, and notifies kiosks that have one already. */
async function withdrawDestroying(tx: Tx, now: Date): Promise<void> {
  const at = now.toISOString();
  await sql`
    with ended as (
      update fleet_command set outcome = 'withdrawn', answered_at = ${at}::timestamptz, expires_at = ${at}::timestamptz
      where outcome is null and what in ('wipe', 'decommission') returning id)
    update device_state set body = body || jsonb_build_object('expires', ${at}::text)
    where kind = 'command' and id in (select id from ended)`.execute(tx);
}

/** Holds rollouts until someone decides, since they may have been paused, stopped or rolled back after the backup. */
async function holdRollout(tx: Tx, now: Date): Promise<void> {
  await sql`
    with held as (
      update rollout set state = 'held' where ended_at is null and state <> 'rolled-back' returning id),
    noted as (
      insert into rollout_action (id, rollout, at, by, what, detail)
      select gen_random_uuid(), id, ${now.toISOString()}::timestamptz, 'server', 'held', '{}' from held)
    update device_state set body = '{"kind": "update", "update": null}'
    where kind = 'update' and body->'update'->>'rollout' in (select id::text from held)`.execute(tx);
}

function requireReadable(m: Manifest, keys: Keys): void {
  const known = knownMigrations();
  const unknown = m.migrations.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Problem('backup-newer', { migrations: unknown.join(', ') });
  const version = [m.keyVersion, m.rotatesFrom ?? m.keyVersion].find((v) => !keys.versions.includes(v));
  if (version !== undefined) throw new Problem('backup-needs-older-keys', { version });
}

/** Restores the pieces of photos that are in the object store according to their rows. Safe to run again. */
async function restorePhotos({
  db,
  store,
  progress,
}: RestoreContext): Promise<{ photos: number; photosMissing: number }> {
  const total = await countStoredPhotos(db);
  let [photos, photosMissing] = [0, 0];
  for await (const photo of storedPhotos(db)) {
    const { device, address } = photo;
    if ((await exists(db, 'photo_piece', { device, address })) || (await restorePhoto(db, store, photo))) photos += 1;
    else photosMissing += 1;
    progress?.(photos + photosMissing, total, 'photos');
  }
  return { photos, photosMissing };
}

async function restorePhoto(
  db: Db,
  store: ObjectStore,
  { device, address, object, pieces }: StoredPhoto,
): Promise<boolean> {
  const bytes = await wholeObject(store, object);
  const right = bytes && createHash('sha256').update(bytes).digest('base64url') === address;
  await db.transaction().execute(async (tx) => {
    const one = { device, address };
    if (right)
      await insert(
        tx,
        'photo_piece',
        pieces.map((at, i) => ({ ...one, at, bytes: bytes.subarray(at, pieces[i + 1]) })),
      );
    else {
      await update(tx, 'photo', { device, address }, { received: 0, total: null, complete_at: null });
      await remove(tx, 'photo_object', { object });
    }
  });
  return right === true;
}

async function wholeObject(store: ObjectStore, object: string): Promise<Buffer | null> {
  try {
    const pieces: Uint8Array[] = [];
    for await (const piece of await store.get(object)) pieces.push(piece);
    return Buffer.concat(pieces);
  } catch (cause) {
    if (cause instanceof Problem && cause.code === 's3-object-missing') return null;
    throw cause;
  }
}

const differs = (table: string): Problem =>
  new Problem('backup-malformed', { reason: `table ${table} has not as many rows as the manifest says` });
