import { randomBytes, randomUUID } from 'node:crypto';
import pino from 'pino';
import { v7 } from 'uuid';
import { expect } from 'vitest';
import { z } from 'zod';
import type { Role } from '../../sync/protocol/api/endpoint.ts';
import { readConfig } from '../../sync/server/app/config.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { ensureDefaultSite } from '../../sync/server/core/sites/sites.ts';
import { resolveDue } from '../../sync/server/features/attendance/resolve-due.ts';
import { perform } from '../../sync/server/platform/access/perform.ts';
import type { Route, Services } from '../../sync/server/platform/access/route.ts';
import type { Actor } from '../../sync/server/platform/audit/actor.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { openKeyring } from '../../sync/server/platform/keys/keyring.ts';
import { endpointsOf } from '../../sync/server/platform/server-module.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { deliverTo, registerKiosk } from '../kit/known-kiosk.ts';
import type { MemoryOutbox } from '../kit/outbox.ts';

/** The API without its HTTP: routes run as the listener runs them, in a real transaction with their audit row. */

export const SITE = { id: '11111111-1111-4111-8111-111111111111', name: 'Berlin', timeZone: 'Europe/Berlin' };

export type Api = Awaited<ReturnType<typeof apiOn>>;

export async function apiOn(database: OpenDatabase, start: Date) {
  const { db } = database;
  const pair = { ENCRYPTION_KEY: randomBytes(32).toString('base64'), SECRET_KEY: randomBytes(32).toString('base64') };
  const home = temporaryFolder();
  const config = readConfig({ ...pair, SMARTPRESENCE_SERVER_HOME: home.path, SMARTPRESENCE_TIMEZONE: SITE.timeZone });
  const keys = new Keys(config.encryptionKey, config.secretKey);
  let now = start;
  const notified: string[] = [];
  const keyring = await openKeyring(db, keys, { hostnames: ['localhost'], now: () => now.getTime() });
  await ensureDefaultSite(db, SITE, now);
  const services: Services = {
    db,
    keys,
    keyring,
    config,
    modules: MODULES,
    log: pino({ level: 'silent' }),
    now: () => now,
    notify: (what) => void notified.push(what),
  };

  const actorOf = (role: Role, id: string = randomUUID()): Actor => ({
    role,
    id,
    email: 'tester@example.org',
    ip: '192.0.2.1',
    userAgent: 'test',
  });

  /** Asks as someone who was admitted. A body, a query or parameters that are misshapen throw as they do there. */
  async function ask<T = unknown>(
    method: Route['method'],
    url: string,
    o: { as?: Role | Actor; body?: unknown } = {},
  ): Promise<T> {
    const { pathname, searchParams } = new URL(url, 'https://server.test');
    const found = endpointsOf(MODULES).flatMap((spec) => {
      const params = spec.method === method ? paramsOf(spec.path, pathname) : null;
      return params ? [{ spec, params }] : [];
    });
    expect(found.map((f) => f.spec.path)).toHaveLength(1);
    const { spec, params } = found[0]!;
    const actor = typeof o.as === 'object' ? o.as : actorOf(o.as ?? 'admin');
    if (spec.roles !== 'anybody') expect(spec.roles).toContain(actor.role);
    const read = (shape: z.ZodType | undefined, value: unknown) => shape?.parse(value);
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

  return {
    db,
    keys,
    keyring,
    services,
    notified,
    ask,
    actorOf,
    get now() {
      return now;
    },
    set now(at: Date) {
      now = at;
    },

    kiosk: (site: string | null = null): Promise<MemoryOutbox> =>
      registerKiosk(db, { name: `Door ${v7()}`, site, at: now }),

    /** Everything that the kiosk has made so far arrives, and is resolved. */
    async deliver(box: MemoryOutbox): Promise<void> {
      const events = box.events.filter((e) => e.header.epoch === box.epoch);
      await deliverTo(db, keys, box, events, { first: 1, now });
      await settle();
    },
    settle,

    /** What the newest audit row says. */
    async lastAudit() {
      return db.selectFrom('audit').selectAll().orderBy('position', 'desc').limit(1).executeTakeFirstOrThrow();
    },
    close: () => home.remove(),
  };

  async function settle(): Promise<void> {
    while (((await resolveDue(db))?.taken ?? 0) > 0);
  }
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

/** Someone with a standing consent and one template, enrolled at this kiosk. */
export function enrol(box: MemoryOutbox, name: string, at: Date, number: string): string {
  const person = v7();
  box.append('person', { change: 'added' }, { person, name, number, language: 'en' }, at);
  box.append('consent', { action: 'given', textVersion: '2026-11.no-photo', language: 'en' }, { person }, at);
  const vector = randomBytes(2048).toString('base64url');
  const templates = [{ id: v7(), pose: 'front', vector }];
  box.append('template', { change: 'added', model: 'test', count: 1 }, { person, templates }, at);
  return person;
}
