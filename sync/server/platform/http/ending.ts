import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Listener } from './listener.ts';

/** How long a closing listener waits for requests under way before it cuts them off, ms. */
const GRACE_MS = 10_000;

/**
 * Makes a listener's `close` finish the requests under way and wait for nothing else. Connections without a request are closed
 * at once, those with one after its response, WebSockets by a closing handshake, and all of them after the grace period.
 */
export function closesGently(app: Listener, graceMs = GRACE_MS): void {
  const { server } = app;
  const open = new Set<TLSSocket>();
  const busy = new Map<unknown, number>();
  let closing = false;
  const begin = (socket: unknown) => busy.set(socket, (busy.get(socket) ?? 0) + 1);
  const end = (socket: TLSSocket) => {
    const left = (busy.get(socket) ?? 1) - 1;
    if (left > 0) busy.set(socket, left);
    else busy.delete(socket);
    if (closing && left === 0) socket.end();
  };
  server.on('secureConnection', (socket: TLSSocket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    // The handshake was completed after we stopped listening.
    if (closing) socket.destroy();
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    begin(socket);
    response.once('close', () => end(socket as TLSSocket));
  });
  // Only if upgrades are handled elsewhere: if ours were the only handler, upgrade requests would never be answered.
  app.addHook('onReady', async () => {
    if (server.listenerCount('upgrade') > 0)
      server.on('upgrade', (_request, socket) => {
        begin(socket);
        socket.once('close', () => busy.delete(socket));
      });
  });
  // Node considers a connection idle whose response is written but not sent yet, and would cut it off.
  server.closeIdleConnections = () => undefined;
  app.addHook('preClose', async () => {
    closing = true;
    for (const socket of open) if (!busy.has(socket)) socket.destroy();
    const cut = setTimeout(() => {
      for (const socket of open) socket.destroy();
      server.closeAllConnections();
    }, graceMs);
    server.once('close', () => clearTimeout(cut));
    cut.unref();
  });
}
