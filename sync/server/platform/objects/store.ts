import { createHash } from 'node:crypto';
import type { ListObjectVersionsCommandOutput, S3 } from '@aws-sdk/client-s3';
import { Problem } from '../../../errors/problem.ts';
import { s3Client } from './client.ts';
import { asS3Problem, withStoreProblem } from './problems.ts';
import type { S3Settings } from './settings.ts';
import { abortUploads, type PutOptions, upload } from './upload.ts';

export type { PutOptions } from './upload.ts';

export interface StoredObject {
  readonly key: string;
  readonly size: number;
  readonly versionId: string;
  readonly isLatest: boolean;
  /** Whether this is the marker of a plain delete. The versions below it still exist. */
  readonly deleteMarker: boolean;
  readonly at: Date;
}

export interface ObjectHead {
  readonly size: number;
  readonly versionId: string;
  readonly at: Date;
  /** How the store encrypts it: `AES256` or `aws:kms`. Null if the store doesn't say. */
  readonly encryption: string | null;
  readonly storageClass: string;
  /** Null unless it is archived, which makes it unreadable until thawed. `until`: when the current thaw ends. */
  readonly archive: { readonly state: 'frozen' | 'thawing' | 'thawed'; readonly until: Date | null } | null;
  /** Until when it is locked against deletion. */
  readonly lockedUntil: Date | null;
}

/**
 * Objects of a versioned bucket. Callers write data that is already encrypted; each write requests the store's own
 * encryption on top. Every method throws Problems whose codes begin with `s3-`.
 */
export interface ObjectStore {
  readonly bucket: string;
  /**
   * Writes an object, reads it back, and returns only if its SHA-256 is that of the bytes sent. Memory holds a few parts
   * (8 MiB each), however large the object. A failed upload leaves no parts behind.
   *
   * @returns `sha256` of all bytes, hexadecimal
   * @throws Problem `s3-checksum-wrong`, `s3-object-exists` (with `ifAbsent`), `s3-denied`, `s3-unreachable`, …
   */
  put(
    key: string,
    body: AsyncIterable<Uint8Array> | Uint8Array,
    options?: PutOptions,
  ): Promise<{ versionId: string; sha256: string; size: number }>;
  /** Reads an object. @throws Problem `s3-object-missing`, `s3-object-archived`, …, also while the bytes are read */
  get(key: string, versionId?: string): Promise<AsyncIterable<Uint8Array>>;
  /** Returns null if there is no such object. */
  head(key: string, versionId?: string): Promise<ObjectHead | null>;
  /** Lists every version of every object whose key begins with `prefix`, delete markers included: by key, newest first. */
  list(prefix: string): AsyncIterable<StoredObject>;
  /**
   * Deletes every version and every unfinished upload of one object, or of all objects below a prefix that ends with `/`,
   * and checks that no version is left. A plain delete on a versioned bucket would erase nothing.
   *
   * @throws Problem `s3-versions-remain` (locked, or deleting is not allowed), …
   */
  deleteEveryVersion(prefixOrKey: string): Promise<{ versions: number }>;
  /** Deletes every version of one object except the newest. @throws Problem as `deleteEveryVersion` */
  deleteOldVersions(key: string, o?: { readonly supersededBefore?: Date }): Promise<{ versions: number }>;
  /** Whether the bucket can lock objects (`lockedUntil`). False as well if the store doesn't support locks. */
  offersLocks(): Promise<boolean>;
  /** Requests a copy of an archived object that is readable for some days. Safe to repeat. */
  thaw(key: string, versionId: string | undefined, o: { days: number; tier: ThawTier }): Promise<void>;
  close(): void;
}

/**
 * Deletes superseded versions of an object below `keyring/`. Missing rights are ignored: the bucket's lifecycle does the same
 * later.
 *
 * @returns how many; null if not allowed
 */
export async function deleteSuperseded(
  store: ObjectStore,
  key: string,
  o?: Parameters<ObjectStore['deleteOldVersions']>[1],
): Promise<number | null> {
  try {
    return (await store.deleteOldVersions(key, o)).versions;
  } catch (cause) {
    if (cause instanceof Problem && (cause.code === 's3-denied' || cause.code === 's3-versions-remain')) return null;
    throw cause;
  }
}

/** Opens the store, runs `work` and closes the store. `work` gets null if no store is configured. */
export async function withObjectStore<T>(
  settings: S3Settings | null,
  work: (store: ObjectStore | null) => Promise<T>,
): Promise<T> {
  const store = settings && openObjectStore(settings);
  try {
    return await work(store);
  } finally {
    store?.close();
  }
}

export type ThawTier = 'Expedited' | 'Standard' | 'Bulk';

/** S3's limit of keys per delete request. */
const DELETE_BATCH = 1000;

/** Opens the store of these settings, without sending a request yet. */
export function openObjectStore(settings: S3Settings): ObjectStore {
  const client = s3Client(settings);
  let eraser: S3 | null = null;
  const erasing = () => {
    eraser ??= settings.erasureCredentials === settings.credentials ? client : s3Client(settings, 'erasure');
    return eraser;
  };
  const bucket = settings.bucket;
  const store: ObjectStore = {
    bucket,
    async put(key, body, options = {}) {
      const sent = await upload(client, settings, key, body, options);
      await requireSame(await store.get(key, sent.versionId), sent, key);
      return sent;
    },
    async get(key, versionId) {
      const answer = await withStoreProblem(key, () =>
        client.getObject({ Bucket: bucket, Key: key, ...version(versionId) }),
      );
      return readable(answer.Body as AsyncIterable<Uint8Array> | undefined, key);
    },
    async head(key, versionId) {
      try {
        const h = await withStoreProblem(key, () =>
          client.headObject({ Bucket: bucket, Key: key, ...version(versionId) }),
        );
        return {
          size: h.ContentLength ?? 0,
          versionId: h.VersionId ?? 'null',
          at: h.LastModified ?? new Date(0),
          encryption: h.ServerSideEncryption ?? null,
          storageClass: h.StorageClass ?? 'STANDARD',
          archive: archiveState(h.StorageClass, h.Restore),
          lockedUntil: h.ObjectLockRetainUntilDate ?? null,
        };
      } catch (cause) {
        if (cause instanceof Problem && cause.code === 's3-object-missing') return null;
        throw cause;
      }
    },
    list: (prefix) => versions(client, bucket, prefix),
    async deleteEveryVersion(prefixOrKey) {
      const deleted = await deleteVersions(erasing(), bucket, prefixOrKey);
      await abortUploads(erasing(), bucket, prefixOrKey);
      return { versions: deleted };
    },
    async deleteOldVersions(key, { supersededBefore } = {}) {
      const found: StoredObject[] = [];
      for await (const object of versionsOf(client, bucket, key)) found.push(object);
      // A version is superseded when the next one is written.
      const old = found.filter((o, i) => {
        const next = found[i - 1];
        return !o.isLatest && next && (!supersededBefore || next.at < supersededBefore);
      });
      for (let at = 0; at < old.length; at += DELETE_BATCH)
        await deleteBatch(erasing(), bucket, key, old.slice(at, at + DELETE_BATCH));
      return { versions: old.length };
    },
    async offersLocks() {
      try {
        const answer = await client.getObjectLockConfiguration({ Bucket: bucket });
        return answer.ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled';
      } catch (cause) {
        const problem = asS3Problem(cause, bucket);
        // No lock is configured, or this store doesn't support locks.
        if (problem.code === 's3-failed' || problem.code === 's3-object-missing') return false;
        throw problem;
      }
    },
    async thaw(key, versionId, { days, tier }) {
      await withStoreProblem(key, async () => {
        try {
          await client.restoreObject({
            Bucket: bucket,
            Key: key,
            ...version(versionId),
            RestoreRequest: { Days: days, GlacierJobParameters: { Tier: tier } },
          });
        } catch (cause) {
          // Already requested, or not (or no longer) in an archive: nothing left to do.
          if (!/^(RestoreAlreadyInProgress|ObjectAlreadyInActiveTierError|InvalidObjectState)$/.test(nameOf(cause)))
            throw cause;
        }
      });
    },
    close() {
      client.destroy();
      eraser?.destroy();
    },
  };
  return store;
}

const version = (versionId: string | undefined) => (versionId ? { VersionId: versionId } : {});
const nameOf = (cause: unknown) => (cause as { name?: string }).name ?? '';

async function* readable(body: AsyncIterable<Uint8Array> | undefined, key: string): AsyncGenerator<Uint8Array> {
  try {
    if (body) yield* body;
  } catch (cause) {
    throw asS3Problem(cause, key);
  }
}

/** Reads all bytes and compares them. We don't rely on the store's own checksums, which not every store keeps. */
async function requireSame(
  stored: AsyncIterable<Uint8Array>,
  sent: { sha256: string; size: number },
  key: string,
): Promise<void> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of stored) {
    hash.update(piece);
    size += piece.length;
  }
  if (size === sent.size && hash.digest('hex') === sent.sha256) return;
  throw new Problem('s3-checksum-wrong', { key });
}

/** @param restore e.g. `ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"` */
function archiveState(storageClass: string | undefined, restore: string | undefined): ObjectHead['archive'] {
  if (storageClass !== 'GLACIER' && storageClass !== 'DEEP_ARCHIVE') return null;
  if (!restore) return { state: 'frozen', until: null };
  if (/ongoing-request="true"/.test(restore)) return { state: 'thawing', until: null };
  const until = /expiry-date="([^"]+)"/.exec(restore)?.[1];
  return { state: 'thawed', until: until ? new Date(until) : null };
}

async function* versions(client: S3, bucket: string, prefix: string): AsyncGenerator<StoredObject> {
  let marker: { KeyMarker?: string; VersionIdMarker?: string } = {};
  for (;;) {
    const page: ListObjectVersionsCommandOutput = await withStoreProblem(prefix || bucket, () =>
      client.listObjectVersions({ Bucket: bucket, Prefix: prefix, ...marker }),
    );
    const found = [
      ...(page.Versions ?? []).map((v) => ({ ...v, deleteMarker: false })),
      ...(page.DeleteMarkers ?? []).map((v) => ({ ...v, Size: 0, deleteMarker: true })),
    ].map((v) => ({
      key: v.Key ?? '',
      size: v.Size ?? 0,
      // S3 names a version `null` if it was written before versioning was enabled.
      versionId: v.VersionId ?? 'null',
      isLatest: v.IsLatest ?? false,
      deleteMarker: v.deleteMarker,
      at: v.LastModified ?? new Date(0),
    }));
    // S3 lists the versions of a key newest first, but markers apart from the rest, and times in whole seconds. The sort is stable.
    found.sort((a, b) =>
      a.key === b.key
        ? Number(b.isLatest) - Number(a.isLatest) || b.at.getTime() - a.at.getTime()
        : Number(a.key > b.key) || -1,
    );
    yield* found;
    if (!page.IsTruncated) return;
    marker = {
      ...(page.NextKeyMarker && { KeyMarker: page.NextKeyMarker }),
      ...(page.NextVersionIdMarker && { VersionIdMarker: page.NextVersionIdMarker }),
    };
  }
}

/** Versions below a prefix that ends with `/`, or of exactly one key: `photos/a` doesn't include `photos/ab`. */
async function* versionsOf(client: S3, bucket: string, prefixOrKey: string): AsyncGenerator<StoredObject> {
  for await (const object of versions(client, bucket, prefixOrKey))
    if (prefixOrKey.endsWith('/') || object.key === prefixOrKey) yield object;
}

async function deleteBatch(client: S3, bucket: string, what: string, batch: readonly StoredObject[]): Promise<void> {
  if (batch.length === 0) return;
  const Objects = batch.map((o) => ({ Key: o.key, VersionId: o.versionId }));
  const answer = await withStoreProblem(what, () =>
    client.deleteObjects({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
  );
  const refused = answer.Errors?.[0];
  if (refused)
    throw remains(
      what,
      `${answer.Errors!.length} versions could not be deleted (${refused.Code ?? 'no reason given'})`,
    );
}

async function deleteVersions(client: S3, bucket: string, prefixOrKey: string): Promise<number> {
  if (prefixOrKey === '' || prefixOrKey === '/') throw new Problem('s3-prefix-missing');
  let deleted = 0;
  let batch: StoredObject[] = [];
  const flush = async () => {
    await deleteBatch(client, bucket, prefixOrKey, batch);
    deleted += batch.length;
    batch = [];
  };
  for await (const object of versionsOf(client, bucket, prefixOrKey)) {
    batch.push(object);
    if (batch.length === DELETE_BATCH) await flush();
  }
  await flush();
  // List again to verify: some stores report success and delete nothing (because of a lock or a policy).
  for await (const left of versionsOf(client, bucket, prefixOrKey))
    throw remains(prefixOrKey, `${left.versionId} is there`);
  return deleted;
}

const remains = (what: string, why: string): Problem => new Problem('s3-versions-remain', { what, reason: why });
