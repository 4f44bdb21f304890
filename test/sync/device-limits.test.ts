import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { revokeDevice } from '../../sync/protocol/api/devices.ts';
import { selfSignedServerCertificate } from '../../sync/server/platform/keys/certificates.ts';
import { type Link, newKiosk, sendEvent, tls } from '../kit/kiosk.ts';
import { newServer, type TestServer } from '../kit/server.ts';

/* Limits of the devices listener for each device and for unauthenticated connections, over real connections. */
let server: TestServer;
let kiosk: Link;
const open: TLSSocket[] = [];

beforeAll(async () => {
  server = await newServer();
  kiosk = await newKiosk(server);
});
afterAll(async () => {
  for (const socket of open) socket.destroy();
  await server?.close();
});

async function connection(own: { cert?: string; key?: string }): Promise<TLSSocket> {
  const socket = await tls(server.deviceUrl, { ...own, ALPNProtocols: ['http/1.1'] });
  // The server may close it at any moment, which is what these tests check.
  socket.on('error', () => undefined);
  open.push(socket);
  return socket;
}

const mine = () => ({ cert: kiosk.bundle.tlsCertPem, key: kiosk.secret.tlsKeyPem });

/** Starts a request: sends its head and holds back its body. */
async function begun(method: string, path: string, type: string): Promise<ClientRequest> {
  const socket = await connection(mine());
  const headers = { 'content-type': type, 'content-length': 1000 };
  const call = request({ method, path, headers, createConnection: () => socket });
  call.on('error', () => undefined);
  call.write('x');
  return call;
}

async function answerTo(call: ClientRequest): Promise<IncomingMessage & { problem: { code: string } }> {
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += chunk;
  return Object.assign(response, { problem: JSON.parse(text) });
}

/** Returns the answer to the one request that is refused, and the others, which are held, with their answers to come. */
async function theRefused(calls: ClientRequest[]) {
  const asked = calls.map((call) => ({ call, answered: answerTo(call) }));
  const first = await Promise.race(asked.map(async (each) => ({ answer: await each.answered, each })));
  return { answer: first.answer, held: asked.filter((each) => each !== first.each) };
}

/** Name, method, path, content type. */
type Kind = readonly [string, string, string, string];
const MESSAGES: Kind = ['messages', 'POST', '/v1/batches', 'application/jose'];
const PHOTOS: Kind = ['photos', 'PUT', `/v1/photos/${'A'.repeat(43)}?offset=0&total=1000`, 'application/octet-stream'];
const threeOf = async ([, method, path, type]: Kind) =>
  Promise.all([begun(method, path, type), begun(method, path, type), begun(method, path, type)]);

test.each([MESSAGES, PHOTOS])(
  'one of three simultaneous %s of a device gets 429 and a retry time before its body is read',
  async (...kind) => {
    const [, method, path, type] = kind;
    // The network decides which one arrives third.
    const { answer, held } = await theRefused(await threeOf(kind));
    expect(answer.statusCode).toBe(429);
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.problem.code).toBe('too-many-requests');
    const code = method === 'PUT' ? 'photo-unexpected' : 'batch-malformed';
    held[0]!.call.end('x'.repeat(999));
    expect((await held[0]!.answered).problem.code).toBe(code);
    // Aborting a request also frees its place.
    held[1]!.call.destroy();
    await vi.waitFor(async () => {
      const later = await begun(method, path, type);
      later.end('x'.repeat(999));
      expect((await answerTo(later)).problem.code).toBe(code);
    }, 60_000);
  },
);

test('photos held back don’t use up the limit of messages', async () => {
  const { held } = await theRefused(await threeOf(PHOTOS));
  expect(await sendEvent(server, kiosk)).toBe(1);
  for (const { call } of held) call.destroy();
});

test('a photo without an event, or from a revoked device, is refused with a code', async () => {
  const path = `/v1/photos/${'B'.repeat(43)}`;
  const ask = async () => {
    const socket = await connection(mine());
    return (await answerTo(request({ path, createConnection: () => socket }).end())).problem.code;
  };
  expect(await ask()).toBe('photo-unexpected');
  const before = kiosk;
  kiosk = await newKiosk(server, 'Side door', randomUUID());
  await server.call(revokeDevice, { params: { device: kiosk.secret.device } });
  expect(await ask()).toBe('device-revoked');
  kiosk = before;
});

/** Returns whether the server answers on this connection; on one that it has closed, it never does. */
async function answers(socket: TLSSocket): Promise<boolean> {
  if (socket.destroyed) return false;
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  return Promise.race([
    once(socket, 'data').then(() => true),
    once(socket, 'close').then(() => false),
    once(socket, 'end').then(() => false),
  ]).catch(() => false);
}

test('unauthenticated clients get twenty short connections per address, and don’t keep a kiosk out', async () => {
  const { certPem: cert, keyPem: key } = await selfSignedServerCertificate(['127.0.0.1'], Date.now());
  const unauthenticated = await Promise.all(
    Array.from({ length: 25 }, (_, i) => connection(i % 2 ? { cert, key } : {})),
  );
  const heard = await Promise.all(unauthenticated.map(answers));
  expect(heard.filter(Boolean)).toHaveLength(20);
  expect(await sendEvent(server, kiosk)).toBe(1);
  // The ten-second limit, and that joining lifts it, are tested with a controlled clock in per-device-queue.test.ts.
  await Promise.all(unauthenticated.map((s) => s.closed || once(s, 'close')));
});
