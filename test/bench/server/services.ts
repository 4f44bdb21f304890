import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { readConfig } from '../../../sync/server/app/config.ts';
import { type RunningServer, startServer } from '../../../sync/server/app/server.ts';
import { upsertRows } from '../../../sync/server/core/people/rows.ts';
import { ensureDefaultSite } from '../../../sync/server/core/sites/sites.ts';
import type { Services } from '../../../sync/server/platform/access/route.ts';
import { openDatabase } from '../../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../../sync/server/platform/database/retry.ts';
import { openKeyring } from '../../../sync/server/platform/keys/keyring.ts';
import { keysOf } from '../../../sync/server/platform/keys/settings.ts';
import { temporaryFolder } from '../../kit/folder.ts';
import { unheard } from '../../kit/services.ts';
import { postgresUnavailable, startPostgres } from '../../services/postgres.ts';

/**
 * Makes a server's services on their own PostgreSQL. `serve` starts the server on the same database.
 * @param name of the database
 * @throws Error if PostgreSQL isn't available here
 */
export async function benchServices(name: string) {
  const missing = postgresUnavailable();
  if (missing) throw new Error(missing);
  const home = temporaryFolder();
  const postgres = await startPostgres({ settings: ['max_wal_size = 4GB', 'shared_buffers = 256MB'] });
  const closers: (() => unknown)[] = [home.remove, postgres.remove];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const config = readConfig({
      ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      SECRET_KEY: randomBytes(32).toString('base64'),
      SMARTPRESENCE_SERVER_HOME: home.path,
      SMARTPRESENCE_DATABASE_URL: postgres.url(name),
      SMARTPRESENCE_TIMEZONE: 'Europe/Berlin',
      SMARTPRESENCE_PEOPLE_PORT: '0',
      SMARTPRESENCE_DEVICE_PORT: '0',
    });
    const { db, close: disconnect } = await openDatabase(config.home, { postgres: config.database });
    closers.push(disconnect);
    const keys = keysOf(config);
    const keyring = await openKeyring(db, keys, { hostnames: ['localhost'], now: Date.now });
    await ensureDefaultSite(db, { id: keyring.serverId, name: 'Bench', timeZone: 'Europe/Berlin' }, new Date());
    const services: Services = { db, keys, keyring, config, ...unheard(), now: () => new Date() };
    const serve = async (): Promise<RunningServer> => {
      const server = await startServer(config, services.log);
      closers.push(server.close);
      return server;
    };
    return { services, serve, closers, close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

/** Adds people as the server writes them. @returns their ids, sorted, in the order of the names */
export async function fillPeople({ db, keys, now }: Services, names: readonly string[]): Promise<string[]> {
  const ids = names.map(() => randomUUID()).sort();
  for (let i = 0; i < ids.length; i += 1000) {
    const rows = ids.slice(i, i + 1000).map((id, k) => ({
      id,
      values: {
        name: names[i + k]!,
        number: String(100_000 + i + k),
        email: `person.${i + k}@example.org`,
        phone: `+49 30 ${i + k}`,
        language: 'en',
      },
      rowVersion: 1,
      claimedAt: now(),
      gpsOptOut: false,
      updatedAt: now(),
    }));
    await inTransaction(db, (tx) => upsertRows(tx, keys, rows));
  }
  await sql`analyze`.execute(db);
  return ids;
}
