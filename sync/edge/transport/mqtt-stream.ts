import type { Duplex } from 'node:stream';
import WebSocket, { createWebSocketStream } from 'ws';
import { Problem } from '../../errors/problem.ts';
import { connectVerified, type TlsOptions } from '../tls/connect.ts';
import { aborted, connectionProblem } from '../tls/problems.ts';

/** Where MQTT over WebSocket listens, unless the address says otherwise. */
const WS_PATH = '/mqtt';
const DEFAULT_PORT = { 'mqtts:': 8883, 'wss:': 443 } as const;
/** How long the WebSocket may take to open, ms. */
const UPGRADE_MS = 15_000;
/** Largest WebSocket message, bytes; MQTT packets may be spread over several. */
const MAX_FRAME_BYTES = 4 * 1024 * 1024;

/**
 * A connection to a broker, checked as `connectVerified` does, before MQTT says its first word.
 *
 * @param url mqtts:// or wss://
 * @throws Problem, as `connectVerified`; `broker-refused` when it takes no WebSocket there
 */
export async function openBrokerStream(url: string, options: TlsOptions, signal: AbortSignal): Promise<Duplex> {
  const { protocol, hostname, port, pathname } = new URL(url);
  if (protocol !== 'mqtts:' && protocol !== 'wss:') throw new Problem('broker-address');
  // IPv6 addresses stand in brackets in a URL and nowhere else.
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
    // The socket is open and checked already.
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
    // Stays: later errors are the stream's to report, and must not end the process here.
    ws.on('error', (cause) => reject(signal.aborted ? aborted(cause) : upgradeProblem(cause)));
  });
}

function upgradeProblem(cause: Error & { code?: string }): Problem {
  if (cause.code) return connectionProblem(cause, 'broker');
  return new Problem('broker-refused', { reason: 'no WebSocket at this address', cause });
}
