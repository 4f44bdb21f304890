import { type Kysely, type Migration, Migrator, sql } from 'kysely';
import { Problem } from '../../protocol/wire/problem.ts';
import type { Db } from './schema.ts';

/**
 * Numbered and forward only; each runs once, all that are due in one transaction, under PostgreSQL's advisory lock, so
 * that replicas starting together do not meet. Never edit one that was released: add the next.
 */
const MIGRATIONS: Record<string, Migration> = {
  '0001-first-slice': {
    async up(db: Kysely<unknown>) {
      for (const statement of FIRST_SLICE) await sql.raw(statement).execute(db);
    },
  },
};

const FIRST_SLICE = [
  `create extension if not exists pgcrypto`,
  `create table meta (key text primary key, value text not null)`,
  `create table device (
     id uuid primary key,
     name text not null,
     status text not null check (status in ('pending', 'approved', 'revoked')),
     ed25519 text not null,
     x25519 text not null,
     tls_key_hash text not null,
     registered_at timestamptz not null,
     last_heard_at timestamptz)`,
  `create table event (
     device uuid not null references device (id),
     epoch uuid not null,
     seq bigint not null check (seq > 0),
     id uuid not null unique,
     type text not null,
     at timestamptz not null,
     received_at timestamptz not null,
     header jsonb not null,
     header_hash text not null,
     chain text not null check (chain in ('whole', 'unverified', 'broken')),
     person uuid,
     personal bytea,
     primary key (device, epoch, seq))`,
  `create index event_person on event (person) where person is not null`,
  `create sequence feed_change`,
  `create table person (
     id uuid primary key,
     name bytea,
     number bytea,
     language bytea,
     row_version integer not null,
     updated_at timestamptz not null,
     deleted_at timestamptz)`,
  `create table checkin (
     id uuid primary key,
     device uuid not null references device (id),
     at timestamptz not null,
     received_at timestamptz not null,
     direction text not null check (direction in ('in', 'out')),
     method text not null,
     liveness text not null,
     person uuid,
     change bigint not null)`,
  `create unique index checkin_change on checkin (change)`,
  `create index checkin_at on checkin (at)`,
  `create index checkin_person on checkin (person, at) where person is not null`,
  `create table checkin_void (
     target uuid not null,
     device uuid not null references device (id),
     event uuid not null,
     reason text not null,
     at timestamptz not null,
     primary key (target, device))`,
  `create table ack_mark (
     device uuid not null references device (id),
     epoch uuid not null,
     committed bigint not null,
     safe bigint not null check (safe <= committed),
     updated_at timestamptz not null,
     primary key (device, epoch))`,
  `create table quarantine (
     id bigint generated always as identity primary key,
     device uuid not null references device (id),
     epoch uuid not null,
     seq bigint not null check (seq > 0),
     digest text not null,
     reason text not null,
     content bytea not null,
     received_at timestamptz not null,
     unique (device, epoch, seq, digest))`,
  `create table admin_link (
     hash bytea primary key,
     created_at timestamptz not null,
     expires_at timestamptz not null,
     used_at timestamptz)`,
  `create table session (
     hash bytea primary key,
     created_at timestamptz not null,
     expires_at timestamptz not null)`,
];

/** @throws Problem `database-newer` (made by a newer build; nothing was touched), `migration-failed` (rolled back) */
export async function migrate(db: Db): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const applied = (await appliedMigrations(db)).filter((name) => !(name in MIGRATIONS));
  if (applied.length > 0) {
    throw new Problem(
      'database-newer',
      `The database was changed by a newer build (${applied.join(', ')}).`,
      'Start that build, or restore the backup from before the update.',
    );
  }
  const { error } = await migrator.migrateToLatest();
  if (error)
    throw new Problem(
      'migration-failed',
      'A migration failed and was rolled back.',
      'Keep the data folder as it is and report the log.',
      { cause: error },
    );
}

async function appliedMigrations(db: Db): Promise<string[]> {
  const { rows: there } = await sql<{
    there: boolean;
  }>`select to_regclass('kysely_migration') is not null as there`.execute(db);
  if (!there[0]?.there) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map((r) => r.name);
}
