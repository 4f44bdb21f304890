import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ListMultipartUploadsCommandOutput, S3 } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { Problem } from '../../../errors/problem.ts';
import { asS3Problem, withStoreProblem } from './problems.ts';
import type { S3Settings } from './settings.ts';

export interface PutOptions {
  /** Fail if an object of this name already exists. */
  readonly ifAbsent?: boolean;
  readonly contentType?: string;
  /** This version can't be deleted before then (object lock, compliance mode). The bucket must have been created with locks. */
  readonly lockedUntil?: Date;
  /** Approximate size in bytes, if known. Parts are made large enough for it. */
  readonly expectedBytes?: number;
}

const MIB = 1024 * 1024;
/** Bytes per part. S3 requires at least 5 MiB for all but the last part; some stores require parts of equal size. */
const PART = 8 * MIB;
const MAX_PARTS = 10_000;
/** Parts sent at the same time. Memory holds these and the one being filled. */
const IN_FLIGHT = 2;

export interface Sent {
  readonly versionId: string;
  /** SHA-256 of all bytes, hexadecimal. */
  readonly sha256: string;
  readonly size: number;
}

/**
 * Sends a body in one request if it fits into one part, otherwise in parts. A failed upload is aborted, so no parts are
 * left behind. If the process dies, the bucket's lifecycle rules delete them.
 *
 * @throws Problem `s3-…`. An error of `body` itself is passed on unchanged.
 */
export async function upload(
  client: S3,
  settings: S3Settings,
  key: string,
  body: AsyncIterable<Uint8Array> | Uint8Array,
  options: PutOptions,
): Promise<Sent> {
  const size = partSize(options.expectedBytes ?? 0);
  const hash = createHash('sha256');
  let total = 0;
  /** An error thrown by `body` itself. */
  let broken: unknown;
  const counted = async function* () {
    try {
      for await (const piece of body instanceof Uint8Array ? [body] : body) {
        total += piece.length;
        if (total > size * MAX_PARTS) throw tooLarge(key);
        hash.update(piece);
        yield piece;
      }
    } catch (cause) {
      broken = cause;
      throw cause;
    }
  };
  try {
    const { VersionId } = await new Upload({
      client,
      partSize: size,
      queueSize: IN_FLIGHT,
      params: {
        Bucket: settings.bucket,
        Key: key,
        Body: Readable.from(counted()),
        ChecksumAlgorithm: 'SHA256',
        ContentType: options.contentType ?? 'application/octet-stream',
        ...(options.ifAbsent && { IfNoneMatch: '*' }),
        ...encryption(settings),
        ...lock(options, body),
      },
    }).done();
    return { versionId: VersionId ?? 'null', sha256: hash.digest('hex'), size: total };
  } catch (cause) {
    throw cause === broken ? cause : asS3Problem(cause, key);
  }
}

/** Aborts the unfinished uploads of a key or below a prefix that ends with `/`. Returns how many. */
export async function abortUploads(client: S3, bucket: string, prefixOrKey: string): Promise<number> {
  let aborted = 0;
  let marker: { KeyMarker?: string; UploadIdMarker?: string } = {};
  for (;;) {
    const page: ListMultipartUploadsCommandOutput = await withStoreProblem(prefixOrKey, () =>
      client.listMultipartUploads({ Bucket: bucket, Prefix: prefixOrKey, ...marker }),
    );
    for (const { Key, UploadId } of page.Uploads ?? []) {
      if (!prefixOrKey.endsWith('/') && Key !== prefixOrKey) continue;
      await withStoreProblem(prefixOrKey, () => client.abortMultipartUpload({ Bucket: bucket, Key, UploadId }));
      aborted += 1;
    }
    if (!page.IsTruncated) return aborted;
    marker = {
      ...(page.NextKeyMarker && { KeyMarker: page.NextKeyMarker }),
      ...(page.NextUploadIdMarker && { UploadIdMarker: page.NextUploadIdMarker }),
    };
  }
}

/** Bytes per part, in whole MiB, so that `MAX_PARTS` parts hold `expected` bytes with room to spare. */
function partSize(expected: number): number {
  return Math.max(PART, Math.ceil((expected * 1.2) / MAX_PARTS / MIB) * MIB);
}

/** Requests the store's own encryption on each write rather than rely on the bucket's default. */
function encryption({ encryption: e }: S3Settings) {
  if (e.kind === 's3') return { ServerSideEncryption: 'AES256' as const };
  return {
    ServerSideEncryption: 'aws:kms' as const,
    BucketKeyEnabled: true,
    ...(e.keyId && { SSEKMSKeyId: e.keyId }),
  };
}

/** With a lock, S3 requires an MD5 or one of its checksums, and some stores the MD5. Locked objects are small, never streams. */
function lock({ lockedUntil }: PutOptions, body: AsyncIterable<Uint8Array> | Uint8Array) {
  if (!lockedUntil) return {};
  return {
    ObjectLockMode: 'COMPLIANCE' as const,
    ObjectLockRetainUntilDate: lockedUntil,
    ...(body instanceof Uint8Array && { ContentMD5: createHash('md5').update(body).digest('base64') }),
  };
}

const tooLarge = (key: string): Problem => new Problem('s3-object-too-large', { key });
