import { sql } from 'kysely';
import { inTransaction } from '../database/retry.ts';
import { insert } from '../database/rows.ts';
import type { Db } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import { type Head, lockHead, rowAfter, type UnplacedRow } from './write.ts';

/** Most rows per statement. */
const MAX_ROWS = 100;

interface Waiting {
  readonly row: UnplacedRow;
  readonly written: () => void;
  readonly failed: (cause: unknown) => void;
}

/**
 * Appends the rows of reads, each of which changes nothing and so needs no transaction that includes its row. One statement at a
 * time per process: those that come meanwhile share the next one.
 */
class Reads {
  readonly #db: Db;
  readonly #keys: Keys;
  #waiting: Waiting[] = [];
  #writing = false;
  /** Of the chain as this process last wrote it. */
  #head: Head | null = null;

  constructor(db: Db, keys: Keys) {
    this.#db = db;
    this.#keys = keys;
  }

  /** Resolves once the row is committed. */
  append(row: UnplacedRow): Promise<void> {
    const { promise, resolve: written, reject: failed } = Promise.withResolvers<void>();
    this.#waiting.push({ row, written, failed });
    if (!this.#writing) void this.#writeAll();
    return promise;
  }

  async #writeAll(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const some = this.#waiting.splice(0, MAX_ROWS);
      try {
        await this.#write(some.map(({ row }) => row));
        for (const { written } of some) written();
      } catch (cause) {
        for (const { failed } of some) failed(cause);
      }
    }
    this.#writing = false;
  }

  async #write(rows: readonly UnplacedRow[]): Promise<void> {
    const head = this.#head;
    this.#head = null;
    this.#head = (head && (await this.#appendTo(head, rows))) ?? (await this.#appendLocked(rows));
  }

  /** Appends in one statement, without reading the head before. @returns the new head; null if the chain has gone on since */
  async #appendTo(head: Head, unplaced: readonly UnplacedRow[]): Promise<Head | null> {
    const { rows, last } = chained(head, unplaced);
    const { key, position, mac } = head;
    const { rows: answer } = await sql<{ appended: boolean }>`
      select audit_append(${JSON.stringify(rows, hexadecimal)}, ${key.version}, ${position}, ${mac}) as appended`.execute(
      this.#db,
    );
    return answer[0]!.appended ? last : null;
  }

  #appendLocked(unplaced: readonly UnplacedRow[]): Promise<Head> {
    return inTransaction(this.#db, async (tx) => {
      const { rows, last } = chained(await lockHead(tx, this.#keys, unplaced[0]!.now), unplaced);
      await insert(tx, 'audit', rows);
      return last;
    });
  }
}

function chained(head: Head, unplaced: readonly UnplacedRow[]) {
  let last = head;
  const rows = unplaced.map((one) => {
    const row = rowAfter(last, one);
    last = { key: head.key, position: row.position, mac: row.mac };
    return row;
  });
  return { rows, last };
}

/** Writes bytes as PostgreSQL reads them. Called by JSON.stringify, which has already converted a Buffer. */
function hexadecimal(this: Record<string, unknown>, name: string, value: unknown): unknown {
  const given = this[name];
  return given instanceof Uint8Array ? `\\x${Buffer.from(given).toString('hex')}` : value;
}

const logs = new WeakMap<Db, Reads>();

/** Appends the row of a read. @returns once it is committed: only then may the answer be given */
export function recordRead(db: Db, keys: Keys, row: UnplacedRow): Promise<void> {
  const log = logs.get(db) ?? new Reads(db, keys);
  logs.set(db, log);
  return log.append(row);
}
