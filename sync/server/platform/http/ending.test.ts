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
/** That `/slow` has been asked, and that it may answer. */
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

test('a stop answers what is under way, and ends silent and half-spoken connections at once', async () => {
  const port = await listening();
  const busy = await client(port, 'GET /slow HTTP/1.1\r\nhost: x\r\n\r\n');
  const idle = [await client(port), await client(port, 'GET /slow HTTP/1.1\r\nho')];
  await underWay.promise;
  const closing = app.close();
  // They are gone while the answer is still awaited: what would be cut off after the grace would take that one along.
  await Promise.all(idle.map(({ socket }) => socket.destroyed || once(socket, 'close')));
  expect([busy.text(), busy.socket.destroyed]).toEqual(['', false]);
  mayEnd.resolve();
  await closing;
  await ended(busy.socket);
  expect(busy.text()).toMatch(/^HTTP\/1.1 200 OK[\s\S]*done$/);
  await expect(once(tcpConnect(port, '127.0.0.1'), 'connect')).rejects.toThrow(/ECONNREFUSED/);
});

test('an answer that is written, and that a slow reader has not taken yet, is not cut off by a stop', async () => {
  const LENGTH = 32 * 1024 * 1024;
  const port = await listening((fastify) => {
    fastify.get('/large', async () => Buffer.alloc(LENGTH, 'x'));
  });
  const { socket, text } = await client(port, 'GET /large HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(socket, 'data');
  socket.pause();
  const closing = app.close();
  // What is still listening has not come to its end of the stop.
  while (app.server.listening) await new Promise(setImmediate);
  socket.resume();
  await closing;
  await ended(socket);
  expect(text().length - text().indexOf('x'.repeat(10))).toBe(LENGTH);
});

test('the connection of an answer that had begun ends after it, by TLS’s closing word', async () => {
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
  // Its headers went out before the stop, and do not say that the connection ends.
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
  // In TLS 1.3 a record says of an alert no more than its length: two bytes, one for its type, 16 of the cipher's tag.
  expect(lengths.at(-1)).toBe(2 + 1 + 16);
});

test('a stop ends a WebSocket by its closing words', async () => {
  const port = await listening(async (fastify) => {
    await fastify.register(websocket);
    fastify.get('/live', { websocket: true }, () => undefined);
  });
  const socket = new WebSocket(`wss://127.0.0.1:${port}/live`, { rejectUnauthorized: false });
  await once(socket, 'open');
  const closed = once(socket, 'close');
  await app.close();
  const [code] = await closed;
  // What is cut off closes with 1006.
  expect(code).not.toBe(1006);
});

test('what never ends is cut off after the grace', async () => {
  const port = await listening((fastify) => {
    closesGently(fastify, 200);
  });
  const { socket } = await client(port, 'GET /slow HTTP/1.1\r\nhost: x\r\n\r\n');
  await underWay.promise;
  await app.close();
  await ended(socket);
});
