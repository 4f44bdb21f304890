import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { pgcrypto } from '@electric-sql/pglite/contrib/pgcrypto';
import { Kysely } from 'kysely';
import { v4 as uuid } from 'uuid';
import { lockHome } from './lock.ts';
import { migrate } from './migrations.ts';
import { pgliteDialect } from './pglite-dialect.ts';
import type { Db, Tables } from './schema.ts';

export interface OpenDatabase {
  readonly db: Db;
  /** Identity of this log of events: a restore from a backup makes a new one, and every ack carries it. */
  readonly logEpoch: string;
  close(): Promise<void>;
}

/**
 * Opens the embedded database of a server home under its lock, and brings it up to date. The first opening takes seconds
 * (PGlite's initdb). For evaluation: PGlite runs without fsync, so a power cut can lose what was acknowledged.
 *
 * @throws Problem `database-in-use`, `database-newer`, `migration-failed`
 */
export async function openDatabase(home: string): Promise<OpenDatabase> {
  const unlock = lockHome(home);
  let db: Db | null = null;
  try {
    const pglite = await PGlite.create({ dataDir: join(home, 'pglite'), extensions: { pgcrypto } });
    db = new Kysely<Tables>({ dialect: pgliteDialect(pglite) });
    await migrate(db);
    return {
      db,
      logEpoch: await metaValue(db, 'log-epoch', uuid),
      close: async () => {
        await db?.destroy();
        unlock();
      },
    };
  } catch (cause) {
    await db?.destroy();
    unlock();
    throw cause;
  }
}

async function metaValue(db: Db, key: string, make: () => string): Promise<string> {
  await db
    .insertInto('meta')
    .values({ key, value: make() })
    .onConflict((c) => c.doNothing())
    .execute();
  return (await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirstOrThrow()).value;
}
