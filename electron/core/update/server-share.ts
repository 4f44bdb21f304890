import { chmodSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createServer } from '../../../sync/edge/http.ts';
import { VerifiedAgent } from '../../../sync/edge/tls/agent.ts';
import type { TransportOptions } from '../../../sync/edge/transport/interface.ts';
import { httpSource, isTurnedAway } from '../../../sync/edge/update/http-source.ts';
import type { UpdateSource } from '../../../sync/edge/update/source.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { repositoryFile, UPDATES_PATH } from '../../../sync/protocol/wire/release.ts';
import type { CoreOptions } from '../interface.ts';
import { serverSocket } from './files.ts';
import type { UpdateLayout } from './layout.ts';

export interface ServerShareDeps {
  readonly layout: UpdateLayout;
  /** The current connection to the server; null without a server. */
  readonly server: () => TransportOptions | null;
  readonly log: CoreOptions['log'];
}

/** Most requests at a time; the updater makes one. */
const MOST = 4;

/**
 * Gives the updater, which is another user and has no key of this device, access to the server's repository: over a socket in the
 * spool, repository files and nothing else. The updater trusts none of it; TUF authenticates the files.
 */
export async function shareServer(deps: ServerShareDeps): Promise<{ close(): Promise<void> }> {
  const { layout, log } = deps;
  const path = serverSocket(layout);
  let agent: { readonly of: TransportOptions; readonly agent: VerifiedAgent; readonly source: UpdateSource } | null =
    null;

  const source = (): UpdateSource | null => {
    const options = deps.server();
    if (agent && agent.of !== options) {
      agent.agent.destroy();
      agent = null;
    }
    if (!agent && options) {
      const made = new VerifiedAgent(options, { maxSockets: MOST });
      const url = new URL(UPDATES_PATH, options.bundle.serverUrl).href;
      agent = { of: options, agent: made, source: httpSource({ name: 'server', url, agent: made, ours: true }) };
    }
    return agent?.source ?? null;
  };

  const server = createServer({ maxHeaderSize: 8192, requestTimeout: 30_000 }, (request, response) => {
    give(request, response).catch((error: unknown) => {
      const full = error instanceof Problem && error.code === 'update-busy';
      if (!full) log('info', 'update: the server’s repository could not be read', { error });
      if (response.headersSent) response.destroy();
      // If the server rejects this kiosk, pass that on with the reason.
      else if (error instanceof Problem && isTurnedAway(error))
        response
          .writeHead(403, { 'content-type': 'application/problem+json' })
          .end(JSON.stringify({ code: error.code }));
      else response.writeHead(full ? 429 : 502).end();
    });
  });
  server.maxConnections = MOST;

  async function give(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = '', headers } = request;
    const wanted = url.startsWith(`${UPDATES_PATH}/`) ? url.slice(UPDATES_PATH.length + 1) : '';
    if (method !== 'GET' || repositoryFile(wanted) === null) {
      response.writeHead(404).end();
      return;
    }
    const from = Number(/^bytes=(\d{1,15})-$/.exec(headers.range ?? '')?.[1] ?? 0);
    const now = source();
    if (!now) throw new Problem('no-server');
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const file = await now.open(wanted, { from, signal: gone.signal });
    if (!file) {
      response.writeHead(404).end();
      return;
    }
    const { total } = file;
    if (file.from > 0) {
      const last = total === null ? '' : String(total - 1);
      if (total === null) throw new Problem('update-unreachable', { source: 'server', reason: 'no length' });
      response.writeHead(206, { 'content-range': `bytes ${file.from}-${last}/${total}` });
    } else response.writeHead(200, total === null ? {} : { 'content-length': total });
    await pipeline(file.bytes, response);
  }

  rmSync(path, { force: true }); // left by a previous core
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  // Only the kiosk and the updater's group can access the spool's folder.
  chmodSync(path, 0o660);
  return {
    close: () =>
      new Promise((resolve) => {
        agent?.agent.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
