import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../../errors/problem.ts';
import { recordBackupVerified } from '../../protocol/api/backups.ts';
import { findBackup, listBackups, readManifest, rowsOf } from '../features/backup/manifest.ts';
import { type Restored, restoreBackup } from '../features/backup/restore.ts';
import { periodsOf, requireS3, withStore } from '../features/backup/store-of.ts';
import { keepVerified, type Verified, verifyBackup } from '../features/backup/verify.ts';
import { OPERATOR } from '../platform/audit/actor.ts';
import { hasTable } from '../platform/database/migrations.ts';
import { openBare } from '../platform/database/open.ts';
import { keysOf } from '../platform/keys/settings.ts';
import { auditBucket, type BucketOptions, type Finding, setupBucket } from '../platform/objects/bucket/setup.ts';
import { settleByBackup } from '../platform/objects/sealed/data-keys.ts';
import type { ThawTier } from '../platform/objects/store.ts';
import { readConfig } from './config.ts';
import { call } from './open.ts';

/**
 * Operations that need only the object store and the server's environment. They also work if there is no database, or none
 * any more. Every function throws the Problems of readConfig, `s3-not-configured` and those of the functions it calls.
 */

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Watched {
  readonly progress?: (done: number, total: number, what: string) => void;
  readonly say?: (line: string) => void;
}

export async function setup(env: Environment, options: BucketOptions): Promise<Finding[]> {
  const config = readConfig(env);
  return setupBucket(requireS3(config), periodsOf(config), options);
}

export async function audit(env: Environment, options: BucketOptions): Promise<Finding[]> {
  const config = readConfig(env);
  return auditBucket(requireS3(config), periodsOf(config), options);
}

/** A complete backup. If its content can't be read, `state` says why and the other fields are null. */
export interface Listed {
  readonly backup: string;
  readonly takenAt: string | null;
  readonly rows: number | null;
  readonly bytes: number | null;
  readonly photos: number | null;
  readonly keyVersion: number | null;
  /** `readable`, or the code of the error on reading its manifest with these keys. */
  readonly state: string;
}

/** Lists the newest backups, newest first. */
export function list(env: Environment, limit: number): Promise<Listed[]> {
  const config = readConfig(env);
  return withStore(config, async (store) => {
    const found: Listed[] = [];
    for (const backup of (await listBackups(store)).slice(0, limit)) {
      try {
        const keys = keysOf(config);
        await settleByBackup(store, keys, backup);
        const { manifest: m } = await readManifest(store, keys, backup);
        found.push({
          backup,
          takenAt: m.takenAt,
          rows: rowsOf(m.database) + rowsOf(m.keyring),
          bytes: m.database.size + m.keyring.size,
          photos: m.photos.count,
          keyVersion: m.keyVersion,
          state: 'readable',
        });
      } catch (cause) {
        const state = (cause as { code?: string }).code ?? 'internal';
        found.push({ backup, takenAt: null, rows: null, bytes: null, photos: null, keyVersion: null, state });
      }
    }
    return found;
  });
}

export interface ThawChoice {
  readonly wait: boolean;
  readonly tier: ThawTier;
}

/** Verifies a backup without a database, except its photos. */
export function verify(env: Environment, wanted: string | null, o: ThawChoice & Watched): Promise<Verified> {
  const config = readConfig(env);
  return withStore(config, async (store) => {
    const keys = keysOf(config);
    await settleByBackup(store, keys, await findBackup(store, wanted));
    return verifyBackup({ db: null, store, keys }, { wanted, photos: false, thaw: { ...o, sleep }, ...o });
  });
}

/** Restores a backup into the database of this environment, which must be empty. */
export async function restore(env: Environment, wanted: string | null, o: ThawChoice & Watched): Promise<Restored> {
  const config = readConfig(env);
  return withStore(config, async (store) => {
    const database = await openBare(config.home, { postgres: config.database });
    try {
      return await restoreBackup(
        {
          db: database.db,
          store,
          keys: keysOf(config),
          now: () => new Date(),
          actor: OPERATOR,
          thaw: { ...o, sleep },
          ...(o.progress && { progress: o.progress }),
        },
        wanted,
      );
    } finally {
      await database.close();
    }
  });
}

/** Records in the database that a backup was verified, for `doctor`. Doesn't create a database if there is none. */
export async function noteVerified(env: Environment): Promise<void> {
  const config = readConfig(env);
  try {
    if (!config.database) {
      if (existsSync(join(config.home, 'pglite'))) await call(env, recordBackupVerified);
      return;
    }
    const { db, close } = await openBare(config.home, { postgres: config.database, size: 1 });
    try {
      if (await hasTable(db, 'meta')) await keepVerified(db, new Date());
    } finally {
      await close();
    }
  } catch (cause) {
    // The backup is verified even if this can't be recorded.
    if (!(cause instanceof Problem)) throw cause;
  }
}
