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

/** `expands`: only adds what older builds don't need, so they can keep running and an update can be reverted. */
type ServerMigration = Migration & { readonly expands?: true };

/** A migration of plain SQL statements, run in order in the migrator's transaction. */
function statements(list: readonly string[]): ServerMigration {
  return {
    async up(db: Kysely<unknown>) {
      for (const statement of list) await sql.raw(statement).execute(db);
    },
  };
}

/**
 * Numbered and forward only. Each runs once. All that are due run in one transaction under PostgreSQL's advisory lock, so
 * that replicas starting together don't collide. Never edit a released one: add another.
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

/** Names of this build's migrations, in order. */
export const knownMigrations = (): string[] => Object.keys(MIGRATIONS).sort();

/** Key in `meta` of the newest migration whose schema no older build can work with. */
const LEAST_READER = 'least-reader';

/**
 * Migrates the database.
 *
 * @param to the last migration to run; default: all
 * @throws Problem `database-newer` (written by a newer build; nothing was changed), `migration-failed` (rolled back)
 */
export async function migrate(db: Db, to?: string): Promise<void> {
  // A newer build has added something that this build doesn't need, so there is nothing to migrate.
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
  /** Migrations of this build that were not applied to the database yet. */
  readonly waiting: readonly string[];
  /** Migrations of a newer build that this one can work with. */
  readonly newer: readonly string[];
}

/** Compares the database's migrations with this build's. @throws Problem `database-newer` */
export async function readSchema(db: Db): Promise<Schema> {
  const { applied, leastReader: least } = await schemaOf(db);
  const waiting = knownMigrations().filter((name) => !applied.includes(name));
  const newer = applied.filter((name) => !(name in MIGRATIONS));
  if (newer.length > 0 && (waiting.length > 0 || least === null || !(least in MIGRATIONS)))
    throw new Problem('database-newer', { migrations: newer.join(', ') });
  return { waiting, newer };
}

/** Returns what was applied to the database, by any build. */
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

/** Names of the migrations applied to the database, in order. Empty for a new database. */
export async function appliedMigrations(db: Db): Promise<string[]> {
  if (!(await hasTable(db, 'kysely_migration'))) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map((r) => r.name);
}
