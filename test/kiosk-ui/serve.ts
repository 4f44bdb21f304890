import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { webSocketChannel } from '../../electron/contract/channel-websocket.ts';
import type { CoreState } from '../../electron/contract/host.ts';
import type { CoreMethods, Signal, SignalName } from '../../electron/contract/methods.ts';
import { type RpcServer, serveCore } from '../../electron/contract/rpc.ts';
import { SECURITY_HEADERS } from '../../electron/core/serving/headers.ts';
import { findStaticFile, listStaticFiles } from '../../electron/core/serving/static-files.ts';

/** The built screens on loopback, over the product's own connection and headers, without the host's access check. */
export interface ServedScreens {
  readonly url: string;
  /** Addresses that a page requested and that don't exist. */
  readonly missing: string[];
  signal<S extends SignalName>(name: S, data: Signal<S>): void;
  /** Ends every connection. */
  drop(): void;
  close(): Promise<void>;
}

/**
 * @param dist holds `renderer` and `models`
 * @param down the core's state that the host reports while the core is down; null while it is up
 */
export async function serveScreens(
  dist: string,
  methods: CoreMethods,
  down: () => CoreState | null = () => null,
): Promise<ServedScreens> {
  const files = listStaticFiles(dist);
  const missing: string[] = [];
  const screens = new Set<RpcServer>();
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    if (request.url === '/core-state') {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(down() ?? { state: 'ready', code: null, message: '', nextStep: '' }));
      return;
    }
    const file = findStaticFile(files, request.url ?? '');
    if (!file) {
      missing.push(request.url ?? '');
      response.statusCode = 404;
      response.end();
      return;
    }
    response.setHeader('content-type', file.type);
    response.end(readFileSync(file.path));
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (down() || request.url !== '/rpc') {
      socket.destroy();
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws: WebSocket) => {
      const screen = serveCore(webSocketChannel(ws), methods, { log: () => undefined });
      screens.add(screen);
      void screen.closed.then(() => screens.delete(screen));
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const drop = (): void => {
    for (const screen of screens) screen.close();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    missing,
    signal(name, data) {
      for (const screen of screens) screen.signal(name, data);
    },
    drop,
    async close() {
      drop();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
