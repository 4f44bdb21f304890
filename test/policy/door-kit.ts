import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { generateSync } from 'otplib';
import { pino } from 'pino';
import type { Role } from '../../sync/protocol/api/endpoint.ts';
import { readConfig } from '../../sync/server/app/config.ts';
import { startHub } from '../../sync/server/app/live/start.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { createPeopleListener } from '../../sync/server/app/people-listener.ts';
import { addAccount } from '../../sync/server/core/accounts/accounts.ts';
import { writePerson } from '../../sync/server/core/people/records.ts';
import { ensureDefaultSite } from '../../sync/server/core/sites/sites.ts';
import { COOKIE } from '../../sync/server/platform/access/guard.ts';
import { register } from '../../sync/server/platform/access/register.ts';
import type { Route, Services } from '../../sync/server/platform/access/route.ts';
import { startSession } from '../../sync/server/platform/access/session.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { openKeyring } from '../../sync/server/platform/keys/keyring.ts';
import { temporaryFolder } from '../kit/folder.ts';

/** The people listener as it is, with every route, on a database of the test's; requests go in without a network. */

export type Door = Awaited<ReturnType<typeof doorOn>>;

/** What a person's browser holds. */
export interface Visitor {
  cookie: string | null;
  /** Where their requests come from. */
  readonly ip: string;
}

const HOST = 'localhost';
const SITE = { id: '11111111-1111-4111-8111-111111111111', name: 'Berlin', timeZone: 'Europe/Berlin' };

export async function doorOn(
  database: OpenDatabase,
  {
    env = {},
    start = new Date('2026-07-20T08:00:00.000Z'),
    routes = [],
  }: {
    env?: Record<string, string>;
    start?: Date;
    /** Beside those of the product. */
    routes?: readonly Route[];
  } = {},
) {
  const { db, logEpoch } = database;
  const home = temporaryFolder();
  const variables = {
    ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    SECRET_KEY: randomBytes(32).toString('base64'),
    SMARTPRESENCE_SERVER_HOME: home.path,
    SMARTPRESENCE_HOSTNAMES: HOST,
    SMARTPRESENCE_TIMEZONE: SITE.timeZone,
    ...env,
  };
  const config = readConfig(variables);
  let now = start;
  let logged = '';
  const log = pino(
    { level: 'debug' },
    new Writable({
      write(chunk, _encoding, done) {
        logged += chunk;
        done();
      },
    }),
  );
  const keys = new Keys(config.encryptionKey, config.secretKey);
  const keyring = await openKeyring(db, keys, { hostnames: [HOST], now: () => now.getTime() });
  await ensureDefaultSite(db, SITE, now);
  const notified: string[] = [];
  const notify = (what: 'board' | 'change') => {
    notified.push(what);
    database.signals.notify(what);
  };
  const services: Services = { db, keys, keyring, config, modules: MODULES, log, now: () => now, notify };
  const hub = startHub(services, logEpoch);
  database.signals.hear('board', () => hub.changed());
  const app = await createPeopleListener({
    services,
    hub,
    certificate: keyring.people,
    trusted: false,
    hostnames: [HOST],
    trustedProxies: config.trustedProxies,
    pages: '/nonexistent',
    log,
  });
  register(app, services, routes);
  await app.ready();

  let visitors = 0;
  /** A new visitor, from an address of their own: limits of others are not theirs. */
  const visitor = (ip?: string): Visitor => {
    visitors += 1;
    return { cookie: null, ip: ip ?? `10.${visitors >> 16}.${(visitors >> 8) & 255}.${visitors & 255}` };
  };

  async function ask(
    who: Visitor,
    method: Route['method'],
    url: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) {
    const answer = await app.inject({
      method,
      url,
      remoteAddress: who.ip,
      headers: {
        host: HOST,
        origin: `https://${HOST}`,
        'user-agent': 'test',
        ...(who.cookie && { cookie: `${COOKIE}=${who.cookie}` }),
        ...headers,
      },
      ...(body !== undefined && { payload: body as object }),
    });
    const set = answer.cookies.find((c) => c.name === COOKIE);
    if (set) who.cookie = set.value === '' ? null : set.value;
    const isJson = /^application\/(problem\+)?json/.test(String(answer.headers['content-type']));
    const json = (): Record<string, never> & { code?: string } => (isJson ? answer.json() : {});
    return { status: answer.statusCode, headers: answer.headers, text: answer.body, json, cookie: set };
  }

  /** Someone of this role, signed in fully. */
  async function as(role: Role, id?: string): Promise<Visitor & { readonly id: string }> {
    const held = visitor();
    return inTransaction(db, async (tx) => {
      if (role === 'person') {
        const person = id ?? crypto.randomUUID();
        if (!id) await writePerson(tx, keys, { id: person, patch: { name: 'Someone', language: 'en' } }, now);
        const { token } = await startSession(tx, keys, { role, person }, now);
        return { ...held, cookie: token, id: person };
      }
      const account = id ?? (await addAccount(tx, keys, { role, email: `${crypto.randomUUID()}@example.org` }, now)).id;
      const { token } = await startSession(tx, keys, { role, account, stage: 'full' }, now);
      return { ...held, cookie: token, id: account };
    });
  }

  return {
    /** For another door on the same database. */
    env: variables,
    app,
    db,
    hub,
    keys,
    config,
    services,
    notified,
    visitor,
    ask,
    as,
    get now() {
      return now;
    },
    set now(at: Date) {
      now = at;
    },
    later(ms: number) {
      now = new Date(now.getTime() + ms);
    },
    get logged() {
      return logged;
    },
    /** Code of an authenticator app at this moment. */
    codeOf: (secret: string) => generateSync({ secret, epoch: Math.floor(now.getTime() / 1000) }),
    /** Newest audit rows, newest first. */
    audit: (limit = 1) => db.selectFrom('audit').selectAll().orderBy('position', 'desc').limit(limit).execute(),
    async close() {
      await hub.close();
      await app.close();
      home.remove();
    },
    origin: `https://${HOST}`,
  };
}
