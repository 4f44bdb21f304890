import { type Migration, Migrator, sql } from 'kysely';
import { Problem } from '../../protocol/wire/problem.ts';
import { firstSlice } from './migrations/0001-first-slice.ts';
import { attendance } from './migrations/0002-attendance.ts';
import { changes } from './migrations/0003-changes.ts';
import { identity } from './migrations/0004-identity.ts';
import { photos } from './migrations/0005-photos.ts';
import { mends } from './migrations/0006-mends.ts';
import { personKeys } from './migrations/0007-person-keys.ts';
import { audit } from './migrations/0008-audit.ts';
import { accounts } from './migrations/0009-accounts.ts';
import { api } from './migrations/0010-api.ts';
import { backup } from './migrations/0011-backup.ts';
import { erasure } from './migrations/0012-erasure.ts';
import { incidents } from './migrations/0013-incidents.ts';
import { quarantineRoom } from './migrations/0014-quarantine-room.ts';
import { keyRotation } from './migrations/0015-key-rotation.ts';
import { enrolment } from './migrations/0016-enrolment.ts';
import { keyringScrub } from './migrations/0017-keyring-scrub.ts';
import { importMap } from './migrations/0018-import-map.ts';
import { webhooks } from './migrations/0019-webhooks.ts';
import { credentials } from './migrations/0020-credentials.ts';
import { consoleTables } from './migrations/0021-console.ts';
import { told } from './migrations/0022-told.ts';
import { rollouts } from './migrations/0023-rollouts.ts';
import { fleet } from './migrations/0024-fleet.ts';
import { desk } from './migrations/0025-desk.ts';
import { complaints } from './migrations/0026-complaints.ts';
import { answerHeard } from './migrations/0027-answer-heard.ts';
import { kioskAlerts } from './migrations/0028-kiosk-alerts.ts';
import { oneRepeatWindow } from './migrations/0029-one-repeat-window.ts';
import { sharedPins } from './migrations/0030-shared-pins.ts';
import { peopleImport } from './migrations/0031-people-import.ts';
import { technicians } from './migrations/0032-technicians.ts';
import { rollCall } from './migrations/0033-roll-call.ts';
import { importLooks } from './migrations/0034-import-looks.ts';
import { siteTechnicians } from './migrations/0035-site-technicians.ts';
import { siteChanges } from './migrations/0036-site-changes.ts';
import { importModels } from './migrations/0037-import-models.ts';
import { authority } from './migrations/0038-authority.ts';
import { kioskStaff } from './migrations/0039-kiosk-staff.ts';
import { lookalikes } from './migrations/0040-lookalikes.ts';
import { emergencyWebhook } from './migrations/0041-emergency-webhook.ts';
import { checks } from './migrations/0042-checks.ts';
import { brokerReplicas } from './migrations/0043-broker-replicas.ts';
import type { Db } from './schema.ts';

/** `expands`: it only adds what builds before it do without, so that they can go on, and an update can be taken back. */
type ServerMigration = Migration & { readonly expands?: true };

/**
 * Numbered and forward only; each runs once, all that are due in one transaction, under PostgreSQL's advisory lock, so
 * that replicas starting together do not meet. Never edit one that was released: add the next.
 */
export const MIGRATIONS: Record<string, ServerMigration> = {
  '0001-first-slice': firstSlice,
  '0002-attendance': attendance,
  '0003-changes': changes,
  '0004-identity': identity,
  '0005-photos': photos,
  '0006-mends': mends,
  '0007-person-keys': personKeys,
  '0008-audit': audit,
  '0009-accounts': accounts,
  '0010-api': api,
  '0011-backup': backup,
  '0012-erasure': erasure,
  '0014-quarantine-room': quarantineRoom,
  '0015-key-rotation': keyRotation,
  '0013-incidents': incidents,
  '0016-enrolment': enrolment,
  '0017-keyring-scrub': keyringScrub,
  '0018-import-map': importMap,
  '0019-webhooks': webhooks,
  '0020-credentials': credentials,
  '0021-console': consoleTables,
  '0022-told': told,
  '0023-rollouts': rollouts,
  '0024-fleet': fleet,
  '0025-desk': desk,
  '0026-complaints': complaints,
  '0027-answer-heard': answerHeard,
  '0028-kiosk-alerts': kioskAlerts,
  '0029-one-repeat-window': oneRepeatWindow,
  '0030-shared-pins': sharedPins,
  '0031-people-import': peopleImport,
  '0032-technicians': technicians,
  '0033-roll-call': rollCall,
  '0034-import-looks': importLooks,
  '0035-site-technicians': siteTechnicians,
  '0036-site-changes': siteChanges,
  '0037-import-models': importModels,
  '0038-authority': authority,
  '0039-kiosk-staff': kioskStaff,
  '0040-lookalikes': lookalikes,
  '0041-emergency-webhook': emergencyWebhook,
  '0042-checks': { ...checks, expands: true },
  '0043-broker-replicas': { ...brokerReplicas, expands: true },
};

/** Names of what this build knows, in order. */
export const knownMigrations = (): string[] => Object.keys(MIGRATIONS).sort();

/** Where in `meta` the newest migration is whose schema no older build can work with. */
const LEAST_READER = 'least-reader';

/**
 * @param to the last one to run; all by default
 * @throws Problem `database-newer` (made by a newer build; nothing was touched), `migration-failed` (rolled back)
 */
export async function migrate(db: Db, to?: string): Promise<void> {
  // A newer build has added what does not concern this one, which goes on, and migrates nothing.
  if ((await readSchema(db)).newer.length > 0) return;
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await (to === undefined ? migrator.migrateToLatest() : migrator.migrateTo(to));
  if (error)
    throw new Problem(
      'migration-failed',
      'A migration failed and was rolled back.',
      'Keep the data folder as it is and report the log.',
      { cause: error },
    );
  if (to === undefined) {
    const value = leastReader();
    await db
      .insertInto('meta')
      .values({ key: LEAST_READER, value })
      .onConflict((c) => c.column('key').doUpdateSet({ value }))
      .execute();
  }
}

/** The newest migration of this build that older ones can't work with. */
const leastReader = (): string => knownMigrations().findLast((name) => !MIGRATIONS[name]!.expands)!;

export interface Schema {
  /** Migrations that this build knows and the database has not had. */
  readonly waiting: readonly string[];
  /** Migrations of a newer build, which this one can work with all the same. */
  readonly newer: readonly string[];
}

/** How the database stands to this build. @throws Problem `database-newer` */
export async function readSchema(db: Db): Promise<Schema> {
  const { applied, leastReader: least } = await schemaOf(db);
  const waiting = knownMigrations().filter((name) => !applied.includes(name));
  const newer = applied.filter((name) => !(name in MIGRATIONS));
  if (newer.length > 0 && (waiting.length > 0 || least === null || !(least in MIGRATIONS)))
    throw new Problem(
      'database-newer',
      `The database was changed by a newer build (${newer.join(', ')}).`,
      'Start that build, or restore the backup from before the update.',
    );
  return { waiting, newer };
}

/** What the database has had, whichever builds did it. */
export async function schemaOf(
  db: Db,
): Promise<{ readonly applied: readonly string[]; readonly leastReader: string | null }> {
  const applied = await appliedMigrations(db);
  return { applied, leastReader: applied.length === 0 ? null : await leastReaderOf(db) };
}

async function leastReaderOf(db: Db): Promise<string | null> {
  const { rows } = await sql<{ there: boolean }>`select to_regclass('meta') is not null as there`.execute(db);
  if (!rows[0]?.there) return null;
  const row = await db.selectFrom('meta').select('value').where('key', '=', LEAST_READER).executeTakeFirst();
  return row?.value ?? null;
}

async function appliedMigrations(db: Db): Promise<string[]> {
  const { rows: there } = await sql<{
    there: boolean;
  }>`select to_regclass('kysely_migration') is not null as there`.execute(db);
  if (!there[0]?.there) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map((r) => r.name);
}
