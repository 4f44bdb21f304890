import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { readConfig } from '../../sync/server/app/config.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { ensureDefaultSite } from '../../sync/server/core/sites/sites.ts';
import { SessionMemory } from '../../sync/server/platform/access/memory.ts';
import type { Services } from '../../sync/server/platform/access/route.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { openKeyring } from '../../sync/server/platform/keys/keyring.ts';
import { WatchedScreens } from '../../sync/server/platform/watched-screens.ts';
import { temporaryFolder } from './folder.ts';

export const SITE = { id: '11111111-1111-4111-8111-111111111111', name: 'Berlin', timeZone: 'Europe/Berlin' };
/** The server’s host name. */
export const HOST = 'localhost';

export interface ServicesOptions {
  readonly env?: Record<string, string>;
  /** The time on its clock, which doesn't advance until a test moves it. */
  readonly start: Date;
}

/** What services and jobs need besides their database and keys, with logs and messages discarded. */
export const unheard = () => ({
  modules: MODULES,
  log: pino({ level: 'silent' }),
  screens: new WatchedScreens(),
  notify: () => undefined,
});

/** Makes the server’s services on the test’s database, with their own keys and a clock that the test controls. */
export async function newServices(database: OpenDatabase, { env: more = {}, start }: ServicesOptions) {
  const { db } = database;
  const home = temporaryFolder();
  const env = {
    ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    SECRET_KEY: randomBytes(32).toString('base64'),
    SMARTPRESENCE_SERVER_HOME: home.path,
    SMARTPRESENCE_HOSTNAMES: HOST,
    SMARTPRESENCE_TIMEZONE: SITE.timeZone,
    ...more,
  };
  const held = { now: start, logged: '', notified: [] as string[] };
  const log = pino(
    { level: 'debug' },
    new Writable({
      write(chunk, _encoding, done) {
        held.logged += chunk;
        done();
      },
    }),
  );
  const config = readConfig(env);
  const keys = new Keys(config.encryptionKey, config.secretKey);
  const keyring = await openKeyring(db, keys, { hostnames: [HOST], now: () => held.now.getTime() });
  await ensureDefaultSite(db, SITE, held.now);
  const notify = (what: string) => void held.notified.push(what);
  const memory = new SessionMemory();
  const services: Services = {
    db,
    memory,
    keys,
    keyring,
    config,
    ...unheard(),
    log,
    now: () => held.now,
    notify,
  };
  return Object.assign(held, {
    /** Environment for other services on the same database. */
    env,
    db,
    keys,
    keyring,
    config,
    services,
    memory,
    home,
    later(ms: number) {
      held.now = new Date(held.now.getTime() + ms);
    },
    /** Newest audit rows, newest first. */
    audit: (limit = 1) => db.selectFrom('audit').selectAll().orderBy('position', 'desc').limit(limit).execute(),
    lastAudit: () => db.selectFrom('audit').selectAll().orderBy('position', 'desc').limit(1).executeTakeFirstOrThrow(),
  });
}
