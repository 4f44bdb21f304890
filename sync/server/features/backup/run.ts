import { sql } from 'kysely';
import type { z } from 'zod';
import type { rekeyBackups as api, BackupReport } from '../../../protocol/api/backups.ts';
import { IS_STORED, storePhotos } from '../../core/photos/objects.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import { logEpochOf } from '../../platform/audit/anchors.ts';
import { writeAudit } from '../../platform/audit/write.ts';
import { appliedMigrations } from '../../platform/database/migrations.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { find, insert, not } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { makeDataKey, rewrapDataKeys } from '../../platform/objects/sealed/data-keys.ts';
import { databaseObject, KEYRING_OBJECT, newBackupId } from '../../platform/objects/sealed/layout.ts';
import { compressed, sealStream } from '../../platform/objects/sealed/stream.ts';
import { deleteSuperseded, type ObjectStore } from '../../platform/objects/store.ts';
import { backupMade } from '../privacy/erasure/certificate.ts';
import { countRows, type DumpCounts, dump, inSnapshot, splitTables } from './dump.ts';
import { sealKeyring } from './keyring-copy.ts';
import { type Manifest, rowOf, rowsOf, writeManifest } from './manifest.ts';

const DAY_MS = 86_400_000;

/** Conditions for rows to include: all except pieces of photos that are in the object store already. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  'public.photo_piece': `not exists (select from photo p where p.device = t.device and p.address = t.address
     and p.complete_at is not null and ${IS_STORED})`,
};

export interface BackupContext {
  readonly db: Db;
  readonly keys: Keys;
  readonly store: ObjectStore;
  readonly now: () => Date;
  readonly actor: Actor;
  /** Days for which superseded copies of the keyring are kept. */
  readonly keyringDays: number;
  readonly signal?: AbortSignal;
  readonly progress?: (done: number, total: number, what: 'photos' | 'rows') => void;
}

/**
 * Backs up everything: photos that are not in the object store yet, the whole database in one snapshot, and the keyring
 * separately under its own key. Then it raises the kiosks' `safe` marks to what the snapshot contains. It uses a few MiB of
 * memory whatever the size. An interrupted run leaves objects that no manifest names, which don't count as a backup.
 *
 * @throws Problem `s3-…`
 */
export async function runBackup(context: BackupContext): Promise<z.output<typeof BackupReport>> {
  const { db, keys, store, now, keyringDays, signal, progress = () => undefined } = context;
  const photos = await storePhotos(db, store, {
    now,
    ...(signal && { signal }),
    progress: (done) => progress(done, done, 'photos'),
  });
  const takenAt = now();
  const id = newBackupId(takenAt);
  const dataKey = await makeDataKey(store, keys, id);
  const parts = await inSnapshot(db, (tx) => storeSnapshot(tx, context, { id, takenAt, dataKey }));
  const manifest: Manifest = { ...parts, finishedAt: now().toISOString() };
  await writeManifest(store, dataKey, manifest);
  await inTransaction(db, (tx) => recordBackup(tx, context, manifest));
  const supersededBefore = new Date(now().getTime() - keyringDays * DAY_MS);
  const old = await deleteSuperseded(store, KEYRING_OBJECT, { supersededBefore });
  return {
    backup: id,
    takenAt: manifest.takenAt,
    rows: rowsOf(manifest.database) + rowsOf(manifest.keyring),
    bytes: manifest.database.size + manifest.keyring.size,
    photos,
    marks: manifest.marks.length,
    keyringCopiesDeleted: old,
  };
}

async function storeSnapshot(
  tx: Tx,
  { keys, store, signal, progress = () => undefined }: BackupContext,
  { id, takenAt, dataKey }: { id: string; takenAt: Date; dataKey: Uint8Array },
): Promise<Omit<Manifest, 'finishedAt'>> {
  const tables = await splitTables(tx);
  const total = (await countRows(tx, tables.data, ELSEWHERE)) + (await countRows(tx, tables.keyring));
  let done = 0;
  const frames = (which: 'data' | 'keyring', counts: DumpCounts) =>
    dump(
      tx,
      {
        id,
        at: takenAt,
        keyVersion: keys.version,
        tables: tables[which],
        only: ELSEWHERE,
        progress: (rows) => {
          signal?.throwIfAborted();
          done += rows;
          progress(done, Math.max(done, total), 'rows');
        },
      },
      counts,
    );
  const part = async (object: string, which: 'data' | 'keyring', expectedBytes: number) => {
    const counts: DumpCounts = { rows: {} };
    const packed = compressed(frames(which, counts));
    const sealed =
      which === 'data' ? sealStream(dataKey, { kind: 'database', id }, packed) : sealKeyring(keys, id, packed);
    return { object, rows: counts.rows, ...(await store.put(object, sealed, { expectedBytes })) };
  };
  const database = await part(databaseObject(id), 'data', await databaseSize(tx));
  return {
    format: 1,
    id,
    takenAt: takenAt.toISOString(),
    logEpoch: await logEpochOf(tx),
    keyVersion: keys.version,
    rotatesFrom:
      (await find(tx, 'keyring.rotation', { phase: not('finished') }, ['from_version']))?.from_version ?? null,
    migrations: await appliedMigrations(tx),
    database,
    keyring: await part(KEYRING_OBJECT, 'keyring', 0),
    photos: await storedPhotos(tx),
    marks: await marksOf(tx),
  };
}

async function databaseSize(tx: Tx): Promise<number> {
  const { rows } = await sql<{ size: number | string }>`
    select pg_database_size(current_database()) as size`.execute(tx);
  return Number(rows[0]!.size);
}

async function storedPhotos(tx: Tx): Promise<Manifest['photos']> {
  const { rows } = await sql<{ count: number | string; bytes: number | string | null }>`
    select count(*) as count, sum(size) as bytes from photo_object where stored_at is not null`.execute(tx);
  return { count: Number(rows[0]!.count), bytes: Number(rows[0]!.bytes ?? 0) };
}

async function marksOf(tx: Tx): Promise<Manifest['marks']> {
  const rows = await tx.selectFrom('ack_mark').select(['device', 'epoch', 'committed']).execute();
  return rows.map((r) => ({ device: r.device, epoch: r.epoch, committed: Number(r.committed) }));
}

/** Records a backup. Call it only after the manifest is stored, since kiosks may then delete what the backup contains. */
async function recordBackup(tx: Tx, { keys, actor, now }: BackupContext, m: Manifest): Promise<void> {
  await insert(tx, 'backup', rowOf(m));
  await backupMade(tx, now());
  await sql`
    update ack_mark a set safe = m.committed
    from unnest(${m.marks.map((x) => x.device)}::uuid[], ${m.marks.map((x) => x.epoch)}::uuid[],
                ${m.marks.map((x) => x.committed)}::bigint[]) as m (device, epoch, committed)
    where a.device = m.device and a.epoch = m.epoch and a.safe < m.committed and a.committed >= m.committed`.execute(
    tx,
  );
  const entry = { actor, action: 'export', route: 'backup run', resource: m.id, data: ['everything'] } as const;
  await writeAudit(tx, keys, { ...entry, subjects: [], everyone: true, outcome: 'ok' }, now());
}

/**
 * Run after the environment's keys were rotated: makes a new backup, re-encrypts the data keys of all other backups under the
 * new keys, and deletes copies of the keyring under the old ones. Then the old environment keys open nothing in the object
 * store.
 *
 * Rows inside older backups don't change. Their pgcrypto layer is under the keys of their time, which a restore needs too.
 *
 * @throws Problem `backup-key-unknown`, `s3-…`; safe to run again
 */
export async function rekeyBackups(context: BackupContext): Promise<z.output<(typeof api)['answer']>> {
  const { store, keys } = context;
  const { backup } = await runBackup(context);
  const { rewrapped } = await rewrapDataKeys(store, keys);
  const { versions } = await store.deleteOldVersions(KEYRING_OBJECT);
  return { backup, rewrapped, keyringCopiesDeleted: versions };
}
