import { statfs } from 'node:fs/promises';
import { sql } from 'kysely';
import { command } from '../../../disk/program.ts';
import { Problem } from '../../../errors/problem.ts';
import { readSchema } from '../../platform/database/migrations.ts';
import { examine as examineDatabase } from '../../platform/database/postgres.ts';
import { readKeyState } from '../../platform/keys/versions.ts';
import { QUARANTINE_FULL } from '../ingest/quota.ts';
import { check, DAY_MS, MINUTE_MS, opened, problemDetail } from './check.ts';

const MIB = 1024 * 1024;
/** Free space below which the server takes no traffic, and below which it warns, bytes. */
const DISK_FULL = 100 * MIB;
const DISK_LOW = 1024 * MIB;
/** Difference between our clock and the database's that is reported, and that certificates and sessions can't tolerate, ms. */
const CLOCK_DIFFERS = 5_000;
const CLOCK_WRONG = 300_000;

/** Only detected on a new connection: open ones continue unchanged. */
const UNSAFE = {
  'database-tls-refused': {
    level: 'stops',
    says: 'The connection to the database is not over verified TLS 1.3.',
    next: 'Set ssl = on and ssl_min_protocol_version = TLSv1.3, with a certificate for its host name issued by the CA in sslrootcert.',
  },
  'database-logs-parameters': {
    level: 'stops',
    says: 'The database logs the values of statements.',
    next: 'Change the settings named in the detail; the server does not start until then.',
  },
} as const;

/** Checks that the database answers and takes writes, which a standby or read-only database does not. */
export const databaseCheck = check({
  name: 'database',
  of: 'process',
  everyMs: 0,
  outcomes: {
    'database-failed': {
      level: 'stops',
      says: 'The database can’t be reached or opened.',
      next: 'Check that PostgreSQL is running, and check SMARTPRESENCE_DATABASE_URL.',
    },
    'database-no-answer': {
      level: 'stops',
      says: 'The database does not answer in time.',
      next: 'Check PostgreSQL’s load and locks.',
    },
    ...UNSAFE,
    'database-read-only': {
      level: 'stops',
      says: 'The database accepts no writes.',
      next: 'Point SMARTPRESENCE_DATABASE_URL to the primary, or end its read-only mode.',
    },
  },
  failed: 'database-failed',
  late: 'database-no-answer',
  async inspect(subject) {
    try {
      const { rows } = await sql<{ standby: boolean; read_only: string }>`
        select pg_is_in_recovery() as standby, current_setting('transaction_read_only') as read_only`.execute(
        opened(subject).db,
      );
      const { standby, read_only } = rows[0]!;
      return { problem: null, readOnly: standby || read_only === 'on' };
    } catch (cause) {
      // A new connection reports the reason better than the broken one.
      const { database } = subject.config;
      const problem = database && (await whyNot(() => examineDatabase(database)));
      if (!problem) throw cause;
      return { problem, readOnly: false };
    }
  },
  judge({ problem, readOnly }) {
    if (!problem) return { 'database-read-only': readOnly };
    const { code, detail } = databaseVerdict(problem);
    return { [code]: detail };
  },
});

/** Returns why a database can't be opened, as a code of `databaseCheck` with its detail. */
export function databaseVerdict(problem: Problem) {
  return { code: unsafeCode(problem) ?? ('database-failed' as const), detail: problemDetail(problem) };
}

const unsafeCode = (problem: Problem) =>
  (Object.keys(UNSAFE) as (keyof typeof UNSAFE)[]).find((code) => code === problem.code);

async function whyNot(work: () => Promise<unknown>): Promise<Problem | null> {
  try {
    await work();
    return null;
  } catch (cause) {
    if (cause instanceof Problem) return cause;
    throw cause;
  }
}

/** Checks that the keys in the environment open the keyring, and whether those from before a rotation are still needed. */
export const keysCheck = check({
  name: 'keys',
  of: 'process',
  everyMs: 0,
  outcomes: {
    'keyring-failed': {
      level: 'stops',
      says: 'The keys of this server can’t be read or opened.',
      next: 'Check that ENCRYPTION_KEY and SECRET_KEY are those of this database (docs/prove/keys.md). Never make new ones for it.',
    },
    'rotation-open': {
      level: 'note',
      says: 'The keys are being rotated: the previous keys are still needed.',
      next: `Keep ENCRYPTION_KEY_PREVIOUS and SECRET_KEY_PREVIOUS set, and a copy of them, until \`${command('keys rotate')}\` and \`${command('backup rekey')}\` have finished.`,
    },
    'previous-keys-left': {
      level: 'note',
      says: 'The previous keys of a finished rotation are still set.',
      next: `After \`${command('backup rekey')}\`, remove ENCRYPTION_KEY_PREVIOUS and SECRET_KEY_PREVIOUS and start again.`,
    },
  },
  failed: 'keyring-failed',
  async inspect(subject) {
    const { db, keyring } = opened(subject);
    await keyring.refresh();
    const state = await readKeyState(db);
    return {
      open: state?.versions.some(({ state }) => state === 'incoming') ?? false,
      previous: subject.config.previousKeys !== null,
    };
  },
  judge: ({ open, previous }) => ({ 'rotation-open': open, 'previous-keys-left': previous && !open }),
});

/** Checks that our clock agrees with the database's, since certificates, sessions and the audit log are dated by ours. */
export const clockCheck = check({
  name: 'clock',
  of: 'process',
  everyMs: 0,
  outcomes: {
    'clock-wrong': {
      level: 'stops',
      says: 'The clock of this server differs from the database’s by more than five minutes.',
      next: 'Synchronise both by NTP (`timedatectl`), then start the server again.',
    },
    'clock-differs': {
      level: 'degrades',
      says: 'The clock of this server differs from the database’s by more than five seconds.',
      next: 'Synchronise both by NTP (`timedatectl`).',
    },
  },
  async inspect(subject) {
    const before = subject.now().getTime();
    const { rows } = await sql<{ theirs: Date }>`select clock_timestamp() as theirs`.execute(opened(subject).db);
    const ours = (before + subject.now().getTime()) / 2;
    return Math.abs(rows[0]!.theirs.getTime() - ours);
  },
  judge(apart) {
    const detail = `${Math.round(apart / 1000)} s`;
    if (apart > CLOCK_WRONG) return { 'clock-wrong': detail };
    return { 'clock-differs': apart > CLOCK_DIFFERS && detail };
  },
});

/** Checks the free space for logs, the embedded database and uploads. */
export const diskCheck = check({
  name: 'disk',
  of: 'process',
  everyMs: 0,
  withoutDatabase: true,
  outcomes: {
    'disk-full': {
      level: 'stops',
      says: 'Less than 100 MiB are free where the server keeps its files.',
      next: 'Free space, or give the server’s home a larger disk.',
    },
    'disk-low': {
      level: 'degrades',
      says: 'Less than 1 GiB is free where the server keeps its files.',
      next: 'Free space, or give the server’s home a larger disk.',
    },
  },
  async inspect({ config }) {
    const { bavail, bsize } = await statfs(config.home);
    return bavail * bsize;
  },
  judge(free) {
    const detail = `${Math.floor(free / MIB)} MiB free`;
    if (free < DISK_FULL) return { 'disk-full': detail };
    return { 'disk-low': free < DISK_LOW && detail };
  },
});

/** Checks whether a device's quarantine was full in the last day, so that events were not kept in full. */
export const quarantineCheck = check({
  name: 'quarantine',
  of: 'installation',
  everyMs: 0,
  outcomes: {
    [QUARANTINE_FULL]: {
      level: 'degrades',
      says: 'A kiosk has filled its quarantine: events of the last day were not kept in full.',
      next: `Run \`${command('sync quarantine list')}\` to see the kiosk and the reason.`,
    },
  },
  async inspect(subject) {
    const since = new Date(subject.now().getTime() - DAY_MS).toISOString();
    const { rows } = await sql<{ full: boolean }>`
      select exists (select 1 from quarantine where not_retained is not null and received_at > ${since}::timestamptz) as full`.execute(
      opened(subject).db,
    );
    return rows[0]!.full;
  },
  judge: (full) => ({ [QUARANTINE_FULL]: full }),
});

/** Checks for database settings that the server can run with but should not. */
export const databaseSettingsCheck = check({
  name: 'database-settings',
  of: 'process',
  everyMs: MINUTE_MS,
  outcomes: {
    ...UNSAFE,
    'database-newer': {
      level: 'stops',
      says: 'The database has the schema of a newer build, which this one can’t work with.',
      next: 'Start that build again, or restore the backup from before the update (docs/operate/upgrade.md).',
    },
    'schema-waits': {
      level: 'degrades',
      says: 'The database does not have the schema of this build yet.',
      next: 'Start this build’s server: it brings the database up to date.',
    },
    'embedded-database': {
      level: 'note',
      says: 'The embedded database is for evaluation: it is not safe against power loss, and only one process can use it.',
      next: 'Move to PostgreSQL before real use (docs/install/scaling.md).',
    },
    'database-not-durable': {
      level: 'degrades',
      says: 'A power cut can lose what the database has acknowledged.',
      next: 'Set fsync = on and synchronous_commit = on.',
    },
    'database-recycles-log': {
      level: 'degrades',
      says: 'The database recycles files of its write-ahead log, where the key of an erased person can remain.',
      next: 'Set wal_recycle = off and reload PostgreSQL.',
    },
    'database-rights-missing': {
      level: 'degrades',
      says: 'The server’s role lacks a right in its database: an update of the schema will fail.',
      next: 'Make it the owner of the database: ALTER DATABASE name OWNER TO role.',
    },
    'database-superuser': {
      level: 'note',
      says: 'The server’s role is a superuser of PostgreSQL, which it does not need.',
      next: 'Give it a role of its own that owns only its database.',
    },
  },
  async inspect(subject) {
    const { database } = subject.config;
    if (!database)
      return { embedded: true, unsafe: null, newer: null, waiting: 0, warnings: [], creates: true, superuser: false };
    let warnings: Awaited<ReturnType<typeof examineDatabase>> = [];
    const unsafe = await whyNot(async () => {
      warnings = await examineDatabase(database);
    });
    if (unsafe && !unsafeCode(unsafe)) throw unsafe;
    let waiting = 0;
    // A newer build may have changed the schema since this server started.
    const newer = await whyNot(async () => {
      waiting = (await readSchema(opened(subject).db)).waiting.length;
    });
    const { rows } = await sql<{ creates: boolean; superuser: boolean }>`
      select has_database_privilege(current_database(), 'CREATE') as creates,
             (select rolsuper from pg_roles where rolname = current_user) as superuser`.execute(opened(subject).db);
    return { embedded: false, unsafe, newer, waiting, warnings, ...rows[0]! };
  },
  judge: ({ embedded, unsafe, newer, waiting, warnings, creates, superuser }) => ({
    'database-newer': newer && problemDetail(newer),
    'schema-waits': waiting > 0 && `${waiting} of its steps are missing`,
    ...(unsafe && { [unsafeCode(unsafe)!]: problemDetail(unsafe) }),
    'embedded-database': embedded,
    ...Object.fromEntries(warnings.map(({ code, message }) => [code, message])),
    'database-rights-missing': !creates,
    'database-superuser': superuser,
  }),
});
