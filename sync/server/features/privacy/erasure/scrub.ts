import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { Problem } from '../../../../errors/problem.ts';
import type { Db } from '../../../platform/database/schema.ts';

/**
 * A deleted row is still on the disk: as a dead row of its table, and in the write-ahead log. Only the person's key matters
 * there, since nothing else can be decrypted without it. So the table of keys is rewritten, and the erasure waits until
 * the part of the log that held the key is no longer needed.
 */

export interface Scrubbed {
  /** The table of keys was rewritten, at this position of the write-ahead log. */
  readonly position: string;
}

/** How long to wait for transactions that may still see the deleted rows, and for the lock on the table of keys, ms. */
const WAIT_MS = 10_000;
const LOCK_MS = 5_000;

/**
 * Rewrites the table of person keys without its dead rows. The table is locked meanwhile (about a second for 100,000 keys).
 *
 * @param others more tables of the schema `keyring` to rewrite
 * @throws Problem `database-busy`: another transaction, such as a backup, still reads an older snapshot; try again later
 */
export async function scrubKeys(db: Db, others: readonly string[] = []): Promise<Scrubbed> {
  await transactionsOfNow(db);
  await db.connection().execute(async (connection) => {
    await sql.raw(`set lock_timeout = ${LOCK_MS}`).execute(connection);
    try {
      for (const table of ['person_key', ...others])
        await sql`vacuum (full, freeze) ${sql.table(`keyring.${table}`)}`.execute(connection);
      // Removes dead rows with blind indexes and encrypted values. Nothing can decrypt them, and nothing needs them.
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

/** Waits until every transaction that runs now has ended, since a vacuum keeps the rows that they can see. */
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
   * `removed`: the files that held it were removed; `recycled`: PostgreSQL reuses the files, which overwrites their
   * content; `needed`: PostgreSQL still needs them for a restart; `unknown`: this role may not ask.
   */
  readonly state: 'removed' | 'recycled' | 'needed' | 'unknown';
  /** Whether the database also archives its log (archive_mode). Its operator decides for how long. */
  readonly archived: boolean;
}

/** Size of a WAL segment, bytes: the most that is written to fill one. */
const SEGMENT = 16 * 1024 * 1024;

/**
 * Makes PostgreSQL release its log up to a position, as far as the role may: switches to a new segment and runs a checkpoint.
 * Without the right to switch, it fills the segment; without the right to a checkpoint, the next regular one has to do.
 */
export async function partWithWal(db: Db, position: string): Promise<WalState> {
  const before = await walState(db, position);
  if (before.state !== 'needed') return before;
  await attempt(async () => {
    if (await mayCall(db, 'pg_switch_wal()')) await sql`select pg_switch_wal()`.execute(db);
    else if (await isInSegmentOf(db, position))
      // A non-transactional message without meaning. It only fills the segment.
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

/** Runs `work` and ignores missing privileges. The state tells whether it was enough. */
async function attempt(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if ((cause as { code?: string }).code !== '42501') throw cause;
  }
}
