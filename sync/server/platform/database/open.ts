import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { pgcrypto } from '@electric-sql/pglite/contrib/pgcrypto';
import { Kysely, PGliteDialect, sql } from 'kysely';
import { v4 as uuid } from 'uuid';
import { Problem } from '../../../errors/problem.ts';
import { lockHome } from './lock.ts';
import { hasTable, migrate, readSchema } from './migrations.ts';
import { examine, type PoolState, postgresDialect } from './postgres.ts';
import { requireRestored } from './restoring.ts';
import { get, insertNew } from './rows.ts';
import type { Db, Tables } from './schema.ts';
import { localSignals, postgresSignals, type Signals } from './signals.ts';
import type { PostgresAddress } from './url.ts';

export interface OpenDatabase {
  readonly db: Db;
  /** Identity of this event log. Every ack contains it, and a restore from a backup creates a new one. */
  readonly logEpoch: string;
  /** `embedded`: PGlite, for one process. `postgres`: for any number of replicas. */
  readonly kind: 'embedded' | 'postgres';
  readonly signals: Signals;
  /** Warnings for the operator about the database's settings. */
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  /** Null for the embedded database, which has one connection. */
  pool(): PoolState | null;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** Null or absent for the embedded database in the server home. */
  readonly postgres?: PostgresAddress | null;
  readonly size?: number;
  /** Called for broken connections, which are replaced. */
  readonly onLost?: (cause: Error) => void;
  /**
   * Set by commands that run beside the server. They never migrate a server's schema, which older replicas may still need:
   * only starting a server of this build does. `existing`: refuses a database that contains no server. `any`: creates the
   * schema in an empty one.
   */
  readonly command?: 'existing' | 'any';
}

/**
 * Opens the server's database: PostgreSQL if configured, else the embedded one in the server home, under its lock. Migrates it
 * unless opened by a command. Opening the embedded database the first time takes seconds (PGlite's initdb). It is only for
 * evaluation, because PGlite runs without fsync: a power cut can lose acknowledged data.
 *
 * @throws Problem `server-missing` (with `existing`), `database-schema-waits`, `database-in-use`, `database-newer`,
 *   `database-restore-unfinished`, `migration-failed`, and what `examine` throws
 */
export async function openDatabase(home: string, options: OpenOptions = {}): Promise<OpenDatabase> {
  const { postgres, command, onLost = () => undefined } = options;
  if (!postgres && command === 'existing' && !existsSync(join(home, 'pglite', 'PG_VERSION')))
    throw serverMissing(`the folder ${home}`);
  const warnings = postgres ? await examine(postgres) : [EVALUATION];
  const { db, pool, close } = await connect(home, options);
  try {
    if (postgres && command === 'existing' && !(await holdsServer(db)))
      throw serverMissing(`the database ${postgres.database}`);
    await prepareSchema(db, command);
    await requireRestored(db);
    const logEpoch = await metaValue(db, 'log-epoch', uuid);
    const notify = (channel: string, payload: string) => sql`select pg_notify(${channel}, ${payload})`.execute(db);
    const signals = postgres ? postgresSignals(postgres, notify, onLost) : localSignals();
    return {
      db,
      logEpoch,
      kind: postgres ? 'postgres' : 'embedded',
      signals,
      warnings,
      pool,
      close: async () => {
        await signals.close();
        await close();
      },
    };
  } catch (cause) {
    await close();
    throw cause;
  }
}

const EVALUATION = {
  code: 'embedded-database',
  message: 'The embedded database is for evaluation: not safe against power loss, one server only.',
};

interface Connected {
  readonly db: Db;
  pool(): PoolState | null;
  close(): Promise<void>;
}

/** Opens a database without migrating it or writing to it, to fill an empty one (features/backup/restore.ts). */
export async function openBare(home: string, options: OpenOptions = {}): Promise<Omit<Connected, 'pool'>> {
  if (options.postgres) await examine(options.postgres);
  return connect(home, options);
}

async function connect(home: string, { postgres, onLost = () => undefined, size }: OpenOptions): Promise<Connected> {
  if (postgres) {
    const { dialect, pool } = postgresDialect(postgres, onLost, size);
    const db: Db = new Kysely<Tables>({ dialect });
    return { db, pool, close: () => db.destroy() };
  }
  const unlock = lockHome(home);
  try {
    const pglite = await PGlite.create({ dataDir: join(home, 'pglite'), extensions: { pgcrypto } });
    // Deleted data must not survive in recycled files of the write-ahead log (features/privacy/erasure/scrub.ts).
    await pglite.exec('set wal_recycle = off');
    const db: Db = new Kysely<Tables>({ dialect: new PGliteDialect({ pglite }) });
    return { db, pool: () => null, close: () => db.destroy().finally(unlock) };
  } catch (cause) {
    unlock();
    throw cause;
  }
}

/** Migrates the schema, or checks it for a command. @throws Problem `database-schema-waits`, and as `migrate` and `readSchema` */
async function prepareSchema(db: Db, command: OpenOptions['command']): Promise<void> {
  if (command === undefined || !(await holdsServer(db))) return migrate(db);
  const { waiting } = await readSchema(db);
  if (waiting.length > 0) throw new Problem('database-schema-waits', { steps: waiting.join(', ') });
}

/** Whether a server was ever started on this database or restored into it. */
export async function holdsServer(db: Db): Promise<boolean> {
  if (!(await hasTable(db, 'keyring.server_key'))) return false;
  return (await db.selectFrom('keyring.server_key').select('serial').limit(1).execute()).length > 0;
}

const serverMissing = (where: string) => new Problem('server-missing', { where });

async function metaValue(db: Db, key: string, make: () => string): Promise<string> {
  await insertNew(db, 'meta', { key, value: make() });
  return (await get(db, 'meta', { key }, ['value'])).value;
}
