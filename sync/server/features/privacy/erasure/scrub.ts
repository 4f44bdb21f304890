import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { Problem } from '../../../../errors/problem.ts';
import type { Db } from '../../../platform/database/schema.ts';

/**
 * A deleted row is still on the disk: as a dead row of its table, and in the write-ahead log. Of everything that was held of
 * a person only their key matters there, since nothing opens without it. So the table of keys is rewritten, and what
 * the log held of the old one is waited out.
 */

export interface Scrubbed {
  /** The table of keys was rewritten, at this position of the write-ahead log. */
  readonly position: string;
}

/** How long the transactions that may still see the deleted rows are waited for, and the lock on the table of keys, ms. */
const WAIT_MS = 10_000;
const LOCK_MS = 5_000;

/**
 * Rewrites the table of person keys without its dead rows; it is locked for that long (about a second for 100,000
 * keys).
 *
 * @param others tables of the schema `keyring` of which the same is to be done
 * @throws Problem `database-busy`: another transaction, a backup say, still reads the database as it was; try again
 *   later
 */
export async function scrubKeys(db: Db, others: readonly string[] = []): Promise<Scrubbed> {
  await transactionsOfNow(db);
  await db.connection().execute(async (connection) => {
    await sql.raw(`set lock_timeout = ${LOCK_MS}`).execute(connection);
    try {
      for (const table of ['person_key', ...others])
        await sql`vacuum (full, freeze) ${sql.table(`keyring.${table}`)}`.execute(connection);
      // Blind indexes and values of the person's own row: nothing can open them, and nothing needs them.
      await sql`vacuum person`.execute(connection);
    } catch (cause) {
      if ((cause as { code?: string }).code === '55P03') throw busy(cause);
      throw cause;
    } finally {
      await sql`reset lock_timeout`.execute(connection);
    }
  });
  const { rows } = await sql<{ position: string }>`select pg_current_wal_insert_lsn()::text as position`.execute(db);
  return { position: rows[0]!.position };
}

/** Waits until every transaction that runs now has ended: what they see, a vacuum keeps. */
async function transactionsOfNow(db: Db): Promise<void> {
  const running = async () => {
    const { rows } = await sql<{ id: string }>`
      select virtualxid as id from pg_locks where locktype = 'virtualxid' and pid <> pg_backend_pid()`.execute(db);
    return new Set(rows.map((r) => r.id));
  };
  const then = await running();
  for (let waited = 0; ; waited += 100) {
    const now = await running();
    if (![...then].some((id) => now.has(id))) return;
    if (waited >= WAIT_MS) throw busy();
    await sleep(100);
  }
}

const busy = (cause?: unknown): Problem => new Problem('database-busy', { cause });

/** State of the write-ahead log up to a position. */
export interface WalState {
  /**
   * `gone`: the files that held it were removed; `recycled`: PostgreSQL uses them again, and what is in them goes with
   * their next use; `needed`: PostgreSQL still needs them for a restart; `unknown`: this role may not ask.
   */
  readonly state: 'removed' | 'recycled' | 'needed' | 'unknown';
  /** The database keeps a copy of its log elsewhere (archive_mode), for as long as its operator says. */
  readonly archived: boolean;
}

/** Bytes of log that one nudge writes at most: one segment. */
const SEGMENT = 16 * 1024 * 1024;

/**
 * Has PostgreSQL part with its log up to a position, as far as the role may: a new segment, and a checkpoint. Without the
 * right to either, a segment's worth of log is written, and the next checkpoint waited for.
 */
export async function partWithWal(db: Db, position: string): Promise<WalState> {
  const before = await walState(db, position);
  if (before.state !== 'needed') return before;
  await attempt(async () => {
    if (await mayCall(db, 'pg_switch_wal()')) await sql`select pg_switch_wal()`.execute(db);
    else if (await isInSegmentOf(db, position))
      // Not transactional and without meaning: it only fills the segment.
      await sql`select pg_logical_emit_message(false, 'smartpresence', repeat('0', ${SEGMENT}::int))`.execute(db);
  });
  await attempt(() => sql`checkpoint`.execute(db));
  return walState(db, position);
}

async function walState(db: Db, position: string): Promise<WalState> {
  const { rows } = await sql<{ archived: boolean; recycled: boolean }>`
    select current_setting('archive_mode') <> 'off' as archived,
           current_setting('wal_recycle') = 'on' as recycled`.execute(db);
  const { archived, recycled } = rows[0]!;
  try {
    const { rows: redo } = await sql<{ passed: boolean }>`
      select pg_walfile_name(redo_lsn) > pg_walfile_name(${position}::pg_lsn) as passed
      from pg_control_checkpoint()`.execute(db);
    if (!redo[0]!.passed) return { state: 'needed', archived };
    return { state: recycled ? 'recycled' : 'removed', archived };
  } catch (cause) {
    if ((cause as { code?: string }).code !== '42501') throw cause;
    return { state: 'unknown', archived };
  }
}

async function isInSegmentOf(db: Db, position: string): Promise<boolean> {
  const { rows } = await sql<{ same: boolean }>`
    select pg_walfile_name(pg_current_wal_insert_lsn()) = pg_walfile_name(${position}::pg_lsn) as same`.execute(db);
  return rows[0]!.same;
}

async function mayCall(db: Db, signature: string): Promise<boolean> {
  const { rows } = await sql<{ may: boolean }>`
    select has_function_privilege(${signature}, 'execute') as may`.execute(db);
  return rows[0]!.may;
}

/** What the role may not do is not done; whether it was enough, the state says. */
async function attempt(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if ((cause as { code?: string }).code !== '42501') throw cause;
  }
}
