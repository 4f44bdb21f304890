import type { X509Certificate } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { Problem } from '../../errors/problem.ts';
import type { ServerKeys } from '../../protocol/wire/keys.ts';
import { request as httpRequest } from '../http.ts';
import type { TransportOptions } from '../transport/interface.ts';
import { aborted, connectionProblem } from './problems.ts';
import { peerChainOf, verifyServerChain } from './verify.ts';

/** Timeout for name lookup, tunnel and handshake together, ms. */
const CONNECT_MS = 15_000;

export interface TlsOptions extends Pick<TransportOptions, 'trustedNow' | 'proxy'> {
  /** Null: no client certificate, because a joining kiosk has none yet. */
  readonly credentials: () => ReturnType<TransportOptions['credentials']> | null;
  /** CA certificates to trust, PEM. */
  readonly keys: () => Pick<ServerKeys, 'caPem'>;
  /**
   * Replaces `keys` while a kiosk joins. It knows only the CA's pin, and finds the CA in what the server sent.
   *
   * @returns CA certificates to trust, PEM
   */
  readonly pinned?: (sent: readonly X509Certificate[]) => readonly string[];
}

/**
 * Opens TLS 1.3 with the kiosk's certificate, through the proxy if there is one. Verifies the server's chain by trusted time
 * before anything is written.
 *
 * @param alpn application protocol to request; none for MQTT
 * @throws Problem `server-unreachable`, `server-silent`, `server-not-trusted`, `server-certificate-expired`, `server-wrong-host`,
 * `proxy-unreachable`, `proxy-not-trusted`, `proxy-refused`, `exchange-aborted`
 */
export async function connectVerified(
  host: string,
  port: number,
  options: TlsOptions,
  { alpn, signal }: { alpn?: string; signal?: AbortSignal } = {},
): Promise<TLSSocket> {
  const limit = AbortSignal.any([AbortSignal.timeout(CONNECT_MS), ...(signal ? [signal] : [])]);
  const gaveUp = () => (signal?.aborted ? aborted() : new Problem('server-silent'));
  if (limit.aborted) throw gaveUp();
  const tunnel = options.proxy ? await openTunnel(new URL(options.proxy), host, port, limit, gaveUp) : null;
  const own = options.credentials();
  const settings: ConnectionOptions = {
    host,
    port,
    ...(tunnel && { socket: tunnel }),
    ...(isIP(host) === 0 && { servername: host }),
    ...(alpn && { ALPNProtocols: [alpn] }),
    ...(own && { cert: own.certPem, key: own.keyPem }),
    minVersion: 'TLSv1.3',
    // Node's check uses the system clock. Ours, below, replaces it; nothing is written before it has passed.
    rejectUnauthorized: false,
  };
  return new Promise<TLSSocket>((resolve, reject) => {
    const socket = tlsConnect(settings);
    const fail = (problem: Problem) => {
      limit.removeEventListener('abort', onLimit);
      socket.destroy();
      tunnel?.destroy();
      reject(problem);
    };
    const onLimit = () => fail(gaveUp());
    limit.addEventListener('abort', onLimit);
    // Never removed: an error after the socket is returned, but before its new owner listens, must not end the process.
    socket.on('error', (cause) => fail(connectionProblem(cause)));
    socket.on('secureConnect', () => {
      try {
        const chain = peerChainOf(socket);
        verifyServerChain(chain, options.pinned?.(chain) ?? options.keys().caPem, host, options.trustedNow());
      } catch (cause) {
        return fail(connectionProblem(cause));
      }
      limit.removeEventListener('abort', onLimit);
      socket.setKeepAlive(true, 30_000);
      resolve(socket);
    });
  });
}

/** Opens a CONNECT tunnel (RFC 9110 §9.3.6). The proxy's URL contains credentials, so no message may quote it. */
function openTunnel(
  proxy: URL,
  host: string,
  port: number,
  signal: AbortSignal,
  gaveUp: () => Problem,
): Promise<Socket> {
  const target = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const { username, password } = proxy;
  const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  return new Promise((resolve, reject) => {
    const request = (proxy.protocol === 'https:' ? httpsRequest : httpRequest)({
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...(username && { 'proxy-authorization': `Basic ${basic}` }) },
      agent: false,
      signal,
    });
    const refused = (status = 0) => new Problem('proxy-refused', { status });
    request.on('error', (cause) => reject(signal.aborted ? gaveUp() : connectionProblem(cause, 'proxy')));
    request.on('response', (response) => {
      request.destroy();
      reject(refused(response.statusCode));
    });
    request.on('connect', (response, socket, head) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        return reject(refused(response.statusCode));
      }
      if (head.length > 0) socket.unshift(head);
      resolve(socket as Socket);
    });
    request.end();
  });
}
