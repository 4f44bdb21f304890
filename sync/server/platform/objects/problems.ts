import { Problem } from '../../../errors/problem.ts';
import { reasonOf } from '../../../errors/reason.ts';

type S3Code =
  | 's3-denied'
  | 's3-bucket-missing'
  | 's3-region-wrong'
  | 's3-object-missing'
  | 's3-object-archived'
  | 's3-object-exists'
  | 's3-clock-wrong'
  | 's3-busy'
  | 's3-kms-refused';

/** S3's error names (`error.name`). */
const BY_NAME: Readonly<Record<string, S3Code>> = {
  AccessDenied: 's3-denied',
  AllAccessDisabled: 's3-denied',
  ExpiredToken: 's3-denied',
  Forbidden: 's3-denied',
  InvalidAccessKeyId: 's3-denied',
  InvalidToken: 's3-denied',
  SignatureDoesNotMatch: 's3-denied',
  NoSuchBucket: 's3-bucket-missing',
  PermanentRedirect: 's3-region-wrong',
  AuthorizationHeaderMalformed: 's3-region-wrong',
  IllegalLocationConstraintException: 's3-region-wrong',
  NoSuchKey: 's3-object-missing',
  InvalidObjectState: 's3-object-archived',
  PreconditionFailed: 's3-object-exists',
  RequestTimeTooSkewed: 's3-clock-wrong',
  SlowDown: 's3-busy',
  ServiceUnavailable: 's3-busy',
  ThrottlingException: 's3-busy',
  KMSKeyNotAccessibleFault: 's3-kms-refused',
  KMSInvalidStateException: 's3-kms-refused',
  'KMS.NotFoundException': 's3-kms-refused',
  'KMS.DisabledException': 's3-kms-refused',
};

/** Errors that mean the store was not reached at all (`error.code`, `error.name`). */
const UNREACHED = /^(ENOTFOUND|EAI_|ECONN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE|TimeoutError|ECONNRESET)/;
const TLS =
  /^(ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|EPROTO)/;

/** Converts an SDK error. @param what what it concerns, e.g. `backups/1/database`; never personal data */
export function asS3Problem(cause: unknown, what: string): Problem {
  if (cause instanceof Problem) return cause;
  const { name = '', code = '' } = cause as { name?: string; code?: string };
  const status = (cause as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  const known = BY_NAME[name];
  if (known) return new Problem(known, { what, cause });
  if (TLS.test(code)) return new Problem('s3-tls-refused', { what, reason: code, cause });
  if (UNREACHED.test(code) || UNREACHED.test(name))
    return new Problem('s3-unreachable', { what, reason: reasonOf(cause) ?? name, cause });
  const stated = byStatus(status);
  if (stated) return new Problem(stated, { what, cause });
  const reason = [name || code || 'no reason given', status].filter(Boolean).join(', ');
  return new Problem('s3-failed', { what, reason, cause });
}

/** For answers without a body, such as those to HEAD. */
function byStatus(status: number | undefined): S3Code | null {
  if (status === 403 || status === 401) return 's3-denied';
  if (status === 404) return 's3-object-missing';
  if (status === 301) return 's3-region-wrong';
  if (status === 503 || status === 429) return 's3-busy';
  return null;
}

/** Runs `work`. @throws Problem `s3-…` in place of the SDK's error */
export async function withStoreProblem<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw asS3Problem(cause, what);
  }
}
