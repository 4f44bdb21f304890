import { randomUUID } from 'node:crypto';
import { v7 } from 'uuid';
import { z } from 'zod';
import type { Store } from '../../electron/core/store/interface.ts';
import type { Role } from '../../sync/protocol/api/endpoint.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { UNDO_DAYS } from '../../sync/server/features/privacy/retention/settings.ts';
import { perform } from '../../sync/server/platform/access/perform.ts';
import type { Route } from '../../sync/server/platform/access/route.ts';
import type { Actor } from '../../sync/server/platform/audit/actor.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { endpointsOf } from '../../sync/server/platform/server-module.ts';
import {
  type Ask,
  changesFor,
  deliverAll,
  deliverTo,
  readInto,
  registerKiosk,
  resolveAll,
  type Source,
} from './known-kiosk.ts';
import type { MemoryOutbox } from './outbox.ts';
import { newServices } from './services.ts';

export type Api = Awaited<ReturnType<typeof newApi>>;

/** The API without HTTP: routes run as the listener runs them, in a real transaction with their audit row. */
export async function newApi(database: OpenDatabase, start: Date, env: Record<string, string> = {}) {
  const held = await newServices(database, { start, env });
  const { db, keys, keyring, services, notified, home } = held;

  const actorOf = (role: Role, id: string = randomUUID()): Actor => ({
    role,
    id,
    email: 'tester@example.org',
    ip: '192.0.2.1',
    userAgent: 'test',
  });

  /** Sends a request as an admitted user. A malformed body, query or parameter throws as it does in the listener. */
  async function ask<T = unknown>(
    method: Route['method'],
    url: string,
    o: { as?: Role | Actor; body?: unknown } = {},
  ): Promise<T> {
    const { pathname, searchParams } = new URL(url, 'https://server.test');
    const fitting = endpointsOf(MODULES).flatMap((spec) => {
      const params = spec.method === method ? paramsOf(spec.path, pathname) : null;
      return params ? [{ spec, params }] : [];
    });
    // `/api/people/search` doesn't name a person.
    const [found, ...others] = fitting.length === 1 ? fitting : fitting.filter(({ spec }) => spec.path === pathname);
    if (!found || others.length > 0) throw new Error(`${fitting.length} routes for ${method} ${pathname}`);
    const { spec, params } = found;
    const actor = typeof o.as === 'object' ? o.as : actorOf(o.as ?? 'admin');
    if (spec.roles !== 'anybody' && !spec.roles.includes(actor.role as never))
      throw new Error(`${spec.path} is not for ${actor.role}`);
    const read = (shape: z.ZodType | undefined, value: unknown) => shape?.parse(value);
    const now = held.now;
    const parsed = {
      params: read(z.strictObject(spec.params), params),
      query: read(spec.query, Object.fromEntries(searchParams)),
      body: read(spec.body, o.body ?? {}),
    };
    const before = { services, actor, session: null, now, ...parsed };
    const done = await perform(services, spec as never, {
      ...parsed,
      actor,
      session: null,
      now,
      prepared: await (spec as Route).before?.(before as never),
      idempotencyKey: null,
      url: pathname,
    });
    notified.push(...done.notified);
    if (done.refused) throw done.refused;
    if (done.file) {
      const pieces: Buffer[] = [];
      for await (const piece of done.file.spooled.read()) pieces.push(piece);
      await done.file.spooled.discard();
      return Buffer.concat(pieces) as T;
    }
    return done.answer.body as T;
  }

  const source: Source = {
    db,
    keys,
    logEpoch: database.logEpoch,
    get serverKeys() {
      return keyring.publicKeys;
    },
  };
  const close = () => home.remove();
  return Object.assign(held, {
    ask,
    actorOf,

    kiosk: (site: string | null = null): Promise<MemoryOutbox> =>
      registerKiosk(db, { name: `Door ${v7()}`, site, at: held.now }),

    /** Delivers everything that the kiosk has recorded so far, and resolves it. */
    async deliver(box: MemoryOutbox): Promise<void> {
      const events = box.events.filter((e) => e.header.epoch === box.epoch);
      await deliverTo(db, keys, box, events, { first: 1, now: held.now });
      await resolveAll(db);
    },
    settle: () => resolveAll(db),
    /** What a kiosk receives from a cursor to the end of the log. Without a cursor, everything, as for a new kiosk. */
    changesFor: (device: string, o: Ask = {}) => changesFor(source, device, { now: held.now, ...o }),
    /** Delivers what a kiosk's real store has recorded. */
    sendFrom: (store: Pick<Store, 'device' | 'outbox'>) =>
      deliverAll(db, keys, store.device, store.outbox, { now: held.now, undoDays: UNDO_DAYS }),
    /** Applies the server's changes to a kiosk's real store, up to the end of the log. */
    readInto: (store: Pick<Store, 'device' | 'roster'>) => readInto(source, store, { now: held.now }),
    close,
    [Symbol.dispose]: close,
  });
}

function paramsOf(path: string, pathname: string): Record<string, string> | null {
  const [wanted, given] = [path.split('/'), pathname.split('/')];
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    if (part.startsWith(':')) params[part.slice(1)] = decodeURIComponent(given[i]!);
    else if (part !== given[i]) return null;
  }
  return params;
}
