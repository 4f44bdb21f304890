import { sql } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import { askServer } from '../../core/operator/socket.ts';
import { VERIFIED } from '../../features/backup/verify.ts';
import { SERVER_BUILD } from '../../platform/build-name.ts';
import { MIGRATIONS, schemaOf } from '../../platform/database/migrations.ts';
import { openBare } from '../../platform/database/open.ts';
import type { Db } from '../../platform/database/schema.ts';
import { knownReplicas, runningReplicas } from '../../platform/keys/versions.ts';
import { readConfig } from '../config.ts';

/** What an update has to know of a build and of an installation. Nothing is migrated, and nothing written. */

/** What a build is, as it says itself. */
export interface BuildFacts {
  readonly build: string;
  /** Steps of its schema, in order. `expands`: builds before it can go on afterwards. */
  readonly migrations: readonly { readonly name: string; readonly expands: boolean }[];
}

export const thisBuild = (): BuildFacts => ({
  build: SERVER_BUILD,
  migrations: Object.entries(MIGRATIONS)
    .map(([name, { expands = false }]) => ({ name, expands }))
    .sort((a, b) => (a.name < b.name ? -1 : 1)),
});

/** What there is now. */
export interface InstallationFacts {
  /** Migrations that the database has had; and the one that a build has to know to work with it. */
  readonly applied: readonly string[];
  readonly leastReader: string | null;
  /** Servers that run on it. */
  readonly replicas: readonly {
    readonly name: string;
    readonly build: string | null;
    readonly schema: string | null;
  }[];
  /** ISO times; null: there is none. */
  readonly backupAt: string | null;
  readonly verifiedAt: string | null;
}

/** @throws Problem `bad-configuration`, and of openBare: the database is out of reach */
export async function installationFacts(env: Readonly<Record<string, string | undefined>>): Promise<InstallationFacts> {
  const config = readConfig(env);
  let database: Awaited<ReturnType<typeof openBare>>;
  try {
    database = await openBare(config.home, { postgres: config.database, size: 2 });
  } catch (cause) {
    if (!(cause instanceof Problem && cause.code === 'database-in-use')) throw cause;
    return (await askServer(config.home, 'upgrade facts', {})) as InstallationFacts;
  }
  try {
    return await factsOf(database.db);
  } finally {
    await database.close();
  }
}

export async function factsOf(db: Db): Promise<InstallationFacts> {
  const facts = await schemaOf(db);
  const { applied } = facts;
  if (applied.length === 0) return { ...facts, replicas: [], backupAt: null, verifiedAt: null };
  const { rows } = await sql<{ taken: Date | null; verified: string | null }>`
    select (select max(taken_at) from backup) as taken,
           (select value from meta where key = ${VERIFIED}) as verified`.execute(db);
  return {
    ...facts,
    replicas: runningReplicas(await knownReplicas(db)).map(({ name, build, schema }) => ({ name, build, schema })),
    backupAt: rows[0]!.taken?.toISOString() ?? null,
    verifiedAt: rows[0]!.verified,
  };
}
