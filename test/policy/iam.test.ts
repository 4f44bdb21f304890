import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { S3 } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';

/* The IAM policies that ship (build/iam) against the code's S3 requests: each role has exactly the permissions it needs. */

const root = join(import.meta.dirname, '../..');
type Role = 'server' | 'erasure' | 'audit' | 'setup';
interface Policy {
  readonly Statement: readonly {
    readonly Sid: string;
    readonly Effect: string;
    readonly Action: readonly string[];
    readonly Resource: string | readonly string[];
  }[];
}
const policy = (role: Role) => JSON.parse(readFileSync(join(root, `build/iam/${role}.json`), 'utf8')) as Policy;
const actions = (role: Role) =>
  policy(role)
    .Statement.flatMap((s) => s.Action)
    .filter((a) => a.startsWith('s3:'))
    .sort();

/** The permissions that each request needs, by role (Amazon S3's "Required permissions for S3 API operations"). */
const NEEDS: Readonly<Record<string, Partial<Record<Role, readonly string[]>>>> = {
  PutObject: { server: ['s3:PutObject', 's3:PutObjectRetention'] },
  CreateMultipartUpload: { server: ['s3:PutObject'] },
  UploadPart: { server: ['s3:PutObject'] },
  CompleteMultipartUpload: { server: ['s3:PutObject'] },
  AbortMultipartUpload: { server: ['s3:AbortMultipartUpload'], erasure: ['s3:AbortMultipartUpload'] },
  ListMultipartUploads: { erasure: ['s3:ListBucketMultipartUploads'] },
  GetObject: { server: ['s3:GetObject', 's3:GetObjectVersion'] },
  // Without ListBucket, a missing object is answered with 403 instead of 404.
  HeadObject: { server: ['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket'] },
  ListObjectVersions: { server: ['s3:ListBucketVersions'], erasure: ['s3:ListBucketVersions'] },
  DeleteObjects: { erasure: ['s3:DeleteObject', 's3:DeleteObjectVersion'] },
  RestoreObject: { server: ['s3:RestoreObject'] },
  GetObjectLockConfiguration: both('s3:GetBucketObjectLockConfiguration', true),
  GetPublicAccessBlock: both('s3:GetBucketPublicAccessBlock'),
  GetBucketOwnershipControls: both('s3:GetBucketOwnershipControls'),
  GetBucketAcl: both('s3:GetBucketAcl'),
  GetBucketVersioning: both('s3:GetBucketVersioning'),
  GetBucketEncryption: both('s3:GetEncryptionConfiguration'),
  GetBucketLifecycleConfiguration: both('s3:GetLifecycleConfiguration'),
  GetBucketPolicy: both('s3:GetBucketPolicy'),
  PutPublicAccessBlock: { setup: ['s3:PutBucketPublicAccessBlock'] },
  PutBucketOwnershipControls: { setup: ['s3:PutBucketOwnershipControls'] },
  PutBucketAcl: { setup: ['s3:PutBucketAcl'] },
  PutBucketVersioning: { setup: ['s3:PutBucketVersioning'] },
  PutBucketEncryption: { setup: ['s3:PutEncryptionConfiguration'] },
  PutBucketLifecycleConfiguration: { setup: ['s3:PutLifecycleConfiguration'] },
  PutBucketPolicy: { setup: ['s3:PutBucketPolicy'] },
  // Used if a store rejects everything under the policy, or if the operator wants none.
  DeleteBucketPolicy: { setup: ['s3:DeleteBucketPolicy'] },
  HeadBucket: { setup: ['s3:ListBucket'] },
  // With object lock from the start.
  CreateBucket: { setup: ['s3:CreateBucket', 's3:PutBucketObjectLockConfiguration', 's3:PutBucketVersioning'] },
};

function both(action: string, server = false): Partial<Record<Role, readonly string[]>> {
  return { audit: [action], setup: [action], ...(server && { server: [action] }) };
}

/** Requests that lib-storage's `Upload` sends. */
const UPLOAD = ['AbortMultipartUpload', 'CompleteMultipartUpload', 'CreateMultipartUpload', 'PutObject', 'UploadPart'];

/** Requests that the product's code makes. */
function requests(): string[] {
  const folders = ['sync/server/platform/objects', 'sync/server/platform/objects/bucket'];
  const files = folders.flatMap((f) => readdirSync(join(root, f)).map((name) => join(root, f, name)));
  const text = files
    .filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts'))
    .map((f) => readFileSync(f, 'utf8'))
    .join('\n');
  const own = [...text.matchAll(/\.(\w+)\(/g)]
    .map((m) => m[1]!)
    .filter((method) => Object.hasOwn(S3.prototype, method) && method !== 'constructor')
    .map((method) => method[0]!.toUpperCase() + method.slice(1));
  return [...new Set([...own, ...(text.includes('new Upload(') ? UPLOAD : [])])].sort();
}

describe('IAM policies', () => {
  test('each role may do exactly what the code does in it', () => {
    const made = requests();
    expect(Object.keys(NEEDS).sort()).toEqual(made);
    for (const role of ['server', 'erasure', 'audit', 'setup'] as const) {
      const needed = new Set(made.flatMap((request) => NEEDS[request]?.[role] ?? []));
      expect({ role, actions: [...new Set(actions(role))] }).toEqual({ role, actions: [...needed].sort() });
    }
  });

  test('only the erasing role deletes, and never backups, manifests, tombstones or audit anchors', () => {
    for (const role of ['server', 'audit', 'setup'] as const)
      expect(actions(role).filter((a) => /Delete|Bypass/.test(a))).toEqual(
        role === 'setup' ? ['s3:DeleteBucketPolicy'] : [],
      );
    const deletes = policy('erasure').Statement.find((s) => s.Action.some((a) => a.includes('Delete')))!;
    expect(deletes.Resource).toEqual(['keyring/*', 'keys/*', 'photos/*'].map((p) => `arn:aws:s3:::BUCKET/${p}`));
  });

  test('no policy has a wildcard action or reaches another bucket', () => {
    for (const role of ['server', 'erasure', 'audit', 'setup'] as const)
      for (const { Action, Resource, Effect } of policy(role).Statement) {
        expect(Effect).toBe('Allow');
        expect(Action.filter((a) => a.includes('*'))).toEqual([]);
        for (const r of [Resource].flat()) expect(r).toMatch(/^(arn:aws:s3:::BUCKET(\/[a-z/]+\/\*)?|KMS_KEY_ARN)$/);
      }
  });
});
