import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { resolve } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { WebSocket } from 'ws';
import { type WebSocketLike, webSocketChannel } from '../../../electron/contract/channel-websocket.ts';
import { connectClient } from '../../../electron/contract/rpc.ts';
import type { CoreEvent } from '../../../electron/core/serving/core-supervisor.ts';
import { type BrowserHost, startBrowserHost } from '../../../electron/host-browser/browser-host.ts';
import { plainDist, temporaryFolder } from './kiosk-page.ts';

/* The browser host with real processes and sockets, and Node instead of the browser, as an attacker might use it. */

export const CORE = resolve(import.meta.dirname, 'browser-test-core.ts');
export const visit = '01890a5d-ac96-774b-bcce-b302099a8057';
export let dist: ReturnType<typeof plainDist>;
export let home: ReturnType<typeof temporaryFolder>;
export let host: BrowserHost;
export const logs: { level: string; message: string; fields: Record<string, unknown> }[] = [];

export async function start(): Promise<void> {
  host = await startBrowserHost({
    home: home.path,
    demo: true,
    browser: { mode: 'none' },
    dist: dist.path,
    coreModule: CORE,
    log: (level, message, fields = {}) => void logs.push({ level, message, fields }),
  });
}
/** Makes folders before each test, and ends its host after it. */
export function useBrowserHost(): void {
  beforeEach(() => {
    logs.length = 0;
    dist = plainDist();
    home = temporaryFolder('home-');
  });
  afterEach(async () => {
    await host.close();
    dist.remove();
    home.remove();
  });
}

export const until = (wanted: CoreEvent['state']['state'], from = host): Promise<CoreEvent> =>
  new Promise((done) => {
    const stop = from.onCoreEvent((event) => {
      if (event.state.state !== wanted) return;
      queueMicrotask(() => stop());
      done(event);
    });
  });

/** Resolves when a core process with another id is running. */
export const restartedAfter = (before: number): Promise<void> =>
  new Promise((done) => {
    const stop = host.onCoreEvent(({ pid }) => {
      if (pid === null || pid === before) return;
      queueMicrotask(() => stop());
      done();
    });
  });

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}
export function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = options;
  return new Promise((done, fail) => {
    const request = httpRequest(host.url, { method, path, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => (text += part));
      response.on('end', () => done({ status: response.statusCode!, headers: response.headers, body: text }));
    });
    request.on('error', fail);
    request.end(body);
  });
}
export const tokenIn = (file: string): string => /name="token" value="([^"]+)"/.exec(readFileSync(file, 'utf8'))![1]!;
export const form = { 'content-type': 'application/x-www-form-urlencoded', origin: 'null' };
export const postToken = (token: string, headers: Record<string, string> = form): Promise<Answer> =>
  ask('/enter', { method: 'POST', headers, body: `token=${token}` });

export async function enter(): Promise<string> {
  const answer = await postToken(tokenIn(host.enterFile!));
  expect(answer.status).toBe(200);
  return String(answer.headers['set-cookie']).split(';')[0]!;
}
export function dial(
  cookie: string | undefined,
  headers: Record<string, string> = {},
  path = '/rpc',
): Promise<WebSocket | number> {
  const socket = new WebSocket(host.url.replace('http', 'ws') + path, {
    headers: { origin: host.url, ...(cookie ? { cookie } : {}), ...headers },
    perMessageDeflate: false,
  });
  return new Promise((done) => {
    socket.on('open', () => done(socket));
    socket.on('unexpected-response', (_, response) => {
      response.resume();
      done(response.statusCode ?? 0);
    });
    socket.on('error', () => done(0));
  });
}
export async function screen(cookie: string) {
  const socket = await dial(cookie);
  if (!(socket instanceof WebSocket)) throw new Error(`refused: ${socket}`);
  return { socket, ...connectClient(webSocketChannel(socket as unknown as WebSocketLike)) };
}
export const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
