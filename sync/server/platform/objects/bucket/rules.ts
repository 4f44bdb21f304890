import type { LifecycleRule } from '@aws-sdk/client-s3';
import type { S3Settings } from '../settings.ts';

/** The required configuration of the bucket. `backup setup` writes it; `backup audit` compares with it. Pure. */

/** Retention periods, in days. */
export interface Periods {
  readonly checkinPhotos: number;
  readonly keyringCopies: number;
  readonly backups: number;
}

/** Backups move to the archive (Glacier) after this many days. */
export const ARCHIVE_DAYS = 90;
/** Unfinished uploads are aborted after this many days. */
const ABORT_DAYS = 2;
/** Days for which overwritten or deleted objects can be recovered, except check-in photos and keyring copies. */
const UNDO_DAYS = 30;

const OURS = 'smartpresence-';

type Rule = LifecycleRule & { readonly ID: string };

/** One rule per prefix (platform/objects/sealed/layout.ts), sorted by name. */
export function lifecycleRules({ checkinPhotos, keyringCopies, backups }: Periods): Rule[] {
  const rule = (name: string, Prefix: string, more: Partial<LifecycleRule>): Rule => ({
    ID: `${OURS}${name}`,
    Status: 'Enabled',
    Filter: { Prefix },
    ...more,
  });
  const noncurrent = (NoncurrentDays: number) => ({ NoncurrentVersionExpiration: { NoncurrentDays } });
  return [
    rule('backups', 'backups/', {
      Transitions: [{ Days: ARCHIVE_DAYS, StorageClass: 'GLACIER' }],
      Expiration: { Days: backups },
      ...noncurrent(UNDO_DAYS),
    }),
    // The newest copy never expires, because every backup needs it.
    rule('keyring', 'keyring/', noncurrent(keyringCopies)),
    rule('keys', 'keys/', noncurrent(UNDO_DAYS)),
    rule('leftovers', '', {
      Expiration: { ExpiredObjectDeleteMarker: true },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: ABORT_DAYS },
    }),
    rule('manifests', 'manifests/', { Expiration: { Days: backups }, ...noncurrent(UNDO_DAYS) }),
    rule('photos-checkin', 'photos/checkin/', { Expiration: { Days: checkinPhotos }, ...noncurrent(1) }),
    rule('photos-enrolment', 'photos/enrolment/', noncurrent(UNDO_DAYS)),
    // Kept as long as a backup from before the erasure may exist.
    rule('tombstones', 'tombstones/', { Expiration: { Days: backups + UNDO_DAYS }, ...noncurrent(UNDO_DAYS) }),
  ];
}

export const isOurs = (rule: LifecycleRule) => rule.ID?.startsWith(OURS) ?? false;

/** Whether someone else's rule may affect our objects, which are nearly all objects of this bucket. */
export function touchesOurs(rule: LifecycleRule): boolean {
  if (isOurs(rule) || rule.Status !== 'Enabled') return false;
  const prefix = rule.Filter?.Prefix ?? rule.Filter?.And?.Prefix ?? '';
  const ours = ['audit/', 'backups/', 'keyring/', 'keys/', 'manifests/', 'photos/', 'tombstones/'];
  return ours.some((p) => p.startsWith(prefix) || prefix.startsWith(p));
}

/** Formats a rule for comparison, ignoring whatever stores omit or add. */
export function ruleText(rule: LifecycleRule): string {
  const first = rule.Transitions?.[0];
  return JSON.stringify({
    id: rule.ID ?? '',
    on: rule.Status === 'Enabled',
    prefix: rule.Filter?.Prefix ?? rule.Filter?.And?.Prefix ?? '',
    archive: first ? [first.Days ?? 0, first.StorageClass ?? ''] : null,
    expire: rule.Expiration?.Days ?? null,
    markers: rule.Expiration?.ExpiredObjectDeleteMarker ?? false,
    noncurrent: rule.NoncurrentVersionExpiration?.NoncurrentDays ?? null,
    abort: rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation ?? null,
  });
}

export interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Principal?: unknown;
  readonly Action?: unknown;
  readonly Resource?: unknown;
  readonly Condition?: unknown;
}

/** Statements that the bucket's policy must have: they deny TLS below 1.2, no TLS, and writes that request other encryption. */
export function policyStatements({ bucket, region, encryption }: S3Settings): Statement[] {
  const arn = `arn:${region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'}:s3:::${bucket}`;
  const deny = (Sid: string, Action: string, Resource: unknown, Condition: unknown) => ({
    Sid,
    Effect: 'Deny',
    Principal: '*',
    Action,
    Resource,
    Condition,
  });
  return [
    deny('SmartPresenceTlsOnly', 's3:*', [arn, `${arn}/*`], { Bool: { 'aws:SecureTransport': 'false' } }),
    deny('SmartPresenceTls12', 's3:*', [arn, `${arn}/*`], { NumericLessThan: { 's3:TlsVersion': '1.2' } }),
    // Only if the header is present: the parts of an upload don't have it and use the encryption requested at its start.
    deny('SmartPresenceEncrypted', 's3:PutObject', `${arn}/*`, {
      StringNotEquals: { 's3:x-amz-server-side-encryption': encryption.kind === 'kms' ? 'aws:kms' : 'AES256' },
      Null: { 's3:x-amz-server-side-encryption': 'false' },
    }),
  ];
}

export function isPublic(statement: Statement): boolean {
  if (statement.Effect !== 'Allow' || statement.Condition) return false;
  const principal = statement.Principal as { AWS?: unknown } | string | undefined;
  const named = typeof principal === 'string' ? principal : principal?.AWS;
  return named === '*' || (Array.isArray(named) && named.includes('*'));
}

/** Merges an existing policy with our statements, and drops other statements that grant public access. */
export function mergedPolicy(existing: readonly Statement[], settings: S3Settings): string {
  const ours = policyStatements(settings);
  const others = existing.filter((s) => !ours.some((o) => o.Sid === s.Sid) && !isPublic(s));
  return JSON.stringify({ Version: '2012-10-17', Statement: [...others, ...ours] });
}
