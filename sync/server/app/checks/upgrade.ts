import { sql } from 'kysely';
import type { UpgradeFacts } from '../../../protocol/api/checks.ts';
import { VERIFIED } from '../../features/backup/verify.ts';
import { SERVER_BUILD } from '../../platform/build-name.ts';
import { MIGRATIONS, schemaOf } from '../../platform/database/migrations.ts';
import type { Db } from '../../platform/database/schema.ts';
import { knownReplicas, runningReplicas } from '../../platform/keys/versions.ts';

/** What an update needs to know about a build, and about the server to update. */

/** Facts about a build. */
export interface BuildFacts {
  readonly build: string;
  /** Migrations of its schema, in order. `expands`: earlier builds still work after it. */
  readonly migrations: readonly { readonly name: string; readonly expands: boolean }[];
}

export const thisBuild = (): BuildFacts => ({
  build: SERVER_BUILD,
  migrations: Object.entries(MIGRATIONS)
    .map(([name, { expands = false }]) => ({ name, expands }))
    .sort((a, b) => (a.name < b.name ? -1 : 1)),
});

export async function factsOf(db: Db): Promise<UpgradeFacts> {
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
