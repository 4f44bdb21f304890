import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { Secret } from '../secrets/secret.ts';
import { Path, wholeNumber } from '../variables.ts';

/** Environment variables for the object store, merged into the server's schema (config.ts). */
export const objectVariables = {
  /** Without it there is no object store and no backup. */
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
  /** Only needed for temporary credentials. */
  AWS_SESSION_TOKEN: z.string().min(1).optional(),
  /** Credentials of the only role that may delete versions (build/iam/erasure.json). Default: the credentials above. */
  S3_ERASURE_ACCESS_KEY_ID: z.string().min(1).max(200).optional(),
  S3_ERASURE_SECRET_ACCESS_KEY: z.string().min(1).max(500).optional(),
  /** URL of an S3-compatible store. Default: AWS. */
  S3_ENDPOINT_URL: z
    .string()
    .refine(
      (text) => URL.parse(text)?.protocol === 'https:' && URL.parse(text)?.username === '',
      'must begin with https:// and hold no credentials: nothing is sent in the clear',
    )
    .optional(),
  /** PEM file of the CA that signed that store's certificate, if it isn't a public CA. */
  S3_CA_FILE: Path.refine(isReadable, 'can’t be read').optional(),
  /** How the store encrypts our data, which we have already encrypted ourselves. */
  S3_SSE: z.enum(['s3', 'kms'], { error: 'must be s3 (SSE-S3) or kms (SSE-KMS)' }).default('s3'),
  S3_KMS_KEY_ID: z.string().min(1).max(2048).optional(),
  /** How long backups are kept. They move to the archive after 90 days, which charges for at least 90 more: hence the minimum. */
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
  /** Whether the bucket is named in the path, which stores with a single host name need. */
  readonly pathStyle: boolean;
  readonly credentials: Credentials;
  /** For the role that may delete versions. Same as `credentials` if the operator set none. */
  readonly erasureCredentials: Credentials;
  readonly caFile: string | null;
  readonly backupDays: number;
  /** With KMS, a null `keyId` means the account's default key for S3. */
  readonly encryption: { readonly kind: 's3' } | { readonly kind: 'kms'; readonly keyId: string | null };
}

type Variables = z.infer<z.ZodObject<typeof objectVariables>>;

/** Variables that are required once a bucket is named. */
const NEEDED = ['AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;

/** Checks the variables against each other. Returns the variable and a message for each problem. Pure. */
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

/** Reads the settings. @param e already checked by `objectIssues` @returns null if no bucket is named */
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
    // Always set: otherwise the SDK would take one from AWS_ENDPOINT_URL or a profile, and accept http.
    endpoint:
      e.S3_ENDPOINT_URL ?? `https://s3.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`,
    // A wildcard certificate doesn't match a bucket name with dots.
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
