import { existsSync } from 'node:fs';
import { join } from 'node:path';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import fastifyStatic from '@fastify/static';
import websocket from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { Problem } from '../../errors/problem.ts';
import { BoardQuery, CLOSE, watchBoard } from '../../protocol/api/live.ts';
import { findSite } from '../core/sites/sites.ts';
import { ErrorRows } from '../platform/access/error-rows.ts';
import { COOKIE, checkHost } from '../platform/access/guard.ts';
import { admit, refusing, register, sessionOf } from '../platform/access/register.ts';
import type { Services } from '../platform/access/route.ts';
import { createListener, type Listener } from '../platform/http/listener.ts';
import { networkOf } from '../platform/http/throttle.ts';
import type { KeyAndCertificate } from '../platform/keys/certificates.ts';
import type { LiveHub } from './live/hub.ts';
import { isViewer } from './live/roles.ts';
import { SERVED } from './served.ts';

export interface PeopleListenerOptions {
  readonly services: Services;
  readonly hub: LiveHub;
  readonly certificate: KeyAndCertificate;
  /** Whether the certificate is the operator's. If so, browsers are instructed never to use plain HTTP (HSTS). */
  readonly trusted: boolean;
  readonly hostnames: readonly string[];
  /** Reverse proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: readonly string[];
  readonly pages: string;
  readonly log: Logger;
}

/** Sockets that one network may open per minute: a console that lost its connection retries every few seconds. */
const LIVE_LIMIT = { max: 120, timeWindow: 60_000 };

/** Creates the listener for people's browsers: console and portal, their API and the WebSocket of the live board. */
export async function createPeopleListener(o: PeopleListenerOptions): Promise<Listener> {
  const { keyPem: key, certPem: cert } = o.certificate;
  const app = createListener({ key, cert }, o.log, { trustedProxies: o.trustedProxies });
  app.addHook('onRequest', async (request) => checkHost(request, o.hostnames));
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        fontSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    // With an untrusted certificate, HSTS would lock operators out of their own demo.
    strictTransportSecurity: o.trusted ? { maxAge: 31_536_000 } : false,
  });
  await app.register(cookie);
  await app.register(rateLimit, { global: false });
  await app.register(websocket, { options: { maxPayload: 1024, perMessageDeflate: false } });
  await servePages(app as unknown as FastifyInstance, o.pages);

  const { services } = o;
  const errors = new ErrorRows(services);
  register(app, services, SERVED, { errors });
  app.get(
    watchBoard.path,
    {
      websocket: true,
      config: { rateLimit: { ...LIVE_LIMIT, keyGenerator: ({ ip }) => networkOf(ip) } },
      preValidation: async (request) => {
        const caller = await sessionOf(services, request, { use: false });
        await refusing(errors, watchBoard, caller, () => admit({ ...watchBoard, ownPage: true }, request, caller));
        const { site } = BoardQuery.safeParse(request.query).data ?? {};
        // Checked here, since no HTTP error can be sent once the socket is open.
        if (site !== undefined) await findSite(services.db, site);
      },
    },
    async (socket, request) => {
      const { session, actor } = await sessionOf(services, request, { use: false });
      if (!session || !isViewer(session.role)) return socket.close(CLOSE.sessionEnded, 'session ended');
      const since = BoardQuery.safeParse(request.query);
      const as = { session: request.cookies[COOKIE]!, actor, role: session.role };
      const reader = o.hub.add(socket, as, since.success ? since.data : {});
      socket.on('pong', reader.answered);
      socket.on('close', reader.gone);
      socket.on('error', (error) =>
        o.log.debug({ code: (error as NodeJS.ErrnoException).code }, 'live screen disconnected'),
      );
    },
  );
  return app;
}

/** The screens: the console for staff, and the portal for everyone. */
const SCREENS = ['console', 'portal'] as const;

/** Serves the pages of console and portal, and the assets with hashes in their names. Nothing else of the build folder. */
async function servePages(app: FastifyInstance, pages: string): Promise<void> {
  const assets = join(pages, 'assets');
  if (!existsSync(assets)) {
    for (const screen of SCREENS)
      app.get(`/${screen}/`, () => {
        throw new Problem('page-not-built', { screen });
      });
    return;
  }
  await app.register(fastifyStatic, {
    ...{ root: assets, prefix: '/assets/', index: false },
    ...{ immutable: true, maxAge: '1y', preCompressed: true },
  });
  for (const screen of SCREENS) {
    app.get(`/${screen}/`, (_request, reply) =>
      reply
        .header('cache-control', 'no-cache')
        .sendFile(`${screen}/index.html`, pages, { immutable: false, maxAge: 0 }),
    );
    app.get(`/${screen}`, (_request, reply) => reply.redirect(`/${screen}/`));
  }
  app.get('/', (_request, reply) => reply.redirect('/console/'));
}
