import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { type Dialect, PostgresDialect } from 'kysely';
import pg from 'pg';
import { Problem } from '../../../errors/problem.ts';
import { reasonOf } from '../../../errors/reason.ts';
import type { PostgresAddress } from './url.ts';

/** Connections per server process. PostgreSQL's default limit is 100, which several replicas share. */
const POOL = 10;
const CONNECT_MS = 10_000;
/** The database ends a transaction idle for this long, ms: it would hold its row locks and the live feed's horizon. */
const IDLE_IN_TRANSACTION_MS = 60_000;
/** Oldest supported version: 15, which Debian 12 has and the tests use. */
const OLDEST = 150_000;

/**
 * Returns connection settings that require TLS 1.3, trust only this CA and check the host name.
 *
 * @throws Problem `database-ca-unreadable`
 */
export function connectionOf(address: PostgresAddress): pg.ClientConfig {
  const { host, port, database, user, password, caFile, client } = address;
  const ssl: ConnectionOptions = { ca: pemOf(caFile), minVersion: 'TLSv1.3', rejectUnauthorized: true };
  if (client) Object.assign(ssl, { cert: pemOf(client.certFile), key: pemOf(client.keyFile) });
  return {
    host,
    port,
    database,
    user,
    ...(password ? { password: Buffer.from(password.reveal()).toString('utf8') } : {}),
    ssl,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    application_name: 'smartpresence',
    types: { getTypeParser: parserOf as typeof pg.types.getTypeParser },
  };
}

/** Number of connections, of idle ones, and of queries waiting for one. */
export interface PoolState {
  readonly total: number;
  readonly idle: number;
  readonly waiting: number;
}

/** Creates a pool. @param onLost called for idle connections that broke; the pool replaces them */
export function postgresDialect(
  address: PostgresAddress,
  onLost: (cause: Error) => void,
  size: number = POOL,
): { dialect: Dialect; pool: () => PoolState } {
  // Statements that don't wait for one another are sent together (`Last`).
  const pool = new pg.Pool({ ...connectionOf(address), max: size, pipeline: true });
  // Without a listener, a restart of the database would crash this process.
  pool.on('error', onLost);
  // The pool only listens to idle connections. A connection in use fails its query and also emits `error`.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return {
    dialect: new PostgresDialect({ pool }),
    pool: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
  };
}

export interface DatabaseWarning {
  readonly code: 'database-not-durable' | 'database-recycles-log';
  readonly message: string;
}

/**
 * Connects once and checks the database server, so that a wrong setting is reported clearly at start.
 *
 * @returns warnings about settings that are accepted but not recommended
 * @throws Problem `database-tls-refused`, `database-unreachable`, `database-denied`, `database-missing`, `database-too-old`,
 *   `database-logs-parameters`
 */
export async function examine(address: PostgresAddress): Promise<DatabaseWarning[]> {
  const client = new pg.Client(connectionOf(address));
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{
      version: string;
      fsync: string;
      commit: string;
      recycles: boolean;
      tls: string | null;
    }>(
      `select current_setting('server_version_num') as version, current_setting('fsync') as fsync,
              current_setting('synchronous_commit') as commit, current_setting('wal_recycle') = 'on' as recycles,
              (select version from pg_stat_ssl where pid = pg_backend_pid()) as tls`,
    );
    const { version, fsync, commit, recycles, tls } = rows[0]!;
    if (Number(version) < OLDEST) throw new Problem('database-too-old', { version });
    // Null behind a pooler that terminates TLS. Our connection to the pooler is checked by the handshake.
    if (tls !== null && tls !== 'TLSv1.3') throw tlsRefused(`the server speaks ${tls}`);
    const logs = await client.query<LogSettings>(
      `select ${LOG_SETTINGS.map((name) => `current_setting('${name}', true) as "${name}"`).join(', ')}`,
    );
    const wrong = loggedParameters(logs.rows[0]!);
    if (wrong.length > 0) throw new Problem('database-logs-parameters', { settings: wrong.join('; ') });
    return [
      ...(fsync === 'off' || commit === 'off'
        ? [
            {
              code: 'database-not-durable' as const,
              message: `The database runs with fsync=${fsync}, synchronous_commit=${commit}: a power cut can lose what was acknowledged.`,
            },
          ]
        : []),
      ...(recycles
        ? [
            {
              code: 'database-recycles-log' as const,
              message:
                'The database recycles files of its write-ahead log (wal_recycle=on): the key of an erased person can stay in them until they are overwritten. Set wal_recycle = off.',
            },
          ]
        : []),
    ];
  } catch (cause) {
    throw databaseProblem(cause);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** OpenSSL's and Node's error codes for a certificate or protocol version that we don't accept. */
const TLS_CODE =
  /^(ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)|EPROTO/;

/** Converts the error of a failed connection to a problem that the operator understands. */
export function databaseProblem(cause: unknown): Problem {
  if (cause instanceof Problem) return cause;
  const { code, message } = cause as { code?: string; message: string };
  if (code && TLS_CODE.test(code)) return tlsRefused(code === 'EPROTO' ? message : `${code}: ${message}`, cause);
  if (/does not support SSL/.test(message)) return tlsRefused('the server has TLS off', cause);
  if (code === '28P01' || code === '28000') return new Problem('database-denied', { cause });
  if (code === '3D000') return new Problem('database-missing', { cause });
  return new Problem('database-unreachable', { reason: reasonOf(cause) ?? message, cause });
}

const tlsRefused = (why: string, cause?: unknown): Problem =>
  new Problem('database-tls-refused', { reason: why, cause });

function pemOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Problem('database-ca-unreadable', { path, reason: String((cause as NodeJS.ErrnoException).code), cause });
  }
}

const INT8 = 20;
const TIMESTAMPTZ = 1184;

/** Parses bigint as PGlite does: a number if it is exact, else a BigInt. Other types as in pg, but timestamps faster. */
function parserOf(oid: number, format?: 'text' | 'binary'): unknown {
  const usual = pg.types.getTypeParser(oid, format as 'text') as (text: string) => unknown;
  if (format === 'binary') return usual;
  if (oid === INT8) return int8;
  if (oid === TIMESTAMPTZ) return (text: string) => instant(text) ?? usual(text);
  return usual;
}

function int8(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

/** `2026-03-02 07:58:01.123+00`, as nearly all times are. pg's own parser takes ten times as long, and a board has thousands. */
const UTC = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,3})?\+00$/;

function instant(text: string): Date | null {
  return UTC.test(text) ? new Date(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`) : null;
}

/**
 * Settings with which PostgreSQL writes bind parameters to its log. These contain personal data and pgcrypto's pass phrase.
 * Pure.
 */

/** Read with `current_setting(name, true)`: the value for our role and database, or null if there is no such setting. */
const LOG_SETTINGS = [
  'log_statement',
  'log_min_duration_statement',
  'log_min_duration_sample',
  'log_statement_sample_rate',
  'log_transaction_sample_rate',
  'log_parameter_max_length',
  'log_parameter_max_length_on_error',
  'debug_print_parse',
  'debug_print_rewritten',
  'debug_print_plan',
  'auto_explain.log_min_duration',
  'pgaudit.log_parameter',
] as const;
export type LogSettings = Readonly<Partial<Record<(typeof LOG_SETTINGS)[number], string | null>>>;

const off = (value: string | null | undefined) => value === undefined || value === null || value === '-1';
const on = (value: string | null | undefined) => value === 'on';
const positive = (value: string | null | undefined) => Number(value ?? 0) > 0;

/** @returns the settings to change, one per line. Empty if no parameters are logged */
export function loggedParameters(s: LogSettings): string[] {
  const wrong: string[] = [];
  // Since PostgreSQL 13, this setting alone keeps parameters out of logged statements.
  if (s.log_parameter_max_length !== '0') {
    const hint = 'or log_parameter_max_length = 0';
    if (s.log_statement === 'mod' || s.log_statement === 'all') wrong.push(`log_statement = none, ${hint}`);
    if (!off(s.log_min_duration_statement)) wrong.push(`log_min_duration_statement = -1, ${hint}`);
    if (!off(s.log_min_duration_sample) && positive(s.log_statement_sample_rate))
      wrong.push(`log_min_duration_sample = -1, ${hint}`);
    if (positive(s.log_transaction_sample_rate)) wrong.push(`log_transaction_sample_rate = 0, ${hint}`);
  }
  if (s.log_parameter_max_length_on_error !== undefined && s.log_parameter_max_length_on_error !== '0')
    wrong.push('log_parameter_max_length_on_error = 0');
  for (const name of ['debug_print_parse', 'debug_print_rewritten', 'debug_print_plan'] as const)
    if (on(s[name])) wrong.push(`${name} = off`);
  // Its plans contain the values, even if the parameters are not logged.
  if (!off(s['auto_explain.log_min_duration'])) wrong.push('auto_explain.log_min_duration = -1');
  if (on(s['pgaudit.log_parameter'])) wrong.push('pgaudit.log_parameter = off');
  return wrong;
}
