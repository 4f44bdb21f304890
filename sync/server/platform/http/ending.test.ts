import { once } from 'node:events';
import { createServer, type Socket, connect as tcpConnect } from 'node:net';
import { Readable } from 'node:stream';
import { connect } from 'node:tls';
import websocket from '@fastify/websocket';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import WebSocket from 'ws';
import { selfSignedServerCertificate } from '../keys/certificates.ts';
import { closesGently } from './ending.ts';
import { createListener, type Listener } from './listener.ts';

const certificate = await selfSignedServerCertificate(['127.0.0.1'], Date.now());
let app: Listener;
/** Resolved when `/slow` was requested, and when it may answer. */
let underWay: PromiseWithResolvers<void>;
let mayEnd: PromiseWithResolvers<void>;
beforeEach(() => {
  underWay = Promise.withResolvers();
  mayEnd = Promise.withResolvers();
});
afterEach(() => app?.close());

async function listening(prepare: (app: Listener) => unknown = () => undefined): Promise<number> {
  app = createListener({ key: certificate.keyPem, cert: certificate.certPem }, pino({ level: 'silent' }));
  await prepare(app);
  app.get('/slow', async () => {
    underWay.resolve();
    await mayEnd.promise;
    return 'done';
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as { port: number }).port;
}
async function client(port: number, send = '') {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  socket.write(send);
  return { socket, text: () => text };
}
const ended = async (socket: Socket) => socket.closed || once(socket, 'close');

test('a stop answers requests under way, and closes idle connections and incomplete requests at once', async () => {
  const port = await listening();
  const busy = await client(port, 'GET /slow HTTP/1.1\r\nhost: x\r\n\r\n');
  const idle = [await client(port), await client(port, 'GET /slow HTTP/1.1\r\nho')];
  await underWay.promise;
  const closing = app.close();
  // They are closed before the response is sent. The cut-off after the grace period would have ended that connection too.
  await Promise.all(idle.map(({ socket }) => socket.destroyed || once(socket, 'close')));
  expect([busy.text(), busy.socket.destroyed]).toEqual(['', false]);
  mayEnd.resolve();
  await closing;
  await ended(busy.socket);
  expect(busy.text()).toMatch(/^HTTP\/1.1 200 OK[\s\S]*done$/);
  await expect(once(tcpConnect(port, '127.0.0.1'), 'connect')).rejects.toThrow(/ECONNREFUSED/);
});

test('a stop doesn’t cut off a response that is written but not yet received by a slow client', async () => {
  const LENGTH = 32 * 1024 * 1024;
  const port = await listening((fastify) => {
    fastify.get('/large', async () => Buffer.alloc(LENGTH, 'x'));
  });
  const { socket, text } = await client(port, 'GET /large HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(socket, 'data');
  socket.pause();
  const closing = app.close();
  // While it still listens, the stop has not reached its end.
  while (app.server.listening) await new Promise(setImmediate);
  socket.resume();
  await closing;
  await ended(socket);
  expect(text().length - text().indexOf('x'.repeat(10))).toBe(LENGTH);
});

test('after a response that had started, the connection ends with TLS’s close_notify', async () => {
  const port = await listening((fastify) => {
    fastify.get('/long', async () =>
      Readable.from(
        (async function* () {
          yield 'begun';
          underWay.resolve();
          await mayEnd.promise;
          yield 'done';
        })(),
      ),
    );
  });
  const sent: Buffer[] = [];
  const relay = createServer((near) => {
    const far = tcpConnect(port, '127.0.0.1');
    far.on('data', (bytes) => sent.push(bytes));
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on('error', () => undefined);
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const through = (relay.address() as { port: number }).port;
  const { socket, text } = await client(through, 'GET /long HTTP/1.1\r\nhost: x\r\n\r\n');
  await underWay.promise;
  // The headers were sent before the stop, so they don't say that the connection will be closed.
  while (!text().includes('begun')) await once(socket, 'data');
  const closing = app.close();
  mayEnd.resolve();
  await closing;
  await ended(socket);
  relay.close();
  expect(text()).not.toMatch(/^connection: close/im);
  expect(text()).toMatch(/\r\n\r\n5\r\nbegun\r\n4\r\ndone\r\n0\r\n\r\n$/);
  const lengths: number[] = [];
  const all = Buffer.concat(sent);
  for (let at = 0; at < all.length; at += 5 + lengths.at(-1)!) lengths.push(all.readUInt16BE(at + 3));
  // In TLS 1.3 only an alert record's length is visible: two bytes, one for its type, and 16 for the cipher's tag.
  expect(lengths.at(-1)).toBe(2 + 1 + 16);
});

test('a stop ends a WebSocket with a closing handshake', async () => {
  const port = await listening(async (fastify) => {
    await fastify.register(websocket);
    fastify.get('/live', { websocket: true }, () => undefined);
  });
  const socket = new WebSocket(`wss://127.0.0.1:${port}/live`, { rejectUnauthorized: false });
  await once(socket, 'open');
  const closed = once(socket, 'close');
  await app.close();
  const [code] = await closed;
  // 1006 would mean that it was cut off.
  expect(code).not.toBe(1006);
});

test('a request that never ends is cut off after the grace period', async () => {
  const port = await listening((fastify) => {
    closesGently(fastify, 200);
  });
  const { socket } = await client(port, 'GET /slow HTTP/1.1\r\nhost: x\r\n\r\n');
  await underWay.promise;
  await app.close();
  await ended(socket);
});
