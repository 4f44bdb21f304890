import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { Problem } from '../../../errors/problem.ts';
import { accounts } from './baseline/accounts.ts';
import { attendance } from './baseline/attendance.ts';
import { devices } from './baseline/devices.ts';
import { enrolment } from './baseline/enrolment.ts';
import { fleet } from './baseline/fleet.ts';
import { keyring } from './baseline/keyring.ts';
import { people } from './baseline/people.ts';
import { privacy } from './baseline/privacy.ts';
import { server } from './baseline/server.ts';
import { sites } from './baseline/sites.ts';
import { find, upsert } from './rows.ts';
import type { Db } from './schema.ts';

/** `expands`: it only adds what builds before it do without, so that they can go on, and an update can be taken back. */
type ServerMigration = Migration & { readonly expands?: true };

/** A migration of plain SQL statements, run in order inside the migrator's one transaction. */
function statements(list: readonly string[]): ServerMigration {
  return {
    async up(db: Kysely<unknown>) {
      for (const statement of list) await sql.raw(statement).execute(db);
    },
  };
}

/**
 * Numbered and forward only; each runs once, all that are due in one transaction, under PostgreSQL's advisory lock, so
 * that replicas starting together do not meet. Never edit one that was released: add the next.
 */
export const MIGRATIONS: Record<string, ServerMigration> = {
  '0001-baseline': statements([
    'create extension if not exists pgcrypto',
    ...keyring,
    ...server,
    ...sites,
    ...devices,
    ...people,
    ...attendance,
    ...enrolment,
    ...accounts,
    ...privacy,
    ...fleet,
  ]),
};

/** Names of the migrations that this build knows, in order. */
export const knownMigrations = (): string[] => Object.keys(MIGRATIONS).sort();

/** Where in `meta` the newest migration is whose schema no older build can work with. */
const LEAST_READER = 'least-reader';

/**
 * @param to the last one to run; all by default
 * @throws Problem `database-newer` (made by a newer build; nothing was touched), `migration-failed` (rolled back)
 */
export async function migrate(db: Db, to?: string): Promise<void> {
  // A newer build has added something that does not concern this one, which continues and migrates nothing.
  if ((await readSchema(db)).newer.length > 0) return;
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await (to === undefined ? migrator.migrateToLatest() : migrator.migrateTo(to));
  if (error) throw new Problem('migration-failed', { cause: error });
  if (to === undefined) {
    const value = leastReader();
    await upsert(db, 'meta', 'key', { key: LEAST_READER, value }, { value });
  }
}

/** The newest migration of this build that older builds can't work with. */
const leastReader = (): string => knownMigrations().findLast((name) => !MIGRATIONS[name]!.expands)!;

export interface Schema {
  /** Migrations that this build knows and the database has not had. */
  readonly waiting: readonly string[];
  /** Migrations of a newer build that this one can work with. */
  readonly newer: readonly string[];
}

/** How the database stands to this build. @throws Problem `database-newer` */
export async function readSchema(db: Db): Promise<Schema> {
  const { applied, leastReader: least } = await schemaOf(db);
  const waiting = knownMigrations().filter((name) => !applied.includes(name));
  const newer = applied.filter((name) => !(name in MIGRATIONS));
  if (newer.length > 0 && (waiting.length > 0 || least === null || !(least in MIGRATIONS)))
    throw new Problem('database-newer', { migrations: newer.join(', ') });
  return { waiting, newer };
}

/** What was applied to the database, by whichever build. */
export async function schemaOf(
  db: Db,
): Promise<{ readonly applied: readonly string[]; readonly leastReader: string | null }> {
  const applied = await appliedMigrations(db);
  return { applied, leastReader: applied.length === 0 ? null : await leastReaderOf(db) };
}

async function leastReaderOf(db: Db): Promise<string | null> {
  if (!(await hasTable(db, 'meta'))) return null;
  const row = await find(db, 'meta', { key: LEAST_READER }, ['value']);
  return row?.value ?? null;
}

export async function hasTable(db: Db, name: string): Promise<boolean> {
  const { rows } = await sql<{ there: boolean }>`select to_regclass(${name}::text) is not null as there`.execute(db);
  return rows[0]!.there;
}

/** Names of the migrations that made it what it is, in order. Empty: a database that nothing was done to yet. */
export async function appliedMigrations(db: Db): Promise<string[]> {
  if (!(await hasTable(db, 'kysely_migration'))) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map((r) => r.name);
}
