import { existsSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect as tcpConnect } from 'node:net';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type WebSocketLike, webSocketChannel } from '../../electron/contract/channel-websocket.ts';
import { connectClient } from '../../electron/contract/rpc.ts';
import type { CoreEvent } from '../../electron/core/serving/core-supervisor.ts';
import { type BrowserHost, startBrowserHost } from '../../electron/host-browser/browser-host.ts';
import { plainDist, temporaryFolder } from './support/kiosk-page.ts';
import { PINS } from './support/test-core.ts';

/* The browser host with real processes and sockets, and Node in place of the browser: what an attacker would use too. */

const CORE = resolve(import.meta.dirname, 'support/browser-test-core.ts');
const visit = '01890a5d-ac96-774b-bcce-b302099a8057';
let dist: ReturnType<typeof plainDist>;
let home: ReturnType<typeof temporaryFolder>;
let host: BrowserHost;
const logs: { level: string; message: string; fields: Record<string, unknown> }[] = [];

async function start(): Promise<void> {
  host = await startBrowserHost({
    home: home.path,
    demo: true,
    browser: { mode: 'none' },
    dist: dist.path,
    coreModule: CORE,
    log: (level, message, fields = {}) => void logs.push({ level, message, fields }),
  });
}
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

const until = (wanted: CoreEvent['state']['state'], from = host): Promise<CoreEvent> =>
  new Promise((done) => {
    const stop = from.onCoreEvent((event) => {
      if (event.state.state !== wanted) return;
      queueMicrotask(() => stop());
      done(event);
    });
  });

/** Resolves when a core process with another id is there. */
const startedAnew = (before: number): Promise<void> =>
  new Promise((done) => {
    const stop = host.onCoreEvent(({ pid }) => {
      if (pid === null || pid === before) return;
      queueMicrotask(() => stop());
      done();
    });
  });

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}
function ask(
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
const tokenIn = (file: string): string => /name="token" value="([^"]+)"/.exec(readFileSync(file, 'utf8'))![1]!;
const form = { 'content-type': 'application/x-www-form-urlencoded', origin: 'null' };
const postToken = (token: string, headers: Record<string, string> = form): Promise<Answer> =>
  ask('/enter', { method: 'POST', headers, body: `token=${token}` });

async function enter(): Promise<string> {
  const answer = await postToken(tokenIn(host.enterFile!));
  expect(answer.status).toBe(200);
  return String(answer.headers['set-cookie']).split(';')[0]!;
}
function dial(
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
async function screen(cookie: string) {
  const socket = await dial(cookie);
  if (!(socket instanceof WebSocket)) throw new Error(`refused: ${socket}`);
  return { socket, ...connectClient(webSocketChannel(socket as unknown as WebSocketLike)) };
}
const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('the way in', () => {
  it('is a 0600 file in a 0700 folder; its token opens the kiosk once, and the file goes', async () => {
    await start();
    const file = host.enterFile!;
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(file, '..')).mode & 0o777).toBe(0o700);
    const token = tokenIn(file);
    const answer = await postToken(token);
    expect(answer.headers['set-cookie']).toEqual([
      expect.stringMatching(/^smartpresence=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/),
    ]);
    expect(answer.headers['set-cookie']).not.toContain(token);
    expect(existsSync(file)).toBe(false);
    expect(host.enterFile).toBeNull();
    const again = await postToken(token);
    expect(again.status).toBe(403);
    expect(again.body).toContain('token-used');
    expect(again.headers['set-cookie']).toBeUndefined();
    expect(logs.some((l) => l.level === 'warn' && l.fields.code === 'token-used')).toBe(true);
  });

  it('is open to one of fifty requests with the same token at once', async () => {
    await start();
    const token = tokenIn(host.enterFile!);
    const statuses = (await Promise.all(Array.from({ length: 50 }, () => postToken(token)))).map((a) => a.status);
    expect(statuses.filter((s) => s === 200)).toHaveLength(1);
    expect(statuses.filter((s) => s === 403)).toHaveLength(49);
  });

  it('keeps the session over reloads, and gives page, assets and models with strict headers', async () => {
    await start();
    const cookie = await enter();
    for (let i = 0; i < 3; i++) expect((await ask('/', { headers: { cookie } })).status).toBe(200);
    for (const [path, type] of [
      ['/', 'text/html; charset=utf-8'],
      ['/assets/app-1.js', 'text/javascript; charset=utf-8'],
      ['/models/face.tflite', 'application/octet-stream'],
    ] as const) {
      const { headers } = await ask(path, { headers: { cookie } });
      expect(headers['content-type']).toBe(type);
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['permissions-policy']).toContain('camera=(self)');
    }
    const { etag } = (await ask('/models/face.tflite', { headers: { cookie } })).headers;
    expect((await ask('/models/face.tflite', { headers: { cookie, 'if-none-match': String(etag) } })).status).toBe(304);
    expect((await ask('/', { method: 'HEAD', headers: { cookie } })).body).toBe('');
  });
});

describe('a screen', () => {
  it('reaches the core over a socket that the host has let go of, so that no frame passes through the host', async () => {
    await start();
    await until('ready');
    const { client, socket } = await screen(await enter());
    const picture = { width: 640, height: 640, data: new Uint8Array(640 * 640 * 3).fill(255) };
    for (let i = 0; i < 20; i++) {
      expect(await client.probe({ visit, frame: { picture, box: [1, 1, 9, 9], others: 0, takenAt: i } })).toEqual({
        kind: 'more',
        progress: 1,
      });
    }
    const inode = serverSocket(
      Number(new URL(host.url).port),
      (socket as unknown as { _socket: { localPort: number } })._socket.localPort,
    );
    expect(socketsOf(host.corePid!)).toContain(inode);
    expect(socketsOf(process.pid)).not.toContain(inode);
    socket.terminate();
  });

  it('is told that the core ended, sees it restart within two seconds, and connects again with the same session', async () => {
    await start();
    const { pid } = await until('ready');
    const cookie = await enter();
    const { client, closed } = await screen(cookie);
    const call = client.staffUnlock({ pin: PINS.dies }).catch((error) => error.code);
    const killedAt = performance.now();
    await closed;
    expect(await call).toBe('rpc-gone');
    await until('restarting');
    const restarted = startedAnew(pid!).then(() => performance.now() - killedAt);
    expect(JSON.parse((await ask('/core-state', { headers: { cookie } })).body)).toMatchObject({
      state: 'restarting',
      code: 'core-restarting',
    });
    expect(await dial(cookie)).toBe(503);
    expect(await restarted).toBeLessThan(2_000);
    await until('ready');
    const again = await screen(cookie);
    expect(await again.client.hello({})).toMatchObject({ site: 'Test' });
  });

  it('learns code and next step of a core that refuses to start', async () => {
    writeFileSync(join(home.path, 'refuse'), '');
    await start();
    await until('refused');
    const cookie = await enter();
    expect(await dial(cookie)).toBe(503);
    expect(JSON.parse((await ask('/core-state', { headers: { cookie } })).body)).toEqual({
      state: 'refused',
      code: 'store-wrong-key',
      message: 'The store’s key is wrong.',
      nextStep: 'Recover the key.',
    });
    expect((await ask('/core-state')).status).toBe(403);
  });
});

describe('nobody else gets in', () => {
  it('refuses upgrades by origin, host, cookie and path, and the core never hears of them', async () => {
    await start();
    await until('ready');
    const cookie = await enter();
    const cases: [string | undefined, Record<string, string>, string, number][] = [
      [cookie, { origin: 'http://127.0.0.1:1' }, '/rpc', 403],
      [cookie, { origin: 'null' }, '/rpc', 403],
      [cookie, { origin: 'file://' }, '/rpc', 403],
      [cookie, { host: 'evil.example' }, '/rpc', 421],
      [cookie, { host: `localhost:${new URL(host.url).port}` }, '/rpc', 421],
      [undefined, {}, '/rpc', 403],
      ['smartpresence=guess', {}, '/rpc', 403],
      [cookie, {}, '/rpc?x', 404],
      [cookie, {}, '/', 404],
    ];
    for (const [c, headers, path, status] of cases) expect(await dial(c, headers, path)).toBe(status);
    expect(logs.filter((l) => l.message === 'host: request refused')).toHaveLength(cases.length);
    expect((await screen(cookie)).client).toBeTruthy();
  });

  it('gives no file to traversal, foreign hosts, other methods or who has no session', async () => {
    await start();
    const cookie = await enter();
    const paths = [
      '/../secret.json',
      '/assets/../../secret.json',
      '/assets/%2e%2e/%2e%2e/secret.json',
      '/..%2fsecret.json',
      '/models/..\\..\\secret.json',
      '//secret.json',
      '/%00',
      `/${'a'.repeat(8_000)}`,
    ];
    for (const path of paths) {
      const answer = await ask(path, { headers: { cookie } });
      expect([path.slice(0, 40), answer.status]).toEqual([path.slice(0, 40), 404]);
      expect(answer.body).not.toContain('"secret"');
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])
      expect((await ask('/', { method, headers: { cookie } })).status).toBe(405);
    for (const path of ['/', '/assets/app-1.js', '/models/face.tflite', '/nothing'])
      expect((await ask(path)).status).toBe(403);
    expect((await ask('/', { headers: { cookie, host: 'evil.example' } })).status).toBe(421);
    expect((await ask('/', { headers: { cookie, origin: 'https://evil.example' } })).status).toBe(403);
    const refusal = await ask('/nothing/<script>', { headers: { cookie } });
    expect(refusal.body).toContain('not-found');
    expect(refusal.body).not.toContain('<script>');
  });

  it('refuses long headers, long bodies and what is not HTTP, and lives', async () => {
    await start();
    const cookie = await enter();
    expect(
      (await ask('/', { headers: { cookie, 'x-long': 'a'.repeat(20_000) } }).catch(() => ({ status: 400 }))).status,
    ).toBe(400);
    expect(
      (
        await ask('/enter', { method: 'POST', headers: form, body: `token=${'a'.repeat(100_000)}` }).catch(() => ({
          status: 400,
        }))
      ).status,
    ).toBe(400);
    expect(await raw('\x16\x03\x01\x02\x00\x01\x00')).toMatch(/^(HTTP\/1.1 400|$)/);
    expect(await raw(`GET / HTTP/1.1\r\nHost: ${new URL(host.url).host}\r\nHost: evil\r\n\r\n`)).not.toMatch(
      /^HTTP\/1.1 2/,
    );
    expect(
      await raw(
        `GET / HTTP/1.1\r\nHost: ${new URL(host.url).host}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      ),
    ).not.toMatch(/^HTTP\/1.1 2/);
    expect((await ask('/', { headers: { cookie } })).status).toBe(200);
  });

  it('answers arbitrary requests without a session with refusals alone, and lives', async () => {
    await start();
    await until('ready');
    const header = fc.string({ maxLength: 60 }).map((s) => s.replace(/[^\x21-\x7e]/g, ''));
    const ours = fc.constantFrom(
      new URL(host.url).host,
      host.url,
      'null',
      'websocket',
      'Upgrade',
      'smartpresence=x',
      '',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'OPTIONS', 'TRACE', 'QUERY', 'get'),
        fc.oneof(fc.constantFrom('/', '/rpc', '/enter', '/core-state', '*'), fc.webPath(), header),
        fc.dictionary(
          fc.constantFrom(
            'Host',
            'Origin',
            'Cookie',
            'Upgrade',
            'Connection',
            'Sec-WebSocket-Key',
            'Content-Type',
            'Content-Length',
          ),
          fc.oneof(ours, header),
        ),
        fc.string({ maxLength: 100 }),
        async (method, path, headers, body) => {
          const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
          const answer = await raw(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
          expect(answer).not.toMatch(/^HTTP\/1.1 (1|2|3)/);
          expect(answer).not.toMatch(/set-cookie/i);
        },
      ),
      { numRuns: 300 },
    );
    expect(host.coreEvent.state.state).toBe('ready');
    const { client } = await screen(await enter());
    expect(await client.hello({})).toMatchObject({ site: 'Test' });
  });

  it('lives through arbitrary frames on an open connection: bytes, text, and one that is too large', async () => {
    await start();
    const { pid } = await until('ready');
    const cookie = await enter();
    const noisy = await screen(cookie);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), fc.string(), async (bytes, text) => {
        noisy.socket.send(bytes);
        noisy.socket.send(text);
      }),
      { numRuns: 300 },
    );
    expect(await noisy.client.hello({})).toMatchObject({ site: 'Test' });
    noisy.socket.send(new Uint8Array(6_000_000));
    await noisy.closed;
    const after = await screen(cookie);
    expect(await after.client.hello({})).toMatchObject({ site: 'Test' });
    expect(host.corePid).toBe(pid);
  });
});

describe('the end', () => {
  it('leaves no process, no file and no open port', async () => {
    await start();
    const { pid } = await until('ready');
    const folder = join(host.enterFile!, '..');
    const { closed } = await screen(await enter());
    await host.close();
    await closed;
    expect(alive(pid!)).toBe(false);
    expect(existsSync(folder)).toBe(false);
    await expect(ask('/')).rejects.toThrow(/ECONNREFUSED/);
    expect(host.coreEvent.state.state).toBe('stopped');
  });

  it('takes the core along when the port is taken', async () => {
    await start();
    const port = Number(new URL(host.url).port);
    await expect(
      startBrowserHost({
        home: home.path,
        demo: true,
        port,
        browser: { mode: 'none' },
        dist: dist.path,
        coreModule: CORE,
        log: () => undefined,
      }),
    ).rejects.toMatchObject({ code: 'port-in-use' });
  });
});

/** Sends bytes as they are and gives whatever comes back until the server closes, or for 150 ms. */
function raw(text: string): Promise<string> {
  return new Promise((done) => {
    const socket = tcpConnect(Number(new URL(host.url).port), '127.0.0.1');
    let answer = '';
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      done(answer);
    };
    const timer = setTimeout(finish, 150);
    socket.on('data', (part) => {
      answer += part.toString('latin1');
      if (answer.includes('\r\n\r\n')) finish();
    });
    socket.on('error', finish);
    socket.on('close', finish);
    socket.write(text, 'latin1');
  });
}

/** The inode of the server's end of a loopback connection (proc_net_tcp(5): hexadecimal ports, field 9 is the inode). */
function serverSocket(serverPort: number, clientPort: number): string {
  const ends = [serverPort, clientPort].map((port) => `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`);
  const rows = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((row) => row.trim().split(/\s+/));
  return rows.find((row) => row[1] === ends[0] && row[2] === ends[1])![9]!;
}

/** Inodes of the sockets that a process holds. */
function socketsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(join(folder, fd)))?.[1] ?? [];
    } catch {
      return []; // closed between listing and reading
    }
  });
}
