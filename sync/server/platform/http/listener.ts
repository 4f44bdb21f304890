import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server, ServerOptions } from 'node:https';
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { MAX_SEALED_BYTES } from '../../../protocol/wire/batch.ts';
import { countRequest } from '../logs/meter.ts';
import { closesGently } from './ending.ts';
import { answerWithProblems, refuseAddress } from './problem.ts';

export type Listener = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger>;

/** Only TLS 1.3. */
export const TLS_VERSIONS = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const;

export interface ListenerLimits {
  /** Maximum number of connections. Further ones are closed at once. */
  readonly connections: number;
  /** Limits for the TLS handshake and for receiving a request's headers, ms. */
  readonly handshakeMs: number;
  readonly headersMs: number;
  /** Limit for receiving a whole request, ms. */
  readonly requestMs: number;
  /** How often the limits for headers and requests are checked, ms. */
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
 * Creates a Fastify instance that only speaks TLS 1.3, neither an older TLS nor plain HTTP. Logs contain the route, never the
 * requested URL, the peer's address or a body, because those contain tokens and personal data.
 *
 * @param trustedProxies proxies whose `X-Forwarded-For` is trusted (platform/http/proxies.ts); none for the devices listener
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
