import type { S3 } from '@aws-sdk/client-s3';
import { Problem } from '../../../../errors/problem.ts';
import { s3Client } from '../client.ts';
import { asS3Problem } from '../problems.ts';
import type { S3Settings } from '../settings.ts';
import { bucketItems, type Item, POLICY, removePolicy } from './items.ts';
import type { Periods } from './rules.ts';

export interface Finding {
  readonly item: string;
  /** `changed`: was fixed. `would change`: in a dry run. `not offered`: by this store. `left out`: the policy, if not wanted. */
  readonly state: 'ok' | 'differs' | 'changed' | 'would change' | 'not offered' | 'left out';
  /** Code of the deviation, also once it is fixed. Null if there is none. */
  readonly code: string | null;
  readonly why: readonly string[];
}

export interface BucketOptions {
  readonly dryRun?: boolean;
  /** Use no bucket policy, for a store that doesn't support its conditions. Our existing statements are removed. */
  readonly withoutPolicy?: boolean;
}

/**
 * Creates the bucket if it doesn't exist and fixes whatever deviates. Safe to repeat.
 *
 * @returns what was found and done, per item
 * @throws Problem `s3-denied`, `s3-bucket-taken`, `s3-unreachable`, …
 */
export async function setupBucket(
  settings: S3Settings,
  periods: Periods,
  { dryRun = false, withoutPolicy = false }: BucketOptions = {},
): Promise<Finding[]> {
  const client = s3Client(settings);
  try {
    const made = await ensureBucket(client, settings, dryRun);
    const findings: Finding[] = [made];
    if (dryRun && made.state === 'would change') return findings;
    for (const item of bucketItems(settings, periods)) {
      if (withoutPolicy && item.code === POLICY.code) {
        findings.push(await takeOff(client, settings, dryRun));
        continue;
      }
      const found = await inspect(client, item);
      if (found.state !== 'differs' || !item.apply) findings.push(asOptional(item, found));
      else if (dryRun) findings.push({ ...found, state: 'would change' });
      else {
        const applied = await item.apply(client).catch((cause: unknown) => notOffered(item, cause));
        if (typeof applied === 'string') findings.push({ ...found, state: 'not offered', why: [applied] });
        else findings.push({ ...found, state: applied === false ? 'not offered' : 'changed' });
      }
    }
    return findings;
  } finally {
    client.destroy();
  }
}

/** Reads everything back and reports what is wrong. Changes nothing. */
export async function auditBucket(
  settings: S3Settings,
  periods: Periods,
  { withoutPolicy = false }: BucketOptions = {},
): Promise<Finding[]> {
  const client = s3Client(settings);
  try {
    const findings: Finding[] = [];
    for (const item of bucketItems(settings, periods))
      findings.push(
        withoutPolicy && item.code === POLICY.code
          ? { item: item.name, state: 'left out', code: null, why: [] }
          : asOptional(item, await inspect(client, item)),
      );
    return findings;
  } finally {
    client.destroy();
  }
}

async function takeOff(client: S3, settings: S3Settings, dryRun: boolean): Promise<Finding> {
  const { name: item } = POLICY;
  try {
    if (!(await removePolicy(client, settings, dryRun))) return { item, state: 'left out', code: null, why: [] };
  } catch (cause) {
    throw asS3Problem(cause, item);
  }
  return { item, state: dryRun ? 'would change' : 'changed', code: null, why: ['our policy was removed'] };
}

async function inspect(client: S3, item: Item): Promise<Finding> {
  try {
    const why = await item.inspect(client);
    return { item: item.name, state: why.length > 0 ? 'differs' : 'ok', code: why.length > 0 ? item.code : null, why };
  } catch (cause) {
    notOffered(item, cause);
    return { item: item.name, state: 'not offered', code: null, why: [] };
  }
}

/** An optional item that can only be set when the bucket is created is reported, but not as a deviation. */
const asOptional = (item: Item, found: Finding): Finding =>
  item.optional && found.state === 'differs' && !item.apply ? { ...found, state: 'not offered', code: null } : found;

/** Returns false if the error says that the store doesn't support an optional item. @throws Problem for any other error */
function notOffered(item: Item, cause: unknown): false {
  const { name = '', $metadata } = cause as { name?: string; $metadata?: { httpStatusCode?: number } };
  if (
    item.optional &&
    (/NotImplemented|MethodNotAllowed|UnknownOperation/.test(name) || $metadata?.httpStatusCode === 501)
  )
    return false;
  throw asS3Problem(cause, item.name);
}

async function ensureBucket(client: S3, settings: S3Settings, dryRun: boolean): Promise<Finding> {
  const { bucket: Bucket, region } = settings;
  const item = `bucket ${Bucket}`;
  try {
    await client.headBucket({ Bucket });
    return { item, state: 'ok', code: null, why: [] };
  } catch (cause) {
    const problem = asS3Problem(cause, Bucket);
    if (problem.code !== 's3-bucket-missing' && problem.code !== 's3-object-missing') throw problem;
  }
  const missing = { item, code: 's3-bucket-missing', why: ['it is not there'] };
  if (dryRun) return { ...missing, state: 'would change' };
  // Object lock can only be enabled at creation. Enabling it locks nothing yet.
  for (const ObjectLockEnabledForBucket of [true, false]) {
    try {
      await client.createBucket({
        Bucket,
        ...(region !== 'us-east-1' && { CreateBucketConfiguration: { LocationConstraint: region as never } }),
        ...(ObjectLockEnabledForBucket && { ObjectLockEnabledForBucket }),
      });
      return { ...missing, state: 'changed' };
    } catch (cause) {
      const name = (cause as { name?: string }).name ?? '';
      if (name === 'BucketAlreadyExists') throw new Problem('s3-bucket-taken', { bucket: Bucket, cause });
      if (!ObjectLockEnabledForBucket || !/NotImplemented|InvalidRequest|InvalidArgument/.test(name))
        throw asS3Problem(cause, Bucket);
    }
  }
  throw new Problem('s3-bucket-not-made', { bucket: Bucket });
}
