import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { count, not, remove, update } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import { PREFIX } from '../../platform/objects/sealed/layout.ts';
import type { ObjectStore } from '../../platform/objects/store.ts';
import { readPhotoOf } from './store.ts';

/**
 * Photos in the object store. Each is stored once, as the ciphertext that the kiosk made. Objects have random names, which are
 * only in the database. A row outlives its photo until every version of the object is deleted, so that nothing is left
 * behind, whichever code deletes a photo.
 */

const AT_ONCE = 8;
const PAGE = 200;

/** SQL condition: a complete photo `p` is in the object store. */
export const IS_STORED = `exists (select from photo_object o
  where o.device = p.device and o.address = p.address and o.stored_at is not null)`;

export interface StoredPhoto {
  readonly device: string;
  readonly address: string;
  readonly object: string;
  readonly pieces: readonly number[];
}

/** Yields the complete photos in the object store, ordered by object name, reading one page at a time. */
export async function* storedPhotos(db: Db): AsyncGenerator<StoredPhoto> {
  for (let after = ''; ; ) {
    const { rows } = await sql<StoredPhoto>`
      select o.device, o.address, o.object, o.pieces
      from photo_object o join photo p on p.device = o.device and p.address = o.address
      where o.stored_at is not null and p.complete_at is not null and o.object > ${after}
      order by o.object limit ${PAGE}`.execute(db);
    yield* rows;
    if (rows.length < PAGE) return;
    after = rows.at(-1)!.object;
  }
}

/** Approximate number of these, for a progress bar. */
export const countStoredPhotos = (db: Db): Promise<number> => count(db, 'photo_object', { stored_at: not(null) });

export interface PhotoReport {
  readonly stored: number;
  readonly bytes: number;
}

/** Stores every complete photo that is not stored yet. */
export async function storePhotos(
  db: Db,
  store: ObjectStore,
  {
    now,
    signal,
    progress = () => undefined,
  }: { now: () => Date; signal?: AbortSignal; progress?: (photos: number) => void },
): Promise<PhotoReport> {
  let [stored, bytes] = [0, 0];
  let after = { device: '00000000-0000-0000-0000-000000000000', address: '' };
  for (;;) {
    signal?.throwIfAborted();
    const { rows } = await sql<{ device: string; address: string; kind: 'checkin' | 'enrolment' }>`
      select device, address, kind from photo p
      where complete_at is not null and (device, address) > (${after.device}::uuid, ${after.address})
        and not ${sql.raw(IS_STORED)}
      order by device, address limit ${PAGE}`.execute(db);
    const last = rows.at(-1);
    if (!last) return { stored, bytes };
    after = last;
    for (let at = 0; at < rows.length; at += AT_ONCE) {
      signal?.throwIfAborted();
      const sizes = await Promise.all(rows.slice(at, at + AT_ONCE).map((photo) => storeOne(db, store, photo, now)));
      for (const size of sizes.filter((s) => s !== null)) {
        stored += 1;
        bytes += size;
      }
      progress(stored);
    }
  }
}

async function storeOne(
  db: Db,
  store: ObjectStore,
  { device, address, kind }: { device: string; address: string; kind: 'checkin' | 'enrolment' },
  now: () => Date,
): Promise<number | null> {
  const pieces = await readPhotoOf(db, device, address);
  if (pieces.length === 0) return null; // Deleted a moment ago.
  const body = Buffer.concat(pieces.map((p) => p.bytes));
  const prefix = kind === 'checkin' ? PREFIX.checkinPhotos : PREFIX.enrolmentPhotos;
  // The row is written before the object, since an object without a row would never be deleted.
  const row = { device, address, pieces: pieces.map((p) => p.at), size: body.length };
  const { object } = await db
    .insertInto('photo_object')
    .values({ ...row, object: `${prefix}${randomBytes(16).toString('hex')}`, stored_at: null })
    .onConflict((c) => c.columns(['device', 'address']).doUpdateSet({ pieces: row.pieces, size: row.size }))
    .returning('object')
    .executeTakeFirstOrThrow();
  await store.put(object, body);
  if ((await update(db, 'photo_object', { device, address }, { stored_at: now() })) > 0) return body.length;
  // The photo was erased, and its row swept, during the upload.
  await store.deleteEveryVersion(object);
  return null;
}

/**
 * Deletes every version of the objects whose photo is no longer in the database, and then their rows. Code that deletes
 * photos (an erasure, a purge) deletes the rows of `photo` and then calls this. The job does so too. Safe to interrupt.
 *
 * @throws Problem `s3-versions-remain`, …; the remaining rows are retried next time
 */
export async function sweepPhotoObjects(
  db: Db,
  store: ObjectStore,
  signal?: AbortSignal,
): Promise<{ objects: number; versions: number }> {
  let [objects, versions] = [0, 0];
  for (;;) {
    signal?.throwIfAborted();
    const gone = await unreferencedObjects(db, PAGE);
    for (const { device, address, object } of gone) {
      versions += (await store.deleteEveryVersion(object)).versions;
      await remove(db, 'photo_object', { device, address });
      objects += 1;
    }
    if (gone.length < PAGE) return { objects, versions };
  }
}

/** Returns objects whose photo is no longer in the database. */
export function unreferencedObjects(db: Db, limit: number) {
  return db
    .selectFrom('photo_object as o')
    .select(['o.device', 'o.address', 'o.object'])
    .where((e) =>
      e.not(
        e.exists(
          e
            .selectFrom('photo as p')
            .select('p.device')
            .whereRef('p.device', '=', 'o.device')
            .whereRef('p.address', '=', 'o.address'),
        ),
      ),
    )
    .orderBy('o.object')
    .limit(limit)
    .execute();
}
