import type { Duplex } from 'node:stream';
import WebSocket, { createWebSocketStream } from 'ws';
import { Problem } from '../../errors/problem.ts';
import { connectVerified, type TlsOptions } from '../tls/connect.ts';
import { aborted, connectionProblem } from '../tls/problems.ts';

/** Default path of MQTT over WebSocket, if the URL has none. */
const WS_PATH = '/mqtt';
const DEFAULT_PORT = { 'mqtts:': 8883, 'wss:': 443 } as const;
/** Timeout for opening the WebSocket, ms. */
const UPGRADE_MS = 15_000;
/** Largest WebSocket message, bytes; MQTT packets may be spread over several. */
const MAX_FRAME_BYTES = 4 * 1024 * 1024;

/**
 * Opens a connection to a broker, verified by `connectVerified` before any MQTT is sent.
 *
 * @param url mqtts:// or wss://
 * @throws Problem as `connectVerified`; `broker-refused` if it accepts no WebSocket there
 */
export async function openBrokerStream(url: string, options: TlsOptions, signal: AbortSignal): Promise<Duplex> {
  const { protocol, hostname, port, pathname } = new URL(url);
  if (protocol !== 'mqtts:' && protocol !== 'wss:') throw new Problem('broker-address');
  // Only in a URL, IPv6 addresses are in brackets.
  const host = hostname.replace(/^\[|\]$/g, '');
  const overWebSocket = protocol === 'wss:';
  const socket = await connectVerified(host, Number(port || DEFAULT_PORT[protocol]), options, {
    signal,
    ...(overWebSocket && { alpn: 'http/1.1' }),
  });
  if (!overWebSocket) return socket;
  const address = new URL(url);
  if (pathname === '' || pathname === '/') address.pathname = WS_PATH;
  const ws = new WebSocket(address, ['mqtt'], {
    // The socket is already open and verified.
    createConnection: () => socket,
    perMessageDeflate: false,
    followRedirects: false,
    handshakeTimeout: UPGRADE_MS,
    maxPayload: MAX_FRAME_BYTES,
  });
  return new Promise((resolve, reject) => {
    const onAbort = () => ws.terminate();
    signal.addEventListener('abort', onAbort, { once: true });
    ws.once('open', () => {
      signal.removeEventListener('abort', onAbort);
      resolve(createWebSocketStream(ws));
    });
    // Never removed: later errors are reported by the stream and must not end the process here.
    ws.on('error', (cause) => reject(signal.aborted ? aborted(cause) : upgradeProblem(cause)));
  });
}

function upgradeProblem(cause: Error & { code?: string }): Problem {
  if (cause.code) return connectionProblem(cause, 'broker');
  return new Problem('broker-refused', { reason: 'no WebSocket at this address', cause });
}
