import { once } from 'node:events';
import { connect as tcpConnect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import websocket from '@fastify/websocket';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import WebSocket from 'ws';
import { selfSignedServerCertificate } from '../keys/certificates.ts';
import { closesGently } from './ending.ts';
import { createListener, type Listener } from './listener.ts';

const certificate = await selfSignedServerCertificate(['127.0.0.1'], Date.now());
let app: Listener;
afterEach(() => app?.close());

async function listening(prepare: (app: Listener) => unknown = () => undefined): Promise<number> {
  app = createListener({ key: certificate.keyPem, cert: certificate.certPem }, pino({ level: 'silent' }));
  await prepare(app);
  app.get('/slow', async () => {
    await sleep(400);
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
  await sleep(50);
  return { socket, text: () => text };
}
const took = async (work: Promise<unknown>) => {
  const began = performance.now();
  await work;
  return performance.now() - began;
};

test('a stop answers what is under way, and ends silent and half-spoken connections at once', async () => {
  const port = await listening();
  const busy = await client(port, 'GET /slow HTTP/1.1\r\nhost: x\r\n\r\n');
  const idle = [await client(port), await client(port, 'GET /slow HTTP/1.1\r\nho')];
  const closing = app.close();
  await Promise.all(idle.map(({ socket }) => socket.destroyed || once(socket, 'close')));
  expect(busy.text()).toBe('');
  expect(await took(closing)).toBeLessThan(5000);
  expect(busy.text()).toMatch(/^HTTP\/1.1 200 OK[\s\S]*done$/);
  await expect(once(tcpConnect(port, '127.0.0.1'), 'connect')).rejects.toThrow(/ECONNREFUSED/);
});

test('a stop ends a WebSocket by its closing words', async () => {
  const port = await listening(async (fastify) => {
    await fastify.register(websocket);
    fastify.get('/live', { websocket: true }, () => undefined);
  });
  const socket = new WebSocket(`wss://127.0.0.1:${port}/live`, { rejectUnauthorized: false });
  await once(socket, 'open');
  const closed = once(socket, 'close');
  expect(await took(app.close())).toBeLessThan(5000);
  const [code] = await closed;
  expect(code).not.toBe(1006);
});

test('what never ends is cut off after the grace', async () => {
  const port = await listening((fastify) => {
    closesGently(fastify, 200);
    fastify.get('/never', () => new Promise(() => undefined));
  });
  const { socket } = await client(port, 'GET /never HTTP/1.1\r\nhost: x\r\n\r\n');
  expect(await took(app.close())).toBeLessThan(5000);
  expect(socket.destroyed || (await once(socket, 'close'))).toBeTruthy();
});
