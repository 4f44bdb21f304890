import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Db, Tx } from './schema.ts';

/** Attempts per transaction before a conflict is thrown. */
const TRIES = 6;
/** Upper limit of the first random pause, ms. It doubles with each attempt. */
const FIRST_PAUSE_MS = 20;

/** serialization_failure, deadlock_detected: nothing was changed, and the same statements may succeed if repeated. */
const CONFLICTS = new Set(['40001', '40P01']);

export function isConflict(cause: unknown): boolean {
  return CONFLICTS.has((cause as { code?: string } | null)?.code ?? '');
}

/** Registers a running statement as the last one of its transaction: COMMIT is sent without waiting for its result. */
export type Last = (statement: Promise<unknown>) => void;

/**
 * Runs `work` in one transaction (READ COMMITTED), and repeats it after a conflict with another one. `work` must have no
 * effects outside the database. Inside a transaction it becomes part of that one, which is repeated as a whole. If `work`
 * fails there, only its own changes are undone, so the caller may continue.
 *
 * @throws what `work` throws; a conflict only after the last attempt
 */
export async function inTransaction<T>(
  db: Db,
  work: (tx: Tx, last: Last) => Promise<T>,
  { tries = TRIES, random = Math.random }: { tries?: number; random?: () => number } = {},
): Promise<T> {
  if (db.isTransaction) return inSavepoint(db as Tx, work);
  for (let attempt = 1; ; attempt++) {
    try {
      return await inOne(db, work);
    } catch (cause) {
      if (attempt >= tries || !isConflict(cause)) throw cause;
      await sleep(random() * FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }
}

/** @throws the last statement's error rather than that of the COMMIT, which then became a ROLLBACK */
async function inOne<T>(db: Db, work: (tx: Tx, last: Last) => Promise<T>): Promise<T> {
  let ended: Promise<unknown> | undefined;
  const transaction = db.transaction().execute(async (tx) => {
    const result = await work(tx, (statement) => {
      ended = statement;
      statement.catch(() => undefined); // awaited below
    });
    // A statement that couldn't even be sent doesn't abort the transaction. It fails by the next turn of the event loop.
    if (ended) await Promise.race([ended, nextTurn()]);
    return result;
  });
  const [result] = await Promise.allSettled([transaction]);
  await ended;
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}

async function inSavepoint<T>(tx: Tx, work: (tx: Tx, last: Last) => Promise<T>): Promise<T> {
  await sql`savepoint part`.execute(tx);
  try {
    let ended: Promise<unknown> | undefined;
    const result = await work(tx, (statement) => {
      ended = statement;
      statement.catch(() => undefined); // awaited below
    });
    await ended;
    await sql`release savepoint part`.execute(tx);
    return result;
  } catch (cause) {
    await sql`rollback to savepoint part`.execute(tx);
    throw cause;
  }
}
