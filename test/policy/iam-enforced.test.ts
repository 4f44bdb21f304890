import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  GetBucketAclCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutBucketAclCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  RestoreObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setupBucket } from '../../sync/server/platform/objects/bucket/setup.ts';
import { s3Client } from '../../sync/server/platform/objects/client.ts';
import { openObjectStore } from '../../sync/server/platform/objects/store.ts';
import { type Moto, motoMissing, startMoto } from '../services/moto.ts';

/**
 * The IAM policies that ship (build/iam), given to users of a store that enforces them: moto checks each request's signature,
 * action and resource. It doesn't check conditions, bucket policies, KMS grants, the actions of public access, encryption and
 * object lock, or each key of a request that deletes many.
 */

const missing = motoMissing();
if (missing) console.log(missing);

const BUCKET = 'enforced';
const ROLES = ['server', 'erasure', 'audit', 'setup'] as const;
type Role = (typeof ROLES)[number];
/** One object below each prefix of the bucket. */
const KEYS = ['photos/checkin/a', 'keyring/a', 'keys/a', 'backups/a', 'manifests/a', 'audit/anchors/a', 'tombstones/a'];

const get =
  (Key: string, Bucket = BUCKET) =>
  (client: S3Client) =>
    client.send(new GetObjectCommand({ Bucket, Key }));
const put =
  (Key: string, Bucket = BUCKET) =>
  (client: S3Client) =>
    client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
const remove = (Key: string, VersionId?: string) => (client: S3Client) =>
  client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key, VersionId }));
const PERIODS = { checkinPhotos: 90, keyringCopies: 30, backups: 400 };
const NONE = 'a-version-that-is-not-there';
const Bucket = BUCKET;
const VersioningConfiguration = { Status: 'Enabled' } as const;

/** Which role may do what. */
const MAY: readonly (readonly [string, readonly Role[], (client: S3Client) => Promise<unknown>])[] = [
  ...KEYS.map((key) => [`write ${key}`, ['server'], put(key)] as const),
  ...KEYS.map((key) => [`read ${key}`, ['server'], get(key)] as const),
  ...KEYS.map(
    (key) =>
      [
        `delete a version of ${key}`,
        /^(photos|key)/.test(key) ? (['erasure'] as const) : [],
        remove(key, NONE),
      ] as const,
  ),
  ['delete a backup plainly', [], remove('backups/a')],
  [
    'thaw a backup',
    ['server'],
    (c) => c.send(new RestoreObjectCommand({ Bucket, Key: 'backups/a', RestoreRequest: { Days: 1 } })),
  ],
  ['list versions', ['server', 'erasure'], (c) => c.send(new ListObjectVersionsCommand({ Bucket }))],
  ['list unfinished uploads', ['erasure'], (c) => c.send(new ListMultipartUploadsCommand({ Bucket }))],
  ['read the bucket’s policy', ['audit', 'setup'], (c) => c.send(new GetBucketPolicyCommand({ Bucket }))],
  ['read its ACL', ['audit', 'setup'], (c) => c.send(new GetBucketAclCommand({ Bucket }))],
  ['read its versioning', ['audit', 'setup'], (c) => c.send(new GetBucketVersioningCommand({ Bucket }))],
  ['read its lifecycle', ['audit', 'setup'], (c) => c.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))],
  [
    'set its policy',
    ['setup'],
    (c) => c.send(new PutBucketPolicyCommand({ Bucket, Policy: '{"Version":"2012-10-17","Statement":[]}' })),
  ],
  ['set its ACL', ['setup'], (c) => c.send(new PutBucketAclCommand({ Bucket, ACL: 'private' }))],
  ['set its versioning', ['setup'], (c) => c.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))],
  ['read from another bucket', [], get('backups/a', 'another')],
  ['write to another bucket', [], put('photos/checkin/a', 'another')],
];

describe.skipIf(missing)('users with the IAM policies that ship', () => {
  let moto: Moto;
  const clients = new Map<Role, S3Client>();

  /** A call to the store's own API (IAM, and moto's switch) before it enforces anything. */
  const call = (path: string, body: string, type = 'application/x-www-form-urlencoded') =>
    new Promise<string>((resolve, reject) => {
      const scope = 'Credential=none/20260101/us-east-1/iam/aws4_request';
      const req = request(
        `${moto.endpoint}${path}`,
        {
          method: 'POST',
          ca: readFileSync(moto.caFile),
          headers: {
            authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=none`,
            'content-type': type,
          },
        },
        async (res) => {
          let text = '';
          for await (const piece of res) text += piece;
          if (res.statusCode === 200) resolve(text);
          else reject(new Error(`${res.statusCode} ${text} ${moto.log()}`));
        },
      );
      req.on('error', reject);
      req.end(body);
    });
  const iam = (action: string, more: Record<string, string>) =>
    call('/', new URLSearchParams({ Action: action, Version: '2010-05-08', ...more }).toString());

  beforeAll(async () => {
    moto = await startMoto();
    for (const bucket of [BUCKET, 'another']) {
      // moto takes the condition on TLS as met and denies everyone.
      await setupBucket(moto.settings(bucket), PERIODS, { withoutPolicy: true });
      const store = openObjectStore(moto.settings(bucket));
      for (const key of KEYS) await store.put(key, Buffer.from(key));
      store.close();
    }
    for (const role of ROLES) {
      const policy = readFileSync(join(import.meta.dirname, `../../build/iam/${role}.json`), 'utf8');
      await iam('CreateUser', { UserName: role });
      await iam('PutUserPolicy', {
        UserName: role,
        PolicyName: role,
        PolicyDocument: policy
          .replaceAll('BUCKET', BUCKET)
          .replaceAll('KMS_KEY_ARN', 'arn:aws:kms:eu-central-1:1:key/k'),
      });
      const made = await iam('CreateAccessKey', { UserName: role });
      const of = (name: string) => new RegExp(`<${name}>([^<]+)<`).exec(made)![1]!;
      const own = { AWS_ACCESS_KEY_ID: of('AccessKeyId'), AWS_SECRET_ACCESS_KEY: of('SecretAccessKey') };
      clients.set(role, s3Client(moto.settings(BUCKET, own)));
    }
    await call('/moto-api/reset-auth', '0', 'text/plain');
  });
  afterAll(async () => {
    for (const client of clients.values()) client.destroy();
    await moto?.remove();
  });

  /** Null: permitted, whatever the store then says about the object. */
  const error = async (role: Role, ask: (client: S3Client) => Promise<unknown>) => {
    try {
      await ask(clients.get(role)!);
      return null;
    } catch (cause) {
      const { name } = cause as Error;
      return ['AccessDenied', 'SignatureDoesNotMatch', 'InvalidAccessKeyId'].includes(name) ? name : null;
    }
  };

  test.each(MAY)('%s', async (_, may, ask) => {
    const found: Record<string, string | null> = {};
    for (const role of ROLES) found[role] = await error(role, ask);
    expect(found).toEqual(Object.fromEntries(ROLES.map((role) => [role, may.includes(role) ? null : 'AccessDenied'])));
  });
});
