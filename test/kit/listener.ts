import { randomUUID } from 'node:crypto';
import { generateSync } from 'otplib';
import type { Role } from '../../sync/protocol/api/endpoint.ts';
import { startHub } from '../../sync/server/app/live/start.ts';
import { createPeopleListener } from '../../sync/server/app/people-listener.ts';
import { addAccount } from '../../sync/server/core/accounts/accounts.ts';
import { writePerson } from '../../sync/server/core/people/records.ts';
import { COOKIE } from '../../sync/server/platform/access/guard.ts';
import { register } from '../../sync/server/platform/access/register.ts';
import type { Route, Services } from '../../sync/server/platform/access/route.ts';
import { startSession } from '../../sync/server/platform/access/session.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { HOST, newServices, type ServicesOptions } from './services.ts';

export type PeopleListener = Awaited<ReturnType<typeof newListener>>;

/** The state of a person’s browser. */
export interface Visitor {
  cookie: string | null;
  /** IP address that their requests come from. */
  readonly ip: string;
}

const NOWHERE = { ip: null, userAgent: null };

/** The real people listener with every route, called without a network. @param o `routes`: in addition to the product's */
export async function newListener(
  database: OpenDatabase,
  {
    env,
    start = new Date('2026-07-20T08:00:00.000Z'),
    routes = [],
  }: Partial<ServicesOptions> & { routes?: readonly Route[] } = {},
) {
  const held = await newServices(database, { start, ...(env && { env }) });
  const { db, keys, keyring, config, home } = held;
  const note = held.services.notify;
  const notify: Services['notify'] = (what) => {
    note(what);
    database.signals.notify(what);
  };
  const services: Services = { ...held.services, notify };
  const hub = startHub(services, database.logEpoch);
  database.signals.hear('board', () => hub.changed());
  const app = await createPeopleListener({
    services,
    hub,
    certificate: keyring.people,
    trusted: false,
    hostnames: [HOST],
    trustedProxies: config.trustedProxies,
    pages: '/nonexistent',
    log: services.log,
  });
  register(app, services, routes);
  await app.ready();

  let visitors = 0;
  /** A new visitor with an IP address of their own, so that others' rate limits don't apply. */
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

  /** Signs in fully with this role. @param id of the account or person; a new one by default */
  async function signIn(role: Role, id?: string): Promise<Visitor & { readonly id: string }> {
    const browser = visitor();
    return inTransaction(db, async (tx) => {
      if (role === 'person') {
        const person = id ?? randomUUID();
        if (!id) await writePerson(tx, keys, { id: person, patch: { name: 'Someone', language: 'en' } }, held.now);
        const { token } = await startSession(tx, keys, { role, person }, NOWHERE, held.now);
        return { ...browser, cookie: token, id: person };
      }
      const account = id ?? (await addAccount(tx, keys, { role, email: `${randomUUID()}@example.org` }, held.now)).id;
      const { token } = await startSession(tx, keys, { role, account, stage: 'full' }, NOWHERE, held.now);
      return { ...browser, cookie: token, id: account };
    });
  }

  const close = async () => {
    await hub.close();
    await app.close();
    home.remove();
  };
  return Object.assign(held, {
    services,
    app,
    hub,
    visitor,
    ask,
    signIn,
    /** The current code of an authenticator app. */
    codeOf: (secret: string) => generateSync({ secret, epoch: Math.floor(held.now.getTime() / 1000) }),
    origin: `https://${HOST}`,
    close,
    [Symbol.asyncDispose]: close,
  });
}
