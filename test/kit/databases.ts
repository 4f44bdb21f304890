import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { type OpenDatabase, openBare, openDatabase } from '../../sync/server/platform/database/open.ts';
import { postgresUnavailable, startPostgres, type TestPostgres } from '../services/postgres.ts';
import { serverHome } from './folder.ts';

export interface TestDatabase {
  readonly name: 'PGlite' | 'PostgreSQL';
  /** Null if it can run here; otherwise why its tests are skipped. */
  readonly unavailable: string | null;
  /** Starts it with an empty database. `open` may be called repeatedly, as after a restart of the server. */
  start(): Promise<{
    open(): Promise<OpenDatabase>;
    /** Opens it without migrating. */
    bare(): ReturnType<typeof openBare>;
    /** Its URL or its folder, for another process that opens it. */
    readonly where: string;
    /** Folder with every file in which the database stores its rows. */
    readonly files: string;
    readonly postgres: TestPostgres | null;
    remove(): Promise<void>;
  }>;
}

const unavailable = postgresUnavailable();
if (unavailable) console.log(unavailable);

/** The two databases that the server supports, for `describe.each`: the same tests and the same code. */
export const DATABASES: readonly TestDatabase[] = [
  {
    name: 'PGlite',
    unavailable: null,
    async start() {
      const home = await serverHome();
      return {
        open: () => openDatabase(home.path),
        bare: () => openBare(home.path),
        where: home.path,
        files: home.path,
        postgres: null,
        remove: async () => home.remove(),
      };
    },
  },
  {
    name: 'PostgreSQL',
    unavailable,
    async start() {
      const postgres = await startPostgres();
      const database = `t${randomBytes(4).toString('hex')}`;
      return {
        open: () => openDatabase('/nonexistent', { postgres: postgres.address(database) }),
        bare: () => openBare('/nonexistent', { postgres: postgres.address(database) }),
        where: postgres.url(database),
        files: postgres.dataFolder,
        postgres,
        remove: () => postgres.remove(),
      };
    },
  },
];

/**
 * For long suites whose subject is in front of the database: PostgreSQL, or PGlite where there is none; both with
 * SMARTPRESENCE_TEST_DATABASES=both.
 */
export const ONE_DATABASE: readonly TestDatabase[] =
  process.env.SMARTPRESENCE_TEST_DATABASES === 'both'
    ? DATABASES
    : DATABASES.filter(({ name }) => name === (unavailable ? 'PGlite' : 'PostgreSQL'));

/** Empties every table except those that identify the database. Faster than creating a database for each test. */
export async function emptyTables({ db }: OpenDatabase): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname in ('public', 'keyring') and tablename not like 'kysely%'
      and tablename not in ('meta', 'identity', 'server_key', 'listener', 'key_version')`.execute(db);
  await sql.raw(`truncate ${rows.map((r) => r.name).join(', ')}`).execute(db);
  await sql`insert into change (tag, at, kind) values ('start', now(), 'start')`.execute(db);
}
