import { createHash, randomBytes } from 'node:crypto';
import {
  CreateBucketCommand,
  type ListMultipartUploadsCommandInput,
  type ListMultipartUploadsCommandOutput,
  PutBucketVersioningCommand,
  type S3,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Moto, motoMissing, startMoto } from '../../../../test/services/moto.ts';
import { readConfig } from '../../app/config.ts';
import { s3Client } from './client.ts';
import { type ObjectStore, openObjectStore } from './store.ts';
import { abortUploads, upload } from './upload.ts';

const missing = motoMissing();
if (missing) console.log(missing);

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'taken',
    (cause: { code?: string; message?: string }) => cause.code ?? cause.message,
  );
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function read(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function* stream(bytes: Uint8Array, step = 100_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

describe.skipIf(missing)('object store over HTTPS', () => {
  let moto: Moto;
  let store: ObjectStore;
  const bucket = 'store-test';

  beforeAll(async () => {
    moto = await startMoto();
    const settings = moto.settings(bucket);
    const client = s3Client(settings);
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    await client.send(
      new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }),
    );
    client.destroy();
    store = openObjectStore(settings);
  });
  afterAll(async () => {
    store?.close();
    await moto?.remove();
  });

  test('a stored object is returned with its SHA-256, and the store is asked to encrypt it', async () => {
    for (const size of [0, 1, 100_000]) {
      const bytes = randomBytes(size);
      const put = await store.put(`small/${size}`, bytes);
      expect(put).toMatchObject({ sha256: sha256(bytes), size });
      expect(await read(await store.get(`small/${size}`, put.versionId))).toEqual(bytes);
      expect(await store.head(`small/${size}`)).toMatchObject({ size, encryption: 'AES256', archive: null });
    }
    expect(await store.head('small/none')).toBeNull();
    expect(await codeOf(store.get('small/none'))).toBe('s3-object-missing');
  });

  test('configuration selects SSE-KMS', async () => {
    const kms = openObjectStore(moto.settings(bucket, { S3_SSE: 'kms', S3_KMS_KEY_ID: 'alias/smartpresence' }));
    await kms.put('kms/one', randomBytes(10));
    await kms.put('kms/parts', stream(randomBytes(9 * 1024 * 1024)));
    expect(await kms.head('kms/one')).toMatchObject({ encryption: 'aws:kms' });
    expect(await kms.head('kms/parts')).toMatchObject({ encryption: 'aws:kms' });
    kms.close();
  });

  test('a stream larger than memory should hold goes in parts and comes back whole', async () => {
    const bytes = randomBytes(20 * 1024 * 1024 + 17);
    const put = await store.put('large/parts', stream(bytes));
    expect(put).toMatchObject({ sha256: sha256(bytes), size: bytes.length });
    expect(sha256(await read(await store.get('large/parts')))).toBe(sha256(bytes));
    expect(await store.head('large/parts')).toMatchObject({ encryption: 'AES256' });
    const exact = randomBytes(16 * 1024 * 1024);
    expect(await store.put('large/exact', stream(exact))).toMatchObject({ sha256: sha256(exact) });
    expect((await read(await store.get('large/exact'))).equals(exact)).toBe(true);
  });

  test('an upload is read back rather than trusted, and refused if the store altered it', async () => {
    // A store that answers well and gives back something else: one byte of it is turned on its way to us.
    const broken = openObjectStore(moto.settings(bucket));
    const get = broken.get.bind(broken);
    broken.get = async (key, version) => turned(await get(key, version));
    expect(await codeOf(broken.put('broken/one', randomBytes(1000)))).toBe('s3-checksum-wrong');
    expect(await codeOf(broken.put('broken/parts', stream(randomBytes(9 * 1024 * 1024))))).toBe('s3-checksum-wrong');
    broken.close();
  });

  test('a stream that breaks leaves no object and no parts behind, and its own error comes out', async () => {
    async function* breaking() {
      yield randomBytes(20 * 1024 * 1024);
      throw new RangeError('the source broke');
    }
    expect(await codeOf(store.put('broken/stream', breaking()))).toBe('the source broke');
    expect(await store.head('broken/stream')).toBeNull();
    expect(await unfinished(moto, bucket)).toBe(0);
  });

  test('a part that the store refuses ends the upload: no more is read, and nothing stays behind', async () => {
    const settings = moto.settings(bucket);
    const client = s3Client(settings);
    let sending = 0;
    let most = 0;
    client.middlewareStack.add(
      (next, context) => async (args) => {
        if (context.commandName !== 'UploadPartCommand') return next(args);
        most = Math.max(most, ++sending);
        if ((args.input as { PartNumber?: number }).PartNumber === 3)
          throw Object.assign(new Error('refused'), { name: 'AccessDenied' });
        return next(args).finally(() => sending--);
      },
      { step: 'initialize' },
    );
    let read = 0;
    async function* hundred() {
      for (; read < 100; read++) yield randomBytes(1024 * 1024);
    }
    expect(await codeOf(upload(client, settings, 'refused/part', hundred(), {}))).toBe('s3-denied');
    expect(most).toBe(2);
    expect(read).toBeLessThan(60);
    expect(await unfinished(moto, bucket)).toBe(0);
    client.destroy();
  });

  test('`ifAbsent` overwrites nothing', async () => {
    await store.put('once', randomBytes(5), { ifAbsent: true });
    expect(await codeOf(store.put('once', randomBytes(5), { ifAbsent: true }))).toBe('s3-object-exists');
    const parts = () => stream(randomBytes(9 * 1024 * 1024));
    expect(await codeOf(store.put('once', parts(), { ifAbsent: true }))).toBe('s3-object-exists');
    expect(await unfinished(moto, bucket)).toBe(0);
  });

  test('every version and delete marker of that object is deleted, and of no other', async () => {
    for (let i = 0; i < 3; i++) await store.put('erase/a', randomBytes(10));
    await store.put('erase/ab', randomBytes(10));
    const { DeleteObjectCommand } = await import('@aws-sdk/client-s3');
    const client = s3Client(moto.settings(bucket));
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'erase/a' }));
    client.destroy();
    const listed = await all(store.list('erase/'));
    expect(listed.filter((o) => o.key === 'erase/a')).toHaveLength(4);
    expect(listed.filter((o) => o.deleteMarker)).toHaveLength(1);
    expect(await store.deleteEveryVersion('erase/a')).toEqual({ versions: 4 });
    expect((await all(store.list('erase/'))).map((o) => o.key)).toEqual(['erase/ab']);
    expect(await store.deleteEveryVersion('erase/')).toEqual({ versions: 1 });
    expect(await codeOf(store.deleteEveryVersion(''))).toBe('s3-prefix-missing');
  });

  test('the newest of several versions within a second is kept, also if it is a delete marker', async () => {
    const client = s3Client(moto.settings(bucket));
    for (const key of ['old/a', 'old/b', 'old/c']) {
      for (let i = 0; i < 3; i++) await client.putObject({ Bucket: bucket, Key: key, Body: Buffer.of(i) });
      if (key !== 'old/a') await client.deleteObject({ Bucket: bucket, Key: key });
      const newest = (await all(store.list(key))).find((o) => o.isLatest)!;
      expect(await store.deleteOldVersions(key)).toEqual({ versions: key === 'old/a' ? 2 : 3 });
      expect(await all(store.list(key))).toEqual([newest]);
    }
    expect(await read(await store.get('old/a'))).toEqual(Buffer.of(2));
    client.destroy();
  });

  test('unfinished uploads are aborted however many pages the store lists them on, and no others', async () => {
    const client = s3Client(moto.settings(bucket));
    const ours = ['left/a', 'left/a', 'left/a', 'left/ab', 'left/b'];
    for (const Key of ours) await client.createMultipartUpload({ Bucket: bucket, Key });
    paged(client, 2);
    expect(await abortUploads(client, bucket, 'left/a')).toBe(3);
    expect(await unfinished(moto, bucket)).toBe(2);
    expect(await abortUploads(client, bucket, 'left/')).toBe(2);
    expect(await unfinished(moto, bucket)).toBe(0);
    client.destroy();
  });

  test('a wrong bucket, a wrong CA and a store that is away each have a code of their own', async () => {
    const none = openObjectStore(moto.settings('no-such-bucket'));
    expect(await codeOf(none.put('a', randomBytes(1)))).toBe('s3-bucket-missing');
    const publicCas = moto.settings(bucket);
    const untrusting = openObjectStore({ ...publicCas, caFile: null });
    expect(await codeOf(untrusting.put('a', randomBytes(1)))).toBe('s3-tls-refused');
    const away = openObjectStore({ ...publicCas, endpoint: 'https://127.0.0.1:1' });
    expect(await codeOf(away.put('a', randomBytes(1)))).toBe('s3-unreachable');
    for (const each of [none, untrusting, away]) each.close();
  });
});

describe('settings of the object store', () => {
  const key = () => randomBytes(32).toString('hex');
  const base = { SMARTPRESENCE_SERVER_HOME: '/var/lib/sp', ENCRYPTION_KEY: key(), SECRET_KEY: key() };
  const s3 = {
    S3_BUCKET_NAME: 'bucket',
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 'hidden-secret',
  };
  const refused = (env: Record<string, string>) => {
    try {
      readConfig({ ...base, ...env });
      return 'taken';
    } catch (cause) {
      return (cause as Error).message;
    }
  };

  test('four variables are enough for AWS, and any other store is named by its URL', () => {
    expect(readConfig(base).s3).toBeNull();
    expect(readConfig({ ...base, ...s3 }).s3).toMatchObject({
      bucket: 'bucket',
      endpoint: 'https://s3.eu-central-1.amazonaws.com',
      pathStyle: false,
      encryption: { kind: 's3' },
    });
    expect(readConfig({ ...base, ...s3, S3_ENDPOINT_URL: 'https://minio.example:9000' }).s3).toMatchObject({
      endpoint: 'https://minio.example:9000',
      pathStyle: true,
    });
    expect(refused({ S3_BUCKET_NAME: 'bucket' })).toMatch(
      /AWS_REGION.*\n.*AWS_ACCESS_KEY_ID.*\n.*AWS_SECRET_ACCESS_KEY/,
    );
  });

  test('a store without TLS is refused', () => {
    expect(refused({ ...s3, S3_ENDPOINT_URL: 'http://minio.example:9000' })).toMatch(/must begin with https/);
  });

  test('secrets are not printed', () => {
    expect(JSON.stringify(readConfig({ ...base, ...s3 }))).not.toContain('hidden-secret');
  });
});

async function* turned(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let first = true;
  for await (const piece of pieces) {
    const copy = Buffer.from(piece);
    if (first && copy.length > 0) copy[0]! ^= 1;
    first = false;
    yield copy;
  }
}

/** Lists uploads on pages of `size`, as S3 does with 1,000. moto lists all at once. */
function paged(client: S3, size: number): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const answer = await next(args);
      if (context.commandName !== 'ListMultipartUploadsCommand') return answer;
      const { KeyMarker = '', UploadIdMarker = '' } = args.input as ListMultipartUploadsCommandInput;
      const after = ({ Key = '', UploadId = '' }) =>
        Key > KeyMarker || (Key === KeyMarker && UploadIdMarker !== '' && UploadId > UploadIdMarker);
      const output = answer.output as ListMultipartUploadsCommandOutput;
      const left = (output.Uploads ?? [])
        .filter(after)
        .sort((a, b) => (`${a.Key} ${a.UploadId}` < `${b.Key} ${b.UploadId}` ? -1 : 1));
      const Uploads = left.slice(0, size);
      const last = Uploads.at(-1);
      Object.assign(output, {
        Uploads,
        IsTruncated: left.length > size,
        NextKeyMarker: last?.Key,
        NextUploadIdMarker: last?.UploadId,
      });
      return answer;
    },
    { step: 'initialize' },
  );
}

async function unfinished(moto: Moto, bucket: string): Promise<number> {
  const { ListMultipartUploadsCommand } = await import('@aws-sdk/client-s3');
  const client = s3Client(moto.settings(bucket));
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  client.destroy();
  return Uploads.length;
}
