import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { Secret } from '../secrets/secret.ts';
import { Path, wholeNumber } from '../variables.ts';

/** Variables of the environment that are about the object store; merged into the server's one schema (config.ts). */
export const objectVariables = {
  /** Without it there is no object store, and no backup. */
  S3_BUCKET_NAME: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be a bucket name: 3 to 63 small letters, digits, hyphens, dots')
    .optional(),
  AWS_REGION: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/, 'must be a region, e.g. eu-central-1')
    .optional(),
  AWS_ACCESS_KEY_ID: z.string().min(1).max(200).optional(),
  AWS_SECRET_ACCESS_KEY: z.string().min(1).max(500).optional(),
  /** Of temporary credentials. */
  AWS_SESSION_TOKEN: z.string().min(1).optional(),
  /** Credentials of the one role that may delete versions (build/iam/erasure.json). Without them, the ones above are used. */
  S3_ERASURE_ACCESS_KEY_ID: z.string().min(1).max(200).optional(),
  S3_ERASURE_SECRET_ACCESS_KEY: z.string().min(1).max(500).optional(),
  /** An S3-compatible store; without it AWS. */
  S3_ENDPOINT_URL: z
    .string()
    .refine(
      (text) => URL.parse(text)?.protocol === 'https:' && URL.parse(text)?.username === '',
      'must begin with https:// and hold no credentials: nothing is sent in the clear',
    )
    .optional(),
  /** PEM of the CA that signed that store's certificate, where it is not a public one. */
  S3_CA_FILE: Path.refine(isReadable, 'can’t be read').optional(),
  /** How the store encrypts what we have already encrypted. */
  S3_SSE: z.enum(['s3', 'kms'], { error: 'must be s3 (SSE-S3) or kms (SSE-KMS)' }).default('s3'),
  S3_KMS_KEY_ID: z.string().min(1).max(2048).optional(),
  /** How long backups are kept. After 90 days they are in the archive, which charges for 90 more. */
  SMARTPRESENCE_BACKUP_DAYS: wholeNumber('days', 180, 3650).default(400),
};

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken: Secret | null;
}

export interface S3Settings {
  readonly bucket: string;
  readonly region: string;
  readonly endpoint: string;
  /** Bucket in the path, as stores of one host name have it. */
  readonly pathStyle: boolean;
  readonly credentials: Credentials;
  /** Of the role that may delete versions; `credentials` where the operator made none. */
  readonly erasureCredentials: Credentials;
  readonly caFile: string | null;
  readonly backupDays: number;
  /** KMS without a key id: the account's own key for S3. */
  readonly encryption: { readonly kind: 's3' } | { readonly kind: 'kms'; readonly keyId: string | null };
}

type Variables = z.infer<z.ZodObject<typeof objectVariables>>;

/** Variables that a bucket needs beside its name. */
const NEEDED = ['AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;

/** What is wrong with the variables together: the variable, and a sentence. Pure. */
export function objectIssues(e: Partial<Variables>): { path: string; message: string }[] {
  if (!e.S3_BUCKET_NAME) return [];
  const issues: { path: string; message: string }[] = NEEDED.filter((name) => !e[name]).map((path) => ({
    path,
    message: 'is missing: S3_BUCKET_NAME needs it',
  }));
  if (!e.S3_ERASURE_ACCESS_KEY_ID !== !e.S3_ERASURE_SECRET_ACCESS_KEY)
    issues.push({ path: 'S3_ERASURE_ACCESS_KEY_ID', message: 'and S3_ERASURE_SECRET_ACCESS_KEY are needed together' });
  if (e.S3_KMS_KEY_ID && e.S3_SSE !== 'kms') issues.push({ path: 'S3_KMS_KEY_ID', message: 'needs S3_SSE=kms' });
  return issues;
}

/** @param e checked by `objectIssues`. Null: no bucket is named */
export function objectSettings(e: Variables): S3Settings | null {
  const { S3_BUCKET_NAME: bucket, AWS_REGION: region, AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = e;
  if (!bucket || !region || !id || !secret) return null;
  const hidden = (text: string) => new Secret(Buffer.from(text, 'utf8'));
  const credentials = {
    accessKeyId: id,
    secretAccessKey: hidden(secret),
    sessionToken: e.AWS_SESSION_TOKEN ? hidden(e.AWS_SESSION_TOKEN) : null,
  };
  const erasure =
    e.S3_ERASURE_ACCESS_KEY_ID && e.S3_ERASURE_SECRET_ACCESS_KEY
      ? {
          accessKeyId: e.S3_ERASURE_ACCESS_KEY_ID,
          secretAccessKey: hidden(e.S3_ERASURE_SECRET_ACCESS_KEY),
          sessionToken: null,
        }
      : credentials;
  return {
    bucket,
    region,
    // Named here in any case: the SDK would take one from AWS_ENDPOINT_URL or a profile, http included.
    endpoint:
      e.S3_ENDPOINT_URL ?? `https://s3.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`,
    // A name with dots fits no wildcard certificate.
    pathStyle: e.S3_ENDPOINT_URL !== undefined || bucket.includes('.'),
    credentials,
    erasureCredentials: erasure,
    caFile: e.S3_CA_FILE ?? null,
    backupDays: e.SMARTPRESENCE_BACKUP_DAYS,
    encryption: e.S3_SSE === 'kms' ? { kind: 'kms', keyId: e.S3_KMS_KEY_ID ?? null } : { kind: 's3' },
  };
}

function isReadable(path: string): boolean {
  try {
    return readFileSync(path, 'utf8').includes('-----BEGIN CERTIFICATE-----');
  } catch {
    return false;
  }
}
