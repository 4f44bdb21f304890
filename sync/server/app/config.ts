import { isIP } from 'node:net';
import { z } from 'zod';
import { DEFAULT_WEIGHTS } from '../../../models/node/weights.ts';
import { Problem } from '../../errors/problem.ts';
import { TimeZone } from '../../protocol/api/sites.ts';
import { isReadableName } from '../../protocol/wire/name.ts';
import { mailIssues, mailSettings, mailVariables } from '../core/accounts/settings.ts';
import { retentionSettings, retentionVariables } from '../features/privacy/retention/settings.ts';
import { auditVariables } from '../platform/audit/settings.ts';
import { readDatabaseUrl } from '../platform/database/url.ts';
import { proxyVariables } from '../platform/http/proxies.ts';
import { urlOf } from '../platform/http/url.ts';
import { previousPair } from '../platform/keys/settings.ts';
import { readKey, WHOSE_KEYS } from '../platform/keys/strength.ts';
import { objectIssues, objectSettings, objectVariables } from '../platform/objects/settings.ts';
import { withSecretFiles } from '../platform/secrets/files.ts';
import { Secret } from '../platform/secrets/secret.ts';
import { IpAddress, listOf, Path, Port, readBy, wholeNumber } from '../platform/variables.ts';
import { operationsIssue, operationsSettings, operationsVariables } from './health/settings.ts';
import { mqttSettings, mqttVariables } from './mqtt/settings.ts';

const Key = readBy((text) => {
  const key = readKey(text);
  return typeof key === 'string' ? key : new Secret(key);
}, `is missing. ${WHOSE_KEYS}`);
const Hostname = z
  .string()
  .refine(
    (h) => isIP(h) !== 0 || /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(h),
    'must be host names or addresses, comma-separated',
  );

/** Every variable of the server's environment. Parsed once, at start. */
const Environment = z
  .object({
    SMARTPRESENCE_SERVER_HOME: z.string({ error: 'is missing: the folder with database and keyring' }).pipe(Path),
    /** AES-256 master key: 32 bytes, base64 or hexadecimal. Only in the environment, never in our files, code or database. */
    ENCRYPTION_KEY: Key,
    /** Second secret from which every sub-key is also derived. */
    SECRET_KEY: Key,
    /** The keys before a rotation (`keys rotate`), while it runs. Only those of the two that were replaced. */
    ENCRYPTION_KEY_PREVIOUS: Key.optional(),
    SECRET_KEY_PREVIOUS: Key.optional(),
    /** PostgreSQL over verified TLS 1.3 (platform/database/url.ts). Unset: the embedded database, for evaluation. */
    SMARTPRESENCE_DATABASE_URL: readBy(readDatabaseUrl).optional(),
    SMARTPRESENCE_BIND: IpAddress.default('127.0.0.1'),
    SMARTPRESENCE_PEOPLE_PORT: Port.default(8443),
    SMARTPRESENCE_DEVICE_PORT: Port.default(8444),
    /** Names and addresses under which this server is reached; the first is used in printed links. */
    SMARTPRESENCE_HOSTNAMES: z
      .string()
      .toLowerCase()
      .pipe(listOf(Hostname))
      .refine((names) => names.length > 0, 'must be host names or addresses, comma-separated')
      .prefault('127.0.0.1,localhost'),
    ...proxyVariables,
    /** The operator's certificate for the people listener, PEM files. Unset: the server makes its own. */
    SMARTPRESENCE_PEOPLE_CERT: Path.optional(),
    SMARTPRESENCE_PEOPLE_KEY: Path.optional(),
    ...mqttVariables,
    ...auditVariables,
    ...mailVariables,
    ...retentionVariables,
    ...objectVariables,
    ...operationsVariables,
    /** `yes`: receivers of webhooks may be on this machine, e.g. a payroll program beside the server. */
    SMARTPRESENCE_WEBHOOKS_LOOPBACK: z.enum(['yes', 'no'], { error: 'must be yes or no' }).default('no'),
    /** Folder with the TUF repository of builds, as `release publish` writes it. Unset: this server offers no updates. */
    SMARTPRESENCE_UPDATES: Path.optional(),
    SMARTPRESENCE_SITE: z
      .string()
      .trim()
      .min(1)
      .max(80)
      .refine(isReadableName, 'must hold a visible character, and no line break or control character')
      .default('Main entrance'),
    SMARTPRESENCE_TIMEZONE: TimeZone.default(() => new Intl.DateTimeFormat().resolvedOptions().timeZone),
    /** Repeat window of the default site when it is created. Changed in the console later. */
    SMARTPRESENCE_REPEAT_SECONDS: wholeNumber('seconds', 0, 3600).default(60),
    SMARTPRESENCE_WEIGHTS: z.string().min(1).default(DEFAULT_WEIGHTS),
    /**
     * Days without contact to the server after which kiosks delete their templates, if a site has no policy of its own.
     * Unset: unchanged, initially 30.
     */
    SMARTPRESENCE_LEASE_DAYS: wholeNumber('days', 1, 365).optional(),
    SMARTPRESENCE_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  })
  // `when`: checked even if single variables are wrong, so that one start reports all errors.
  .refine((e) => !sameKey(e.ENCRYPTION_KEY, e.SECRET_KEY), {
    path: ['SECRET_KEY'],
    error: `must differ from ENCRYPTION_KEY. ${WHOSE_KEYS}`,
    when: () => true,
  })
  .refine((e) => !sameKey(e.ENCRYPTION_KEY, e.ENCRYPTION_KEY_PREVIOUS), {
    path: ['ENCRYPTION_KEY_PREVIOUS'],
    error: 'must differ from ENCRYPTION_KEY; leave it out if that key was not replaced',
    when: () => true,
  })
  .refine((e) => !sameKey(e.SECRET_KEY, e.SECRET_KEY_PREVIOUS), {
    path: ['SECRET_KEY_PREVIOUS'],
    error: 'must differ from SECRET_KEY; leave it out if that key was not replaced',
    when: () => true,
  })
  .refine((e) => !e.SMARTPRESENCE_PEOPLE_CERT === !e.SMARTPRESENCE_PEOPLE_KEY, {
    path: ['SMARTPRESENCE_PEOPLE_CERT'],
    error: 'needs SMARTPRESENCE_PEOPLE_KEY, and vice versa',
    when: () => true,
  })
  .refine((e) => !e.SMARTPRESENCE_PEOPLE_PORT || e.SMARTPRESENCE_PEOPLE_PORT !== e.SMARTPRESENCE_DEVICE_PORT, {
    path: ['SMARTPRESENCE_DEVICE_PORT'],
    error: 'must differ from SMARTPRESENCE_PEOPLE_PORT',
    when: () => true,
  })
  .superRefine((e, ctx) => {
    for (const { path, message } of [...objectIssues(e), ...mailIssues(e)])
      ctx.addIssue({ code: 'custom', path: [path], message });
    const issue = operationsIssue(e);
    if (issue) ctx.addIssue({ code: 'custom', path: ['SMARTPRESENCE_OPERATIONS_TOKEN'], message: issue });
  });

/** Names of all variables. */
export const VARIABLES: readonly string[] = Object.keys(Environment.shape);

/** Returns what is wrong with a variable's value, e.g. “must be an IANA time zone”. Null: nothing, or an unknown variable. */
export function faultOfVariable(name: string, value: string): string | null {
  const shape: Readonly<Record<string, z.ZodType>> = Environment.shape;
  return shape[name]?.safeParse(value).error?.issues[0]?.message ?? null;
}

function sameKey(a: unknown, b: unknown): boolean {
  return a instanceof Secret && b instanceof Secret && Buffer.from(a.reveal()).equals(b.reveal());
}

export type Config = Readonly<ReturnType<typeof readConfig>>;

/**
 * Reads the environment.
 *
 * @throws Problem `bad-configuration` whose message lists every wrong variable, one per line; values are never shown
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>) {
  // An empty variable counts as unset (`VAR= npm start`).
  const given = Object.fromEntries(
    Object.entries(withSecretFiles(env)).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = Environment.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((i) => `${String(i.path[0] ?? 'environment')} ${i.message}`);
    throw new Problem('bad-configuration', { reason: lines.join('\n') });
  }
  const e = parsed.data;
  return {
    home: e.SMARTPRESENCE_SERVER_HOME,
    encryptionKey: e.ENCRYPTION_KEY,
    secretKey: e.SECRET_KEY,
    // Null: no rotation is running.
    previousKeys: previousPair(
      { encryptionKey: e.ENCRYPTION_KEY, secretKey: e.SECRET_KEY },
      e.ENCRYPTION_KEY_PREVIOUS,
      e.SECRET_KEY_PREVIOUS,
    ),
    // Null: the embedded database.
    database: e.SMARTPRESENCE_DATABASE_URL ?? null,
    bind: e.SMARTPRESENCE_BIND,
    peoplePort: e.SMARTPRESENCE_PEOPLE_PORT,
    devicePort: e.SMARTPRESENCE_DEVICE_PORT,
    hostnames: e.SMARTPRESENCE_HOSTNAMES,
    trustedProxies: e.SMARTPRESENCE_TRUSTED_PROXIES,
    // Origin of console and portal in links.
    peopleUrl: e.SMARTPRESENCE_PUBLIC_URL ?? urlOf(e.SMARTPRESENCE_HOSTNAMES[0]!, e.SMARTPRESENCE_PEOPLE_PORT),
    mqtt: mqttSettings(e, e.SMARTPRESENCE_HOSTNAMES[0]!),
    // Null: no mail is sent.
    mail: mailSettings(e),
    auditDays: e.SMARTPRESENCE_AUDIT_DAYS,
    // Null: no object store, and no backups.
    s3: objectSettings(e),
    // Null: no listener for health and metrics.
    operations: operationsSettings(e),
    drainMs: e.SMARTPRESENCE_DRAIN_SECONDS * 1000,
    peopleCertificate:
      e.SMARTPRESENCE_PEOPLE_CERT && e.SMARTPRESENCE_PEOPLE_KEY
        ? { certFile: e.SMARTPRESENCE_PEOPLE_CERT, keyFile: e.SMARTPRESENCE_PEOPLE_KEY }
        : null,
    site: { name: e.SMARTPRESENCE_SITE, timeZone: e.SMARTPRESENCE_TIMEZONE },
    repeatSeconds: e.SMARTPRESENCE_REPEAT_SECONDS,
    leaseDays: e.SMARTPRESENCE_LEASE_DAYS ?? null,
    weights: e.SMARTPRESENCE_WEIGHTS,
    retention: retentionSettings(e),
    webhooks: { loopback: e.SMARTPRESENCE_WEBHOOKS_LOOPBACK === 'yes' },
    updates: e.SMARTPRESENCE_UPDATES ?? null,
    logLevel: e.SMARTPRESENCE_LOG_LEVEL,
  };
}
