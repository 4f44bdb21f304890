import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Logger } from 'pino';
import { TLS_VERSIONS } from '../../platform/http/listener.ts';
import { listenAt } from '../../platform/http/not-listening.ts';
import type { KeyAndCertificate } from '../../platform/keys/certificates.ts';
import type { Secret } from '../../platform/secrets/secret.ts';
import type { Watch } from '../checks/watch.ts';
import type { OperationsSettings } from './settings.ts';

export interface OperationsOptions {
  readonly settings: OperationsSettings;
  readonly certificate: KeyAndCertificate;
  readonly readiness: Pick<Watch, 'state'>;
  /** Prometheus text. */
  readonly metrics: () => Promise<string>;
  readonly log: Logger;
}

/** Host names that plain HTTP answers. A web page whose DNS name was pointed here must not be able to read it (DNS rebinding). */
const LOCAL = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/;
const MAX_CONNECTIONS = 50;

/**
 * Starts the listener for operators: `/healthz` (the process is running), `/readyz` (it may get traffic; otherwise 503 with
 * the reasons' codes) and `/metrics` (Prometheus). Plain HTTP on a loopback address; elsewhere TLS 1.3, with a token for
 * `/metrics`. It is a separate listener, so that load from people and kiosks can't block it, and no firewall rule for them
 * opens it.
 *
 * @throws Problem `port-in-use`, `port-is-roots`, `can-not-listen`
 */
export async function listenForOperations(o: OperationsOptions): Promise<{
  port: number;
  renewCertificate(renewed: KeyAndCertificate): void;
  close(): Promise<void>;
}> {
  const { settings, log } = o;
  const handle: RequestListener = (request, response) => {
    answer(o, request, response).catch((err: unknown) => {
      log.error({ code: 'operations-failed', err }, 'a request to the operations listener failed');
      if (!response.headersSent) send(response, 500, 'failed\n');
    });
  };
  const options = { headersTimeout: 5000, requestTimeout: 10_000, connectionsCheckingInterval: 2000 };
  const server = settings.plain
    ? createServer(options, handle)
    : createTlsServer(
        { ...options, ...TLS_VERSIONS, key: o.certificate.keyPem, cert: o.certificate.certPem, handshakeTimeout: 5000 },
        handle,
      );
  server.maxConnections = MAX_CONNECTIONS;
  const port = await listenAt(server, settings.bind, settings.port, 'SMARTPRESENCE_OPERATIONS_PORT');
  return {
    port,
    renewCertificate({ keyPem: key, certPem: cert }) {
      if ('setSecureContext' in server) server.setSecureContext({ ...TLS_VERSIONS, key, cert });
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(o: OperationsOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (o.settings.plain && !LOCAL.test(request.headers.host ?? '')) return send(response, 421, 'wrong host\n');
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, 'GET only\n');
  switch (request.url?.split('?')[0]) {
    case '/healthz':
      return send(response, 200, 'ok\n');
    case '/readyz': {
      const state = await o.readiness.state();
      return send(response, state.ready ? 200 : 503, `${JSON.stringify(state)}\n`, 'application/json');
    }
    case '/metrics':
      if (!mayRead(o.settings.token, request.headers.authorization)) {
        response.setHeader('www-authenticate', 'Bearer');
        return send(response, 401, 'a token is required\n');
      }
      return send(response, 200, await o.metrics(), 'text/plain; version=0.0.4; charset=utf-8');
    default:
      return send(response, 404, 'nothing here\n');
  }
}

function mayRead(token: Secret | null, given: string | undefined): boolean {
  if (!token) return true;
  const hash = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest();
  return timingSafeEqual(hash(given ?? ''), hash(`Bearer ${Buffer.from(token.reveal()).toString()}`));
}

function send(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(text);
}
