import { createHash } from 'node:crypto';
import { Problem } from '../../../errors/problem.ts';
import { countStoredPhotos, storedPhotos } from '../../core/photos/objects.ts';
import { exists, upsert } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { malformed } from '../../platform/objects/sealed/frames.ts';
import type { ObjectStore } from '../../platform/objects/store.ts';
import { findBackup, type Manifest, readManifest, rowsOf } from './manifest.ts';
import { countFrames, databaseFrames, keyringFrames, type ThawOptions, thawed } from './read.ts';

/** Key in `meta` of the time at which a backup was last verified. */
export const VERIFIED = 'backup-verified';

export async function keepVerified(db: Db, now: Date): Promise<void> {
  const value = now.toISOString();
  await upsert(db, 'meta', 'key', { key: VERIFIED, value }, { value });
}

export interface Verified {
  readonly backup: string;
  readonly takenAt: string;
  readonly rows: number;
  readonly bytes: number;
  /** The backup's own copy of the keyring. `missing`: deleted after its time, as intended. A restore uses the newest one. */
  readonly keyring: 'opened' | 'missing';
  /** Number of photos that were read and compared with their names. Null if not requested. */
  readonly photos: number | null;
}

/**
 * Reads a whole backup like a restore, without writing anything. It decrypts every chunk, counts the rows of every table and
 * compares them with the manifest.
 *
 * @param context `db`: the database that lists the photos; null: they are not read
 * @param o `wanted`: id, or null for the newest; `photos`: also read every photo that this database knows to be stored
 * @throws Problem that says what is wrong: `backup-broken`, `backup-malformed`, `backup-thawing`, `s3-…`
 */
export async function verifyBackup(
  { db, store, keys }: { db: Db | null; store: ObjectStore; keys: Keys },
  o: {
    readonly wanted: string | null;
    readonly photos: boolean;
    readonly thaw: ThawOptions;
    readonly progress?: (done: number, total: number, what: 'rows' | 'photos') => void;
  },
): Promise<Verified> {
  const id = await findBackup(store, o.wanted);
  const { manifest, dataKey } = await readManifest(store, keys, id);
  await thawed(store, manifest, o.thaw);
  const total = rowsOf(manifest.database) + rowsOf(manifest.keyring);
  let done = 0;
  const progress = (rows: number) => {
    done += rows;
    o.progress?.(done, total, 'rows');
  };
  requireSame(await countFrames(databaseFrames(store, manifest, dataKey), progress), manifest.database.rows);
  return {
    backup: id,
    takenAt: manifest.takenAt,
    rows: total,
    bytes: manifest.database.size + manifest.keyring.size,
    keyring: await verifyKeyring(store, keys, manifest, progress),
    photos: o.photos && db ? await verifyPhotos(db, store, (n, of) => o.progress?.(n, of, 'photos')) : null,
  };
}

async function verifyKeyring(
  store: ObjectStore,
  keys: Keys,
  { keyring }: Manifest,
  progress: (rows: number) => void,
): Promise<Verified['keyring']> {
  if (!(await store.head(keyring.object, keyring.versionId))) return 'missing';
  requireSame(await countFrames(keyringFrames(store, keys, keyring.versionId), progress), keyring.rows);
  return 'opened';
}

function requireSame(found: Readonly<Record<string, number>>, expected: Readonly<Record<string, number>>): void {
  const names = new Set([...Object.keys(found), ...Object.keys(expected)]);
  const wrong = [...names].find((name) => found[name] !== expected[name]);
  if (wrong)
    throw malformed(`table ${wrong} has ${found[wrong] ?? 'no'} rows in place of ${expected[wrong] ?? 'none'}`);
}

/**
 * Reads every stored photo and compares it with its name, which is the hash of its ciphertext. Skips photos that are purged or
 * erased meanwhile.
 *
 * @returns the number of photos read
 */
async function verifyPhotos(
  db: Db,
  store: ObjectStore,
  progress: (done: number, total: number) => void,
): Promise<number> {
  const total = await countStoredPhotos(db);
  let done = 0;
  for await (const { device, address, object } of storedPhotos(db)) {
    const hash = createHash('sha256');
    try {
      for await (const piece of await store.get(object)) hash.update(piece);
    } catch (cause) {
      if (await exists(db, 'photo', { device, address })) throw cause;
      continue;
    }
    if (hash.digest('base64url') !== address)
      throw new Problem('backup-broken', { reason: `the photo ${object} is not what was stored` });
    done += 1;
    progress(done, Math.max(done, total));
  }
  return done;
}
