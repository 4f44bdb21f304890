import {
  DeletePublicAccessBlockCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  PutBucketAclCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Moto, motoMissing, startMoto } from '../../../../../test/services/moto.ts';
import { s3Client } from '../client.ts';
import { openObjectStore } from '../store.ts';
import { isPublic, lifecycleRules, mergedPolicy, policyStatements, touchesOurs } from './rules.ts';
import { auditBucket, setupBucket } from './setup.ts';

const missing = motoMissing();
if (missing) console.log(missing);

const PERIODS = { checkinPhotos: 90, keyringCopies: 30, backups: 400 };
// moto treats the TLS condition as met and denies everything, so the policy is asserted as JSON.
const OPTIONS = { withoutPolicy: true };

describe.skipIf(missing)('the bucket', () => {
  let moto: Moto;
  beforeAll(async () => {
    moto = await startMoto();
  });
  afterAll(() => moto?.remove());

  test('one command makes the bucket private, versioned, encrypted and expiring, and a second run changes nothing', async () => {
    const settings = moto.settings('made-by-setup');
    const dry = await setupBucket(settings, PERIODS, { ...OPTIONS, dryRun: true });
    expect(dry).toEqual([expect.objectContaining({ state: 'would change', code: 's3-bucket-missing' })]);
    const first = await setupBucket(settings, PERIODS, OPTIONS);
    expect(first.filter((f) => f.state === 'differs')).toEqual([]);
    expect(first.filter((f) => f.state === 'changed').map((f) => f.code)).toEqual(
      expect.arrayContaining(['s3-bucket-missing', 'bucket-public-access-open', 'bucket-lifecycle-differs']),
    );
    const second = await setupBucket(settings, PERIODS, OPTIONS);
    expect(second.filter((f) => !['ok', 'left out'].includes(f.state))).toEqual([]);
    const audit = await auditBucket(settings, PERIODS, OPTIONS);
    expect(audit.filter((f) => !['ok', 'left out'].includes(f.state))).toEqual([]);
    const store = openObjectStore(settings);
    expect(await store.offersLocks()).toBe(true);
    store.close();
    const client = s3Client(settings);
    const { Rules = [] } = await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: settings.bucket }));
    const of = (prefix: string) => Rules.find((r) => r.Filter?.Prefix === prefix);
    expect(of('backups/')?.Transitions).toEqual([{ Days: 90, StorageClass: 'GLACIER' }]);
    expect(of('photos/checkin/')).toMatchObject({ Expiration: { Days: 90 } });
    expect(of('photos/enrolment/')?.Expiration).toBeUndefined();
    expect(of('keyring/')).toMatchObject({ NoncurrentVersionExpiration: { NoncurrentDays: 30 } });
    expect(of('keyring/')?.Expiration).toBeUndefined();
    client.destroy();
  });

  test('the audit finds each changed setting, and setup restores it', async () => {
    const settings = moto.settings('changed-by-someone');
    await setupBucket(settings, PERIODS, OPTIONS);
    const client = s3Client(settings);
    const Bucket = settings.bucket;
    const spoilt: [string, () => Promise<unknown>][] = [
      ['bucket-public-access-open', () => client.send(new DeletePublicAccessBlockCommand({ Bucket }))],
      ['bucket-public', () => client.send(new PutBucketAclCommand({ Bucket, ACL: 'public-read' }))],
      [
        'bucket-lifecycle-differs',
        () =>
          client.send(
            new PutBucketLifecycleConfigurationCommand({
              Bucket,
              LifecycleConfiguration: {
                Rules: [
                  ...lifecycleRules(PERIODS),
                  { ID: 'cleanup', Status: 'Enabled', Filter: { Prefix: 'back' }, Expiration: { Days: 3 } },
                ],
              },
            }),
          ),
      ],
    ];
    for (const [code, spoil] of spoilt) {
      await spoil();
      const found = (await auditBucket(settings, PERIODS, OPTIONS)).filter((f) => f.state === 'differs');
      expect(found.map((f) => f.code)).toEqual([code]);
      expect((await setupBucket(settings, PERIODS, OPTIONS)).find((f) => f.code === code)?.state).toBe('changed');
      expect((await auditBucket(settings, PERIODS, OPTIONS)).filter((f) => f.state === 'differs')).toEqual([]);
    }
    client.destroy();
    // Created without object lock, which would prevent versioning from being suspended.
    const plain = moto.settings('not-versioned');
    const other = s3Client(plain);
    const { CreateBucketCommand } = await import('@aws-sdk/client-s3');
    await other.send(new CreateBucketCommand({ Bucket: plain.bucket }));
    const codes = (await auditBucket(plain, PERIODS)).filter((f) => f.state === 'differs').map((f) => f.code);
    expect(codes).toEqual(
      expect.arrayContaining([
        'bucket-public-access-open',
        'bucket-not-versioned',
        'bucket-lifecycle-differs',
        'bucket-policy-differs',
      ]),
    );
    await setupBucket(plain, PERIODS, OPTIONS);
    await other.send(
      new PutBucketVersioningCommand({ Bucket: plain.bucket, VersioningConfiguration: { Status: 'Suspended' } }),
    );
    expect((await auditBucket(plain, PERIODS, OPTIONS)).find((f) => f.state === 'differs')).toMatchObject({
      code: 'bucket-not-versioned',
    });
    // A public policy, which moto accepts.
    const open = {
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${plain.bucket}/*`,
    };
    await other.send(
      new PutBucketPolicyCommand({
        Bucket: plain.bucket,
        Policy: JSON.stringify({ Version: '2012-10-17', Statement: [open] }),
      }),
    );
    const policy = (await auditBucket(plain, PERIODS)).find((f) => f.code === 'bucket-policy-differs');
    expect(policy?.why).toContain('statement without a name lets everyone in');
    other.destroy();
  });

  test('SSE-KMS with its own key is configured and audited', async () => {
    const kms = moto.settings('kms-by-setup', { S3_SSE: 'kms', S3_KMS_KEY_ID: 'alias/sp' });
    await setupBucket(kms, PERIODS, OPTIONS);
    expect((await auditBucket(kms, PERIODS, OPTIONS)).filter((f) => f.state === 'differs')).toEqual([]);
    const s3 = moto.settings('kms-by-setup');
    expect((await auditBucket(s3, PERIODS, OPTIONS)).find((f) => f.state === 'differs')).toMatchObject({
      code: 'bucket-not-encrypted',
    });
  });

  test('loses the policy again if the store then denies everything, and setup says so', async () => {
    const settings = moto.settings('with-policy');
    // moto treats the conditions as met and denies everything from then on, over TLS too.
    const findings = await setupBucket(settings, PERIODS);
    expect(findings.at(-1)).toMatchObject({ code: 'bucket-policy-differs', state: 'not offered' });
    expect(findings.at(-1)!.why.join()).toContain('--no-policy');
    expect((await auditBucket(settings, PERIODS)).at(-1)!.why.join()).toContain('--no-policy');
    const store = openObjectStore(settings);
    await store.put('a', Buffer.from('b'));
    store.close();
  });

  test('--no-policy removes the statements that setup added, and keeps all others', async () => {
    const settings = moto.settings('policy-taken-off');
    await setupBucket(settings, PERIODS, OPTIONS);
    const client = s3Client(settings);
    const own = {
      Sid: 'Own',
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::123456789012:user/a' },
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${settings.bucket}/*`,
    };
    await client.send(new PutBucketPolicyCommand({ Bucket: settings.bucket, Policy: mergedPolicy([own], settings) }));
    const store = openObjectStore(settings);
    const denied = await store.put('a', Buffer.from('b')).catch((cause: unknown) => cause);
    expect(denied).toMatchObject({ code: 's3-denied', nextStep: expect.stringContaining('backup setup --no-policy') });
    const policyOf = (findings: Awaited<ReturnType<typeof setupBucket>>) => findings.at(-1)!.state;
    expect(policyOf(await setupBucket(settings, PERIODS, { ...OPTIONS, dryRun: true }))).toBe('would change');
    expect(policyOf(await setupBucket(settings, PERIODS, OPTIONS))).toBe('changed');
    await store.put('a', Buffer.from('b'));
    store.close();
    const { Policy } = await client.send(new GetBucketPolicyCommand({ Bucket: settings.bucket }));
    expect(JSON.parse(Policy!).Statement.map((s: { Sid: string }) => s.Sid)).toEqual(['Own']);
    expect(policyOf(await setupBucket(settings, PERIODS, OPTIONS))).toBe('left out');
    client.destroy();
  });

  test('the text of the policy', () => {
    const settings = moto.settings('words');
    const [tls, tls12, encrypted] = policyStatements(settings);
    expect(tls).toEqual({
      Sid: 'SmartPresenceTlsOnly',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: ['arn:aws:s3:::words', 'arn:aws:s3:::words/*'],
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    });
    expect(tls12?.Condition).toEqual({ NumericLessThan: { 's3:TlsVersion': '1.2' } });
    expect(encrypted?.Condition).toEqual({
      StringNotEquals: { 's3:x-amz-server-side-encryption': 'AES256' },
      Null: { 's3:x-amz-server-side-encryption': 'false' },
    });
    const own = { Sid: 'Own', Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::1:user/a' }, Action: 's3:GetObject' };
    const open = { Sid: 'Open', Effect: 'Allow', Principal: { AWS: '*' }, Action: 's3:GetObject' };
    const merged = JSON.parse(mergedPolicy([own, open], settings)) as { Statement: { Sid: string }[] };
    expect(merged.Statement.map((s) => s.Sid)).toEqual([
      'Own',
      'SmartPresenceTlsOnly',
      'SmartPresenceTls12',
      'SmartPresenceEncrypted',
    ]);
    expect([isPublic(own), isPublic(open)]).toEqual([false, true]);
  });

  test('someone else’s lifecycle rule only matters if it affects our objects', () => {
    const rule = (Prefix: string) => ({ ID: 'x', Status: 'Enabled' as const, Filter: { Prefix } });
    expect(['', 'photos/', 'photos/checkin/a', 'k', 'logs/'].map((p) => touchesOurs(rule(p)))).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
  });
});
