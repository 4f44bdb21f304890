import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server, ServerOptions } from 'node:https';
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { MAX_SEALED_BYTES } from '../../../protocol/wire/batch.ts';
import { countRequest } from '../logs/meter.ts';
import { closesGently } from './ending.ts';
import { answerWithProblems, refuseAddress } from './problem.ts';

export type Listener = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger>;

/** TLS 1.3 and nothing else. */
export const TLS_VERSIONS = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const;

export interface ListenerLimits {
  /** Connections at once; more are closed unheard. */
  readonly connections: number;
  /** Until the TLS handshake must be done, and until a request's headers must be here, ms. */
  readonly handshakeMs: number;
  readonly headersMs: number;
  /** Until a whole request must be here, ms. */
  readonly requestMs: number;
  /** How often the two above are looked at, ms. */
  readonly checkMs: number;
}

const LIMITS: ListenerLimits = {
  connections: 2000,
  handshakeMs: 15_000,
  headersMs: 15_000,
  requestMs: 30_000,
  checkMs: 5_000,
};

/**
 * A fastify instance that speaks TLS 1.3 and nothing else: neither an older TLS nor plain HTTP gets an answer.
 * Logs name the route, never the address asked for, the peer or a body: those carry tokens and people.
 *
 * @param trustedProxies whose word counts for where a request comes from (platform/http/proxies.ts); none where kiosks connect
 */
export function createListener(
  tls: Pick<ServerOptions, 'key' | 'cert' | 'ca' | 'requestCert' | 'rejectUnauthorized'>,
  log: Logger,
  { trustedProxies = [], ...limits }: Partial<ListenerLimits> & { trustedProxies?: readonly string[] } = {},
): Listener {
  const { connections, handshakeMs, headersMs, requestMs, checkMs } = { ...LIMITS, ...limits };
  const app: Listener = Fastify({
    https: {
      ...tls,
      ...TLS_VERSIONS,
      handshakeTimeout: handshakeMs,
      headersTimeout: headersMs,
      connectionsCheckingInterval: checkMs,
    },
    logger: false,
    bodyLimit: MAX_SEALED_BYTES,
    requestTimeout: requestMs,
    connectionTimeout: 60_000,
    keepAliveTimeout: 65_000,
    forceCloseConnections: false,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    frameworkErrors: (_error, _request, reply) => refuseAddress(reply),
    routerOptions: { maxParamLength: 100 },
  });
  app.server.maxConnections = connections;
  closesGently(app);
  app.server.on('tlsClientError', (error: NodeJS.ErrnoException) =>
    log.debug({ code: error.code }, 'TLS handshake refused'),
  );
  app.addHook('onResponse', async (request, reply) => {
    const { statusCode: status, elapsedTime: ms } = reply;
    const answered = { method: request.method, route: request.routeOptions.url, status };
    countRequest({ ...answered, ms });
    log.debug({ ...answered, ms: Math.round(ms) }, 'answered');
  });
  answerWithProblems(app as unknown as FastifyInstance, log);
  return app;
}
