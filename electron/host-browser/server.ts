import { open } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { CoreState, HostMessage } from '../contract/host.ts';
import type { CoreOptions } from '../core/interface.ts';
import { SECURITY_HEADERS } from '../core/serving/headers.ts';
import { cacheControl, findStaticFile, type StaticFiles } from '../core/serving/static-files.ts';
import { judgeRequest, judgeUpgrade, type RequestHead, tokenOf } from './checks.ts';
import { type Gate, sessionCookie } from './gate.ts';
import { ERROR_PAGES, type ErrorPageCode, errorPage } from './pages.ts';

export interface LoopbackOptions {
  readonly files: StaticFiles;
  readonly gate: Gate;
  readonly log: CoreOptions['log'];
  /** 0: any free port. */
  readonly port: number;
  readonly coreState: () => CoreState;
  /** Passes an upgraded socket to the core; false if there is no core. */
  readonly connect: (message: Extract<HostMessage, { type: 'connect' }>, socket: Socket) => boolean;
  /** Called when the bootstrap's token was exchanged. */
  readonly entered: () => void;
}

export interface LoopbackServer {
  readonly port: number;
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  close(): Promise<void>;
}

const MAX_BODY = 1_024;

/** Starts the browser host's loopback server, which serves pages and models to the kiosk's own browser and to nobody else. */
export async function serveLoopback(options: LoopbackOptions): Promise<LoopbackServer> {
  const { gate, log } = options;
  let authority = '';
  let errors = 0;
  const server = createServer({
    maxHeaderSize: 16_384,
    requestTimeout: 10_000,
    keepAliveTimeout: 30_000,
    connectionsCheckingInterval: 1_000,
  });
  server.maxConnections = 64;

  /** Logs the first fifty errors, then only every power of two, so that a local flood can't fill the disk. */
  const note = (code: ErrorPageCode, head: Partial<RequestHead>): void => {
    errors += 1;
    if (errors > 50 && (errors & (errors - 1)) !== 0) return;
    const { method = '', target = '', headers = {} } = head;
    const text = (value: string | undefined): string | null =>
      value?.slice(0, 100).replace(/[^\x20-\x7e]/g, '?') ?? null;
    log('warn', 'host: request refused', {
      code,
      count: errors,
      method: text(method),
      path: text(target.split('?')[0]),
      host: text(headers.host),
      origin: text(headers.origin),
    });
  };

  function send(
    response: ServerResponse,
    status: number,
    type: string,
    body: string,
    headers: Record<string, string> = {},
  ): void {
    response.writeHead(status, {
      ...SECURITY_HEADERS,
      'cache-control': 'no-store',
      'content-type': type,
      'content-length': Buffer.byteLength(body),
      ...headers,
    });
    response.end(response.req.method === 'HEAD' ? undefined : body);
  }
  const refuse = (response: ServerResponse, code: ErrorPageCode, head: RequestHead): void => {
    note(code, head);
    // Closed after an error, so that nothing else in flight on this connection is read.
    send(response, ERROR_PAGES[code][0], 'text/html; charset=utf-8', errorPage(code), { connection: 'close' });
  };

  async function sendFile(
    request: IncomingMessage,
    response: ServerResponse,
    head: RequestHead,
    added: Record<string, string> = {},
  ): Promise<void> {
    const file = findStaticFile(options.files, head.target);
    // Browsers request it on their own; an error would only fill the log.
    if (head.target === '/favicon.ico') {
      response.writeHead(204, SECURITY_HEADERS).end();
      return;
    }
    if (!file) return refuse(response, 'not-found', head);
    const headers = {
      ...SECURITY_HEADERS,
      'cache-control': cacheControl(file),
      etag: file.etag,
      'content-type': file.type,
      ...added,
    };
    if (request.headers['if-none-match'] === file.etag) {
      response.writeHead(304, headers).end();
      return;
    }
    // The handle is closed even if the page disconnects before the first byte.
    await using handle = await open(file.path);
    const { size } = await handle.stat();
    response.writeHead(200, { ...headers, 'content-length': size });
    if (request.method === 'HEAD') response.end();
    else await pipeline(handle.createReadStream(), response);
  }

  async function enter(request: IncomingMessage, response: ServerResponse, head: RequestHead): Promise<void> {
    const body = await readBody(request);
    const token = body === null ? null : tokenOf(body);
    if (token === null) return refuse(response, 'bad-request', head);
    const result = gate.exchange(token);
    if ('refused' in result) return refuse(response, result.refused, head);
    log('info', 'host: the kiosk page opened its session');
    options.entered();
    // Answered with the kiosk's page itself, because an HTTP redirect from the bootstrap file would not carry a Strict cookie.
    // The page then gives its address as `/`, so that a reload doesn't send the token again.
    await sendFile(request, response, { ...head, target: '/' }, { 'set-cookie': sessionCookie(result.session) });
  }

  server.on('request', (request, response) => {
    const head: RequestHead = { method: request.method ?? '', target: request.url ?? '', headers: request.headers };
    const verdict = judgeRequest(head, authority, gate);
    if ('refuse' in verdict) return refuse(response, verdict.refuse, head);
    if (verdict.allow === 'core-state')
      return send(response, 200, 'application/json', JSON.stringify(options.coreState()));
    (verdict.allow === 'enter' ? enter(request, response, head) : sendFile(request, response, head)).catch(
      (error: unknown) => {
        // The page disconnected in the middle, or a file vanished. The page will ask again.
        log('warn', 'host: a request did not finish', { path: head.target.slice(0, 100), error });
        response.destroy();
      },
    );
  });

  server.on('upgrade', (request, duplex: Duplex, headBytes: Buffer) => {
    const socket = duplex as Socket;
    socket.on('error', (error) => log('debug', 'host: a socket failed before it reached the core', { error }));
    const head: RequestHead = { method: request.method ?? '', target: request.url ?? '', headers: request.headers };
    const code = judgeUpgrade(head, authority, gate);
    if (code) {
      note(code, head);
      return refuseSocket(socket, code);
    }
    const message = {
      type: 'connect' as const,
      upgrade: { url: '/rpc', headers: handshakeHeaders(request), head: headBytes.toString('base64') },
    };
    if (!options.connect(message, socket)) refuseSocket(socket, 'core-not-ready');
  });
  server.on('clientError', (_error, socket) => {
    note('bad-request', {});
    if (socket.writable) refuseSocket(socket as Socket, 'bad-request');
    else socket.destroy();
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: options.port, host: '127.0.0.1', exclusive: true }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  authority = `127.0.0.1:${port}`;
  return {
    port,
    origin: `http://${authority}`,
    // Without a callback, which Node never calls once a core that received a socket has ended.
    close() {
      server.close();
      server.closeAllConnections();
      return Promise.resolve();
    },
  };
}

/** Returns the headers that `ws` needs to finish the handshake, without cookies. */
function handshakeHeaders(request: IncomingMessage): Record<string, string> {
  const names = ['upgrade', 'connection', 'sec-websocket-key', 'sec-websocket-version'];
  return Object.fromEntries(names.map((name) => [name, String(request.headers[name] ?? '')]));
}

function refuseSocket(socket: Duplex, code: ErrorPageCode): void {
  const body = errorPage(code);
  const headers = {
    ...SECURITY_HEADERS,
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${ERROR_PAGES[code][0]} ${code}\r\n${lines.join('')}\r\n${body}`);
}

/** Returns the body as text, or null if it is longer than a token needs. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.byteLength;
    if (size > MAX_BODY) return null;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
