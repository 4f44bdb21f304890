import type { S3 } from '@aws-sdk/client-s3';
import type { S3Settings } from '../settings.ts';
import {
  isOurs,
  isPublic,
  lifecycleRules,
  mergedPolicy,
  type Periods,
  policyStatements,
  ruleText,
  type Statement,
  touchesOurs,
} from './rules.ts';

/** One requirement of the bucket: how to check it and how to fix it. */
export interface Item {
  readonly name: string;
  /** Code of a deviation, e.g. `bucket-not-versioned`. */
  readonly code: string;
  /** Whether a store may lack this feature. That is reported, but is not a deviation. */
  readonly optional?: boolean;
  /** Returns one phrase per deviation. Empty if everything is as required. */
  inspect(client: S3): Promise<string[]>;
  /** Absent if it can only be set when the bucket is created. A returned string says why the store can't support it. */
  apply?(client: S3): Promise<unknown>;
}

/** Names of errors that mean nothing is configured. */
const UNSET =
  /^(NoSuchPublicAccessBlockConfiguration|OwnershipControlsNotFoundError|ServerSideEncryptionConfigurationNotFoundError|NoSuchLifecycleConfiguration|NoSuchBucketPolicy|ObjectLockConfigurationNotFoundError)$/;

async function orUnset<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (cause) {
    if (UNSET.test((cause as { name?: string }).name ?? '')) return null;
    throw cause;
  }
}

/** The requirements in the order in which they are applied. The policy is last because it may lock out a store's own tools. */
export function bucketItems(settings: S3Settings, periods: Periods): Item[] {
  const Bucket = settings.bucket;
  return [
    publicAccess(Bucket),
    ownership(Bucket),
    acl(Bucket),
    versioning(Bucket),
    encryption(settings),
    lifecycle(Bucket, periods),
    objectLock(Bucket),
    policy(settings),
  ];
}

const BLOCKS = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
} as const;

const publicAccess = (Bucket: string): Item => ({
  name: 'public access blocked',
  code: 'bucket-public-access-open',
  async inspect(client) {
    const found = await orUnset(client.getPublicAccessBlock({ Bucket }));
    const has = found?.PublicAccessBlockConfiguration ?? {};
    return (Object.keys(BLOCKS) as (keyof typeof BLOCKS)[]).filter((b) => !has[b]).map((b) => `${b} is off`);
  },
  apply: (client) => client.putPublicAccessBlock({ Bucket, PublicAccessBlockConfiguration: BLOCKS }),
});

const ownership = (Bucket: string): Item => ({
  name: 'access lists off',
  code: 'bucket-access-lists-on',
  optional: true,
  async inspect(client) {
    const found = await orUnset(client.getBucketOwnershipControls({ Bucket }));
    const rule = found?.OwnershipControls?.Rules?.[0]?.ObjectOwnership ?? 'ObjectWriter';
    return rule === 'BucketOwnerEnforced' ? [] : [`objects may have access lists of their own (${rule})`];
  },
  apply: (client) =>
    client.putBucketOwnershipControls({
      Bucket,
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
    }),
});

const acl = (Bucket: string): Item => ({
  name: 'private',
  code: 'bucket-public',
  async inspect(client) {
    const { Grants = [] } = await client.getBucketAcl({ Bucket });
    return Grants.filter((g) => /\/(AllUsers|AuthenticatedUsers)$/.test(g.Grantee?.URI ?? '')).map(
      (g) => `its access list lets everyone ${g.Permission}`,
    );
  },
  apply: (client) => client.putBucketAcl({ Bucket, ACL: 'private' }),
});

const versioning = (Bucket: string): Item => ({
  name: 'versioning',
  code: 'bucket-not-versioned',
  async inspect(client) {
    const { Status } = await client.getBucketVersioning({ Bucket });
    return Status === 'Enabled' ? [] : [`versioning is ${Status?.toLowerCase() ?? 'off'}`];
  },
  apply: (client) => client.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }),
});

function encryption({ bucket: Bucket, encryption: e }: S3Settings): Item {
  const SSEAlgorithm = e.kind === 'kms' ? ('aws:kms' as const) : ('AES256' as const);
  const keyId = e.kind === 'kms' ? e.keyId : null;
  return {
    name: 'default encryption',
    code: 'bucket-not-encrypted',
    async inspect(client) {
      const found = await orUnset(client.getBucketEncryption({ Bucket }));
      const has = found?.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault;
      if (has?.SSEAlgorithm !== SSEAlgorithm)
        return [`its default is ${has?.SSEAlgorithm ?? 'none'}, not ${SSEAlgorithm}`];
      return keyId && has.KMSMasterKeyID !== keyId ? ['its default key is not S3_KMS_KEY_ID'] : [];
    },
    apply: (client) =>
      client.putBucketEncryption({
        Bucket,
        ServerSideEncryptionConfiguration: {
          Rules: [
            {
              ApplyServerSideEncryptionByDefault: { SSEAlgorithm, ...(keyId && { KMSMasterKeyID: keyId }) },
              ...(e.kind === 'kms' && { BucketKeyEnabled: true }),
            },
          ],
        },
      }),
  };
}

function lifecycle(Bucket: string, periods: Periods): Item {
  const wanted = lifecycleRules(periods);
  const read = async (client: S3) => (await orUnset(client.getBucketLifecycleConfiguration({ Bucket })))?.Rules ?? [];
  return {
    name: 'lifecycle',
    code: 'bucket-lifecycle-differs',
    async inspect(client) {
      const found = await read(client);
      const texts = new Set(found.map(ruleText));
      return [
        ...wanted.filter((rule) => !texts.has(ruleText(rule))).map((rule) => `rule ${rule.ID} is missing or differs`),
        ...found
          .filter(touchesOurs)
          .map((rule) => `rule ${rule.ID ?? 'without a name'} of someone else touches our objects`),
      ];
    },
    async apply(client) {
      const others = (await read(client)).filter((rule) => !isOurs(rule) && !touchesOurs(rule));
      await client.putBucketLifecycleConfiguration({
        Bucket,
        LifecycleConfiguration: { Rules: [...others, ...wanted] },
      });
    },
  };
}

const objectLock = (Bucket: string): Item => ({
  name: 'object lock for audit anchors',
  code: 'bucket-without-lock',
  optional: true,
  async inspect(client) {
    const found = await orUnset(client.getObjectLockConfiguration({ Bucket }));
    return found?.ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled'
      ? []
      : ['anchors of the audit log can’t be locked; a bucket created by `backup setup` supports it'];
  },
});

export const POLICY = {
  name: 'policy: only TLS, only encrypted, nothing public',
  code: 'bucket-policy-differs',
} as const;

async function readPolicy(client: S3, Bucket: string): Promise<Statement[]> {
  const found = await orUnset(client.getBucketPolicy({ Bucket }));
  const { Statement: list = [] } = JSON.parse(found?.Policy ?? '{}') as { Statement?: Statement | Statement[] };
  return Array.isArray(list) ? list : [list];
}

/**
 * Removes our statements from the bucket's policy and keeps all others.
 * @returns whether there were any to remove
 */
export async function removePolicy(client: S3, settings: S3Settings, dryRun: boolean): Promise<boolean> {
  const Bucket = settings.bucket;
  const found = await readPolicy(client, Bucket);
  const names = new Set(policyStatements(settings).map(({ Sid }) => Sid));
  const others = found.filter(({ Sid }) => !names.has(Sid));
  if (others.length === found.length) return false;
  if (dryRun) return true;
  if (others.length === 0) await client.deleteBucketPolicy({ Bucket });
  else await client.putBucketPolicy({ Bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement: others }) });
  return true;
}

/** Whether the store answers a request for a missing object with 404, rather than deny access. */
async function answers(client: S3, Bucket: string): Promise<boolean> {
  try {
    await client.headObject({ Bucket, Key: 'no-such-object' });
    return true;
  } catch (cause) {
    return (cause as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 404;
  }
}

function policy(settings: S3Settings): Item {
  const Bucket = settings.bucket;
  return {
    ...POLICY,
    async inspect(client) {
      const found = await readPolicy(client, Bucket);
      const has = (wanted: Statement) =>
        found.some((s) => s.Sid === wanted.Sid && JSON.stringify(sorted(s)) === JSON.stringify(sorted(wanted)));
      const missing = policyStatements(settings).filter((wanted) => !has(wanted));
      return [
        ...missing.map((wanted) => `statement ${wanted.Sid} is missing or differs`),
        ...(missing.length > 0
          ? ['for a store that does not support its conditions, run backup setup and backup audit with --no-policy']
          : []),
        ...found.filter(isPublic).map((s) => `statement ${s.Sid ?? 'without a name'} lets everyone in`),
      ];
    },
    async apply(client) {
      const before = await answers(client, Bucket);
      const Policy = mergedPolicy(await readPolicy(client, Bucket), settings);
      await client.putBucketPolicy({ Bucket, Policy });
      // A store that wrongly treats the policy's conditions as met now denies everything, over TLS too.
      if (!before || (await answers(client, Bucket))) return null;
      await removePolicy(client, settings, false);
      return 'the store does not support its conditions and refused everything, so it was removed again. Nothing is left to do; from now on check with: backup audit --no-policy';
    },
  };
}

/** Sorts keys and lists, and unwraps lists of one item, because stores return either form. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 1 ? sorted(value[0]) : value.map(sorted).sort();
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sorted(v)]),
  );
}
