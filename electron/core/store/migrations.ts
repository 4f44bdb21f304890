import { Problem } from '../../../sync/errors/problem.ts';
import { BASELINE } from './baseline.ts';
import { asProblem, type Db } from './database.ts';

/**
 * Numbered, transactional, forward only. `minReader` is the oldest schema whose builds still work with the store after the
 * migration. Additive changes keep it, so the previous build still runs after an update was rolled back; a change that removes
 * something waits one release and raises it.
 */
export interface Migration {
  readonly schema: number;
  readonly minReader: number;
  readonly sql: string;
}

export const MIGRATIONS: readonly Migration[] = [{ schema: 1, minReader: 1, sql: BASELINE }];

/** The schema that this build creates and understands. */
export const SCHEMA = MIGRATIONS.at(-1)!.schema;

export function readMeta(db: Db, key: string): string | null {
  return (db.prepare('SELECT value FROM meta WHERE key = ?').pluck().get(key) as string | undefined) ?? null;
}

export function writeMeta(db: Db, key: string, value: string): void {
  db.prepare('INSERT INTO meta(key, value) VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value').run(
    key,
    value,
  );
}

/**
 * Migrates a store to the newest schema of `migrations`, each step in its own transaction. A store with a newer schema is left
 * unchanged if its `minReader` allows this build.
 *
 * @throws Problem `store-too-new`, `store-migration-failed`, `storage-full`; RangeError if the list itself is out of order
 */
export function migrate(db: Db, migrations: readonly Migration[] = MIGRATIONS): void {
  migrations.forEach((step, i) => {
    const previous = migrations[i - 1];
    if (
      step.schema !== (previous?.schema ?? 0) + 1 ||
      step.minReader > step.schema ||
      step.minReader < (previous?.minReader ?? 1)
    )
      throw new RangeError(`migration ${step.schema} is out of order`);
  });
  const newest = migrations.at(-1)!.schema;
  const tables = db.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'meta'").pluck().get() as number;
  const schema = tables ? Number(readMeta(db, 'schema')) : 0;
  const minReader = tables ? Number(readMeta(db, 'minReader')) : 0;
  if (minReader > newest) throw new Problem('store-too-new', { minReader, newest });
  // As SQLite recommends for rebuilding tables (lang_altertable.html): with foreign keys on, dropping a table that is recreated
  // also deletes rows of other tables, or is refused. The pragma has no effect inside a transaction.
  db.pragma('foreign_keys=OFF');
  try {
    for (const step of migrations) if (step.schema > schema) db.transaction(() => take(db, step))();
  } finally {
    db.pragma('foreign_keys=ON');
  }
}

/** Runs in the caller's transaction. */
function take(db: Db, step: Migration): void {
  if (step.schema === 1) db.exec('CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID');
  const broken = () => (db.pragma('foreign_key_check') as unknown[]).length;
  const before = broken();
  try {
    db.exec(step.sql);
    if (broken() > before) throw new Error('rows refer to rows that are no longer there');
  } catch (cause) {
    const problem = asProblem(cause);
    if (problem instanceof Problem) throw problem;
    throw new Problem('store-migration-failed', {
      schema: step.schema,
      reason: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
  writeMeta(db, 'schema', String(step.schema));
  writeMeta(db, 'minReader', String(step.minReader));
}
