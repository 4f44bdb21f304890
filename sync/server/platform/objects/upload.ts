import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { S3 } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { Problem } from '../../../errors/problem.ts';
import { asS3Problem, withStoreProblem } from './problems.ts';
import type { S3Settings } from './settings.ts';

export interface PutOptions {
  /** Refuse if an object of this name already exists. */
  readonly ifAbsent?: boolean;
  readonly contentType?: string;
  /** No version of it may be deleted before (object lock, compliance mode); the bucket must have been made with locks. */
  readonly lockedUntil?: Date;
  /** About how many bytes will come, where that is known: parts are made large enough for it. */
  readonly expectedBytes?: number;
}

const MIB = 1024 * 1024;
/** Bytes of a part; S3 wants at least 5 MiB of all but the last, some stores the same of all. */
const PART = 8 * MIB;
const MAX_PARTS = 10_000;
/** Parts on their way at once: memory holds these and the one that is being filled. */
const IN_FLIGHT = 2;

export interface Sent {
  readonly versionId: string;
  /** Of all bytes, hexadecimal. */
  readonly sha256: string;
  readonly size: number;
}

/**
 * Sends a body: as one request when it fits into a part, else in parts. An upload that fails is aborted, so that no parts
 * stay behind; where the process dies instead, the bucket's lifecycle does that.
 *
 * @throws Problem `s3-…`; what `body` throws
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
  /** An error of the body itself, which is passed on unchanged. */
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

/** Aborts what uploads of a key, or below a prefix that ends with `/`, are unfinished. */
export async function abortUploads(client: S3, bucket: string, prefixOrKey: string): Promise<number> {
  const { Uploads = [] } = await withStoreProblem(prefixOrKey, () =>
    client.listMultipartUploads({ Bucket: bucket, Prefix: prefixOrKey }),
  );
  const ours = Uploads.filter((u) => prefixOrKey.endsWith('/') || u.Key === prefixOrKey);
  for (const { Key, UploadId } of ours)
    await withStoreProblem(prefixOrKey, () => client.abortMultipartUpload({ Bucket: bucket, Key, UploadId }));
  return ours.length;
}

/** Parts that hold `expected` bytes with room to spare, in whole MiB. */
function partSize(expected: number): number {
  return Math.max(PART, Math.ceil((expected * 1.2) / MAX_PARTS / MIB) * MIB);
}

/** The store's own encryption, asked for on each write and not left to a default of the bucket. */
function encryption({ encryption: e }: S3Settings) {
  if (e.kind === 's3') return { ServerSideEncryption: 'AES256' as const };
  return {
    ServerSideEncryption: 'aws:kms' as const,
    BucketKeyEnabled: true,
    ...(e.keyId && { SSEKMSKeyId: e.keyId }),
  };
}

/** S3 wants an MD5 or one of its checksums beside a lock, some stores the MD5. What is locked is small and comes whole. */
function lock({ lockedUntil }: PutOptions, body: AsyncIterable<Uint8Array> | Uint8Array) {
  if (!lockedUntil) return {};
  return {
    ObjectLockMode: 'COMPLIANCE' as const,
    ObjectLockRetainUntilDate: lockedUntil,
    ...(body instanceof Uint8Array && { ContentMD5: createHash('md5').update(body).digest('base64') }),
  };
}

const tooLarge = (key: string): Problem => new Problem('s3-object-too-large', { key });
