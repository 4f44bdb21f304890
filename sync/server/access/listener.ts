import { existsSync } from 'node:fs';
import { join } from 'node:path';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import fastifyStatic from '@fastify/static';
import websocket from '@fastify/websocket';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { BoardQuery } from '../../protocol/api/live.ts';
import { SessionRequest } from '../../protocol/api/session.ts';
import { Problem } from '../../protocol/wire/problem.ts';
import { type BoardSource, readBoard } from '../attendance/board.ts';
import { createListener, type Listener } from '../http/listener.ts';
import type { KeyAndCertificate } from '../keys/certificates.ts';
import type { LiveHub } from '../live/hub.ts';
import { COOKIE, checkHost, checkOrigin } from './guard.ts';
import { endSession, redeemAdminLink, SESSION_MS, sessionEnd } from './links.ts';

export interface PeopleListenerOptions {
  readonly source: BoardSource;
  readonly hub: LiveHub;
  readonly certificate: KeyAndCertificate;
  /** The certificate is the operator's, so browsers may be told never to fall back to plain HTTP. */
  readonly trusted: boolean;
  readonly hostnames: readonly string[];
  /** Folder of the built screens. */
  readonly pages: string;
  readonly log: Logger;
  readonly now: () => Date;
}

/** The listener for people's browsers: the console, its API and its WebSocket. */
export async function createPeopleListener(o: PeopleListenerOptions): Promise<Listener> {
  const { db, keys } = o.source;
  const app = createListener({ key: o.certificate.keyPem, cert: o.certificate.certPem }, o.log);
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
    // With a certificate nobody trusts, HSTS would lock the operator out of his own demo.
    strictTransportSecurity: o.trusted ? { maxAge: 31_536_000 } : false,
  });
  await app.register(cookie);
  await app.register(rateLimit, { global: false });
  await app.register(websocket, { options: { maxPayload: 1024, perMessageDeflate: false } });
  await servePages(app as unknown as FastifyInstance, o.pages);

  const requireSession = async (request: FastifyRequest): Promise<Date> => {
    const end = await sessionEnd(db, keys, request.cookies[COOKIE], o.now());
    if (!end) {
      throw new Problem(
        'no-session',
        'You are not signed in, or not any more.',
        'Open the admin link that the server printed at its start.',
      );
    }
    return end;
  };
  const signedIn = async (request: FastifyRequest): Promise<void> => void (await requireSession(request));

  app.post(
    '/api/session',
    { bodyLimit: 1024, config: { rateLimit: { max: 10, timeWindow: '1 minute' } } },
    async (request, reply) => {
      checkOrigin(request);
      const { token } = SessionRequest.parse(request.body);
      const { session, expiresAt } = await redeemAdminLink(db, keys, token, o.now());
      reply.setCookie(COOKIE, session, {
        path: '/',
        httpOnly: true,
        secure: true,
        sameSite: 'strict',
        maxAge: SESSION_MS / 1000,
      });
      return { expiresAt: expiresAt.toISOString() };
    },
  );

  app.get('/api/session', async (request, reply) => {
    reply.header('cache-control', 'no-store');
    return { expiresAt: (await requireSession(request)).toISOString() };
  });

  app.delete('/api/session', async (request, reply) => {
    checkOrigin(request);
    await endSession(db, keys, request.cookies[COOKIE]);
    reply.clearCookie(COOKIE, { path: '/', httpOnly: true, secure: true, sameSite: 'strict' });
    return reply.code(204).send();
  });

  app.get('/api/checkins', { preHandler: signedIn }, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    return readBoard(o.source, BoardQuery.parse(request.query), o.now());
  });

  app.get(
    '/api/live',
    { websocket: true, preValidation: [async (request) => checkOrigin(request), signedIn] },
    (socket, request) => {
      const since = BoardQuery.safeParse(request.query);
      const reader = o.hub.add(socket, request.cookies[COOKIE]!, since.success ? since.data : {});
      socket.on('pong', reader.answered);
      socket.on('close', reader.gone);
      socket.on('error', (error) =>
        o.log.debug({ code: (error as NodeJS.ErrnoException).code }, 'live screen went away'),
      );
    },
  );
  return app;
}

/** The console's page and the assets that the build hashed by name. Nothing else of the build folder is served. */
async function servePages(app: FastifyInstance, pages: string): Promise<void> {
  const assets = join(pages, 'assets');
  if (!existsSync(assets)) {
    app.get('/console/', () => {
      throw new Problem('page-not-built', 'The console was not built.', 'Run: npm run build:renderer');
    });
    return;
  }
  await app.register(fastifyStatic, { root: assets, prefix: '/assets/', immutable: true, maxAge: '1y', index: false });
  app.get('/console/', (_request, reply) =>
    reply.header('cache-control', 'no-cache').sendFile('console/index.html', pages, { immutable: false, maxAge: 0 }),
  );
  app.get('/', (_request, reply) => reply.redirect('/console/'));
  app.get('/console', (_request, reply) => reply.redirect('/console/'));
}
