import { command } from '../../../disk/program.ts';
import { Problem } from '../../../protocol/wire/problem.ts';

/** What S3 or the way to it says, as a code and a sentence for the operator. */
interface StoreProblem {
  readonly code: string;
  readonly message: string;
  readonly next: string;
}

const DENIED: StoreProblem = {
  code: 's3-denied',
  message: 'The object store refuses this access key',
  next: `Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the policy of its user (build/iam). Where it began with the bucket’s policy, which a store may not understand, take that off: ${command('backup setup --no-policy')}`,
};
const MISSING_BUCKET: StoreProblem = {
  code: 's3-bucket-missing',
  message: 'There is no such bucket',
  next: `Check S3_BUCKET_NAME and AWS_REGION, or make it: ${command('backup setup')}`,
};
const OTHER_REGION: StoreProblem = {
  code: 's3-region-wrong',
  message: 'The bucket is in another region',
  next: 'Correct AWS_REGION.',
};
const BUSY: StoreProblem = {
  code: 's3-busy',
  message: 'The object store asks for a pause',
  next: 'Try again in a minute.',
};
const KMS: StoreProblem = {
  code: 's3-kms-refused',
  message: 'The key service refuses the key of SSE-KMS',
  next: 'Check S3_KMS_KEY_ID and that this user may use that key.',
};

/** Names of S3's errors (`error.name`). */
const BY_NAME: Readonly<Record<string, StoreProblem>> = {
  AccessDenied: DENIED,
  AllAccessDisabled: DENIED,
  ExpiredToken: DENIED,
  Forbidden: DENIED,
  InvalidAccessKeyId: DENIED,
  InvalidToken: DENIED,
  SignatureDoesNotMatch: DENIED,
  NoSuchBucket: MISSING_BUCKET,
  PermanentRedirect: OTHER_REGION,
  AuthorizationHeaderMalformed: OTHER_REGION,
  IllegalLocationConstraintException: OTHER_REGION,
  NoSuchKey: {
    code: 's3-object-missing',
    message: 'There is no such object',
    next: 'Look whether it was deleted, or the name is another.',
  },
  InvalidObjectState: {
    code: 's3-object-archived',
    message: 'The object is in an archive and has to be thawed first',
    next: `Ask for it with: ${command('backup restore --wait')}`,
  },
  PreconditionFailed: {
    code: 's3-object-exists',
    message: 'An object of this name is there already',
    next: 'Nothing was overwritten; use another name.',
  },
  RequestTimeTooSkewed: {
    code: 's3-clock-wrong',
    message: 'The clock of this machine is wrong by more than the object store allows',
    next: 'Set the clock.',
  },
  SlowDown: BUSY,
  ServiceUnavailable: BUSY,
  ThrottlingException: BUSY,
  KMSKeyNotAccessibleFault: KMS,
  KMSInvalidStateException: KMS,
  'KMS.NotFoundException': KMS,
  'KMS.DisabledException': KMS,
};

/** Ways in which the store was not reached at all (`error.code`, `error.name`). */
const UNREACHED = /^(ENOTFOUND|EAI_|ECONN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE|TimeoutError|ECONNRESET)/;
const TLS =
  /^(ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|EPROTO)/;

/** @param what was being done, e.g. `backups/1/database`; it never holds personal data */
export function asS3Problem(cause: unknown, what: string): Problem {
  if (cause instanceof Problem) return cause;
  const { name = '', code = '' } = cause as { name?: string; code?: string };
  const status = (cause as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  const known = BY_NAME[name] ?? byConnection(name, code) ?? byStatus(status);
  const {
    code: ours,
    message,
    next,
  } = known ?? {
    code: 's3-failed',
    message: `The object store failed (${name || code || 'no reason given'}${status ? `, ${status}` : ''})`,
    next: 'See the log; if it repeats, report it.',
  };
  return new Problem(ours, `${message}: ${what}.`, next, { cause });
}

function byConnection(name: string, code: string): StoreProblem | null {
  if (TLS.test(code))
    return {
      code: 's3-tls-refused',
      message: `The certificate or the TLS of the object store is not accepted (${code})`,
      next: 'Check S3_ENDPOINT_URL and S3_CA_FILE.',
    };
  if (UNREACHED.test(code) || UNREACHED.test(name))
    return {
      code: 's3-unreachable',
      message: `The object store does not answer (${code || name})`,
      next: 'Check S3_ENDPOINT_URL, AWS_REGION and the network.',
    };
  return null;
}

/** For answers without a body, as those to HEAD. */
function byStatus(status: number | undefined): StoreProblem | null {
  if (status === 403 || status === 401) return DENIED;
  if (status === 404) return BY_NAME.NoSuchKey!;
  if (status === 301) return OTHER_REGION;
  if (status === 503 || status === 429) return BUSY;
  return null;
}
