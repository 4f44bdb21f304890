import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { Problem } from '../../../protocol/wire/problem.ts';
import { asS3Problem } from './problems.ts';
import type { S3Settings } from './settings.ts';

export interface PutOptions {
  /** Refuse when an object of this name is there already. */
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
  client: S3Client,
  settings: S3Settings,
  key: string,
  body: AsyncIterable<Uint8Array> | Uint8Array,
  options: PutOptions,
): Promise<Sent> {
  const size = partSize(options.expectedBytes ?? 0);
  const parts = partsOf(body instanceof Uint8Array ? [body] : body, size);
  const first = (await parts.next()).value ?? Buffer.alloc(0);
  const second = first.length < size ? undefined : (await parts.next()).value;
  const target = { Bucket: settings.bucket, Key: key };
  const made = { ...encryption(settings), ...lock(options), ...type(options) };
  const condition = options.ifAbsent ? { IfNoneMatch: '*' } : {};
  if (!second) {
    const { hex, base64 } = digest(first);
    const answer = await withStoreProblem(key, () =>
      client.send(
        new PutObjectCommand({
          ...target,
          ...made,
          ...condition,
          ...md5(options, first),
          Body: first,
          ChecksumSHA256: base64,
        }),
      ),
    );
    return { versionId: answer.VersionId ?? 'null', sha256: hex, size: first.length };
  }
  const { UploadId } = await withStoreProblem(key, () =>
    client.send(new CreateMultipartUploadCommand({ ...target, ...made, ChecksumAlgorithm: 'SHA256' })),
  );
  try {
    const hash = createHash('sha256');
    const done: CompletedPart[] = [];
    const sending = new Set<Promise<void>>();
    let failed: unknown;
    let total = 0;
    let number = 0;
    const send = (PartNumber: number, bytes: Buffer) => {
      const ChecksumSHA256 = digest(bytes).base64;
      const sent = client
        .send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body: bytes, ChecksumSHA256 }))
        .then((answer) => {
          done.push({ PartNumber, ETag: answer.ETag, ChecksumSHA256 });
        })
        .catch((cause: unknown) => {
          failed ??= cause;
        })
        .finally(() => sending.delete(sent));
      sending.add(sent);
    };
    const take = async (bytes: Buffer) => {
      if (number >= MAX_PARTS) throw tooLarge(key);
      hash.update(bytes);
      total += bytes.length;
      while (sending.size >= IN_FLIGHT) await Promise.race(sending);
      if (failed) throw failed;
      number += 1;
      send(number, bytes);
    };
    try {
      await take(first);
      await take(second);
      for await (const bytes of parts) await take(bytes);
    } finally {
      // An abort that overtakes a part on its way would leave that part behind.
      await Promise.all(sending);
    }
    if (failed) throw failed;
    done.sort((a, b) => a.PartNumber! - b.PartNumber!);
    const answer = await client.send(
      new CompleteMultipartUploadCommand({ ...target, ...condition, UploadId, MultipartUpload: { Parts: done } }),
    );
    return { versionId: answer.VersionId ?? 'null', sha256: hash.digest('hex'), size: total };
  } catch (cause) {
    await client.send(new AbortMultipartUploadCommand({ ...target, UploadId })).catch(() => undefined);
    throw isOurs(cause) ? asS3Problem(cause, key) : cause;
  }
}

/** Aborts what uploads of a key, or below a prefix that ends with `/`, are unfinished. */
export async function abortUploads(client: S3Client, bucket: string, prefixOrKey: string): Promise<number> {
  const { Uploads = [] } = await withStoreProblem(prefixOrKey, () =>
    client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefixOrKey })),
  );
  const ours = Uploads.filter((u) => prefixOrKey.endsWith('/') || u.Key === prefixOrKey);
  for (const { Key, UploadId } of ours)
    await withStoreProblem(prefixOrKey, () =>
      client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId })),
    );
  return ours.length;
}

/** Parts that hold `expected` bytes with room to spare, in whole MiB. */
function partSize(expected: number): number {
  return Math.max(PART, Math.ceil((expected * 1.2) / MAX_PARTS / MIB) * MIB);
}

/** Cuts a stream into parts of exactly `size` bytes; the last may be shorter. */
async function* partsOf(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  size: number,
): AsyncGenerator<Buffer, undefined> {
  let held: Uint8Array[] = [];
  let length = 0;
  for await (let piece of body) {
    while (length + piece.length >= size) {
      const fits = size - length;
      yield Buffer.concat([...held, piece.subarray(0, fits)]);
      piece = piece.subarray(fits);
      held = [];
      length = 0;
    }
    if (piece.length === 0) continue;
    held.push(piece);
    length += piece.length;
  }
  if (length > 0) yield Buffer.concat(held);
}

function digest(bytes: Uint8Array): { hex: string; base64: string } {
  const sum = createHash('sha256').update(bytes).digest();
  return { hex: sum.toString('hex'), base64: sum.toString('base64') };
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

function lock({ lockedUntil }: PutOptions) {
  return lockedUntil ? { ObjectLockMode: 'COMPLIANCE' as const, ObjectLockRetainUntilDate: lockedUntil } : {};
}

/** S3 wants an MD5 or one of its checksums beside a lock, some stores the MD5. */
function md5({ lockedUntil }: PutOptions, bytes: Uint8Array) {
  return lockedUntil ? { ContentMD5: createHash('md5').update(bytes).digest('base64') } : {};
}

function type({ contentType }: PutOptions) {
  return { ContentType: contentType ?? 'application/octet-stream' };
}

async function withStoreProblem<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw asS3Problem(cause, what);
  }
}

/** Errors of the SDK and of the network; anything else came out of the body and goes on as it is. */
function isOurs(cause: unknown): boolean {
  return cause instanceof Error && ('$metadata' in cause || 'code' in cause) && !(cause instanceof Problem);
}

function tooLarge(key: string): Problem {
  return new Problem(
    's3-object-too-large',
    `More came than the parts of one upload hold: ${key}.`,
    'Report this: the size was estimated wrongly.',
  );
}
