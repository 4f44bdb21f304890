import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Db, Tx } from './schema.ts';

/** Times a transaction is tried in all before its conflict goes to the caller. */
const TRIES = 6;
/** Longest first pause; it doubles with each try, ms. */
const FIRST_PAUSE_MS = 20;

/** serialization_failure, deadlock_detected: nothing happened, and the same statements may succeed. */
const CONFLICTS = new Set(['40001', '40P01']);

export function isConflict(cause: unknown): boolean {
  return CONFLICTS.has((cause as { code?: string } | null)?.code ?? '');
}

/** Takes a statement that is under way, as the last one of its transaction: COMMIT follows it without waiting for its answer. */
export type Last = (statement: Promise<unknown>) => void;

/**
 * Runs `work` in one transaction (READ COMMITTED), and again when it lost against another one. `work` must do nothing
 * outside the database. Called inside a transaction it is a part of that one, which as a whole is tried again; what it
 * did is undone alone when it fails and the caller goes on.
 *
 * @throws what `work` throws; a conflict only after the last try
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

/** @throws what the last statement failed with, before the COMMIT that then became a ROLLBACK */
async function inOne<T>(db: Db, work: (tx: Tx, last: Last) => Promise<T>): Promise<T> {
  let ended: Promise<unknown> | undefined;
  const transaction = db.transaction().execute(async (tx) => {
    const result = await work(tx, (statement) => {
      ended = statement;
      statement.catch(() => undefined); // awaited below
    });
    // A statement that can't be sent doesn't end the transaction in the database: it has failed by the next turn of the event loop.
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
