import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createGate, sessionCookie } from './gate.ts';
import { type LoopbackServer, serveLoopback } from './server.ts';

/* How much of the loopback server one program on the same machine can occupy. All limits are those that ship. */

const gate = createGate(() => performance.now(), 60_000);
const folder = mkdtempSync(join(tmpdir(), 'sp-loopback-'));
const path = join(folder, 'model.bin');
const MODEL = { path, type: 'application/octet-stream', bytes: 4_000_000, etag: '"1"', immutable: false };
const PAGE = { ...MODEL, path: join(folder, 'index.html'), type: 'text/html; charset=utf-8', bytes: 15 };
let server: LoopbackServer;
beforeAll(async () => {
  writeFileSync(path, Buffer.alloc(MODEL.bytes));
  writeFileSync(PAGE.path, '<!doctype html>');
  server = await serveLoopback({
    files: new Map([
      ['/', PAGE],
      ['/model.bin', MODEL],
    ]),
    gate,
    log: () => undefined,
    port: 0,
    coreState: () => ({ state: 'starting' }) as never,
    connect: () => false,
    entered: () => undefined,
  });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

async function connected(): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Returns everything received until the server closes the connection. */
async function untilClosed(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => {
    text += chunk;
  });
  if (!socket.closed) await once(socket, 'close');
  return text;
}

const HEAD = (length: number) =>
  `POST /enter HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nOrigin: null\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${length}\r\n\r\n`;

test('allows 64 connections at once, and closes any more without reading them', async () => {
  const sockets = await Promise.all(Array.from({ length: 70 }, connected));
  const closed: Socket[] = [];
  await new Promise<void>((resolve) => {
    for (const socket of sockets)
      socket.resume().once('close', () => {
        closed.push(socket);
        if (closed.length === 6) resolve();
      });
  });
  // Accepted connections are answered.
  const open = sockets.filter((socket) => !closed.includes(socket));
  for (const socket of open) socket.write('nonsense\r\n\r\n');
  const answers = await Promise.all(open.map(untilClosed));
  expect(answers.filter((answer) => answer.startsWith('HTTP/1.1 400'))).toHaveLength(64);
});

test('refuses a body of more than 1 KiB, whatever its token', async () => {
  for (const [padding, status] of [
    [900, 200],
    [1_000, 400],
  ] as const) {
    const body = `token=${gate.issueToken()}&padding=${'A'.repeat(padding)}`;
    const socket = await connected();
    socket.write(`${HEAD(body.length)}${body}`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString('latin1')).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    socket.destroy();
  }
});

test('does not wait for headers and bodies that never end', async () => {
  const [headers, body] = [await connected(), await connected()];
  headers.write('GET / HTTP/1.1\r\nHost: ');
  body.write(`${HEAD(100)}token=`);
  const answers = await Promise.all([untilClosed(headers), untilClosed(body)]);
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
});

test('can be closed after a core that had taken a page’s socket has ended', async () => {
  const core = spawn(process.execPath, ['-e', `process.on('message', () => process.exit(7))`], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const ended = once(core, 'exit');
  const other = await serveLoopback({
    files: new Map(),
    gate,
    log: () => undefined,
    port: 0,
    coreState: () => ({ state: 'ready' }) as never,
    connect: (message, socket) => core.send(message, socket),
    entered: () => undefined,
  });
  const { session } = gate.exchange(gate.issueToken()) as { session: string };
  const page = connect(other.port, '127.0.0.1').on('error', () => undefined);
  page.write(
    `GET /rpc HTTP/1.1\r\nHost: 127.0.0.1:${other.port}\r\nOrigin: ${other.origin}\r\nCookie: ${sessionCookie(session)}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  );
  expect(await ended).toEqual([7, null]);
  await other.close();
});

test('leaves no file open if a page disconnects in the middle of it', async () => {
  const { session } = gate.exchange(gate.issueToken()) as { session: string };
  const cookie = sessionCookie(session).split(';')[0]!;
  const get = `GET /model.bin HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nCookie: ${cookie}\r\n\r\n`;
  const whole = await connected();
  whole.write(get);
  const [answer] = (await once(whole, 'data')) as [Buffer];
  expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /);
  whole.destroy();
  for (let i = 0; i < 50; i++) {
    const socket = await connected();
    socket.write(get, () => setTimeout(() => socket.destroy(), i % 5));
    await once(socket, 'close');
  }
  const open = () =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(join('/proc/self/fd', fd)) === path;
      } catch {
        return false; // closed meanwhile
      }
    });
  await expect.poll(open).toEqual([]);
});
