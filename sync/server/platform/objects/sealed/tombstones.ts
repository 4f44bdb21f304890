import { createHmac } from 'node:crypto';
import { json } from 'node:stream/consumers';
import { z } from 'zod';
import { Problem } from '../../../../errors/problem.ts';
import type { Keys } from '../../keys/envelope.ts';
import type { ObjectStore } from '../store.ts';
import { makeDataKey, readDataKey } from './data-keys.ts';
import { keyObject, PREFIX, TOMBSTONE_KEY } from './layout.ts';

/**
 * The people a restore has to erase again. They are stored beside the backups, not in them, because a backup from before
 * an erasure doesn't contain it. Each person is stored as a keyed hash, which is useless without that person's id.
 */

const Stored = z.strictObject({
  v: z.literal(1),
  request: z.uuid(),
  requestedAt: z.iso.datetime(),
  noHoldAt: z.iso.datetime(),
  /** HMAC-SHA-256 of each id that the person had, base64url. */
  people: z.array(z.base64url().length(43)).min(1).max(1000),
});

/** An erasure that every restore must repeat. */
export interface StoredTombstone {
  readonly request: string;
  readonly requestedAt: Date;
  /** A time at which no legal hold covered the person: a hold in a backup that was set before it has ended. */
  readonly noHoldAt: Date;
  readonly people: readonly string[];
}

/**
 * Stores what a restore must erase again. When this returns, it was read back and compared. Safe to repeat.
 *
 * @param erasure with every id the person had as `people`
 * @throws Problem `tombstone-key-missing`, `s3-…`
 */
export async function writeTombstone(store: ObjectStore, keys: Keys, erasure: StoredTombstone): Promise<void> {
  const key = await openOrMakeKey(store, keys);
  const { request, requestedAt, noHoldAt } = erasure;
  const people = erasure.people.map((person) => markOf(key, person));
  const stored = Stored.parse({
    v: 1,
    request,
    requestedAt: requestedAt.toISOString(),
    noHoldAt: noHoldAt.toISOString(),
    people,
  });
  await store.put(`${PREFIX.tombstones}${request}`, Buffer.from(JSON.stringify(stored), 'utf8'), {
    contentType: 'application/json',
  });
}

/** Reads every tombstone, even deleted ones: deleting one must not undo the erasure. @throws Problem `tombstone-unreadable` */
export async function* readTombstones(store: ObjectStore): AsyncGenerator<StoredTombstone> {
  for await (const object of store.list(PREFIX.tombstones)) {
    if (object.deleteMarker) continue;
    try {
      const stored = await json(await store.get(object.key, object.versionId));
      const { request, requestedAt, noHoldAt, people } = Stored.parse(stored);
      yield { request, requestedAt: new Date(requestedAt), noHoldAt: new Date(noHoldAt), people };
    } catch (cause) {
      if (cause instanceof Problem) throw cause;
      throw new Problem('tombstone-unreadable', { file: object.key, cause });
    }
  }
}

/** Returns a function from a person's id to the hash in tombstones. @throws Problem `tombstone-key-missing`, `s3-…` */
export async function tombstoneMarks(store: ObjectStore, keys: Keys): Promise<(person: string) => string> {
  const key = await openKey(store, keys);
  if (!key) throw keyMissing();
  return (person) => markOf(key, person);
}

/** @throws Problem `tombstone-key-missing` if there are tombstones, but not the key they were made with */
export async function requireTombstoneKey(store: ObjectStore, keys: Keys): Promise<void> {
  if (!(await openKey(store, keys)) && (await anyTombstone(store))) throw keyMissing();
}

const markOf = (key: Uint8Array, person: string) =>
  createHmac('sha256', key).update(`smartpresence/tombstone\0${person.toLowerCase()}`).digest('base64url');

/**
 * The random key of the hashes. It is rewrapped like the backups' data keys, so hashes survive a rotation. It is created with
 * the first tombstone and never replaced: under another key no tombstone would match, and a restore would bring everyone back.
 */
async function openOrMakeKey(store: ObjectStore, keys: Keys): Promise<Buffer> {
  const there = await openKey(store, keys);
  if (there) return there;
  if (await anyTombstone(store)) throw keyMissing();
  try {
    return await makeDataKey(store, keys, TOMBSTONE_KEY);
  } catch (cause) {
    // Another replica has just created it.
    if (!(cause instanceof Problem && cause.code === 's3-object-exists')) throw cause;
    return readDataKey(store, keys, TOMBSTONE_KEY);
  }
}

/** Returns null if the key doesn't exist. */
async function openKey(store: ObjectStore, keys: Keys): Promise<Buffer | null> {
  try {
    return await readDataKey(store, keys, TOMBSTONE_KEY);
  } catch (cause) {
    if (cause instanceof Problem && cause.code === 's3-object-missing') return null;
    throw cause;
  }
}

/** Whether there is any tombstone, deleted ones included. */
async function anyTombstone(store: ObjectStore): Promise<boolean> {
  for await (const { deleteMarker } of store.list(PREFIX.tombstones)) if (!deleteMarker) return true;
  return false;
}

const keyMissing = (): Problem => new Problem('tombstone-key-missing', { key: keyObject(TOMBSTONE_KEY) });
