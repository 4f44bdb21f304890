import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { selfSignedServerCertificate } from '../../sync/server/keys/certificates.ts';
import { joined, type Kiosk, sendAs, type TestServer, testServer, tls } from './identity-kit.ts';

/* What one device, and what strangers, may hold of the devices listener: over real connections. */
let server: TestServer;
let kiosk: Kiosk;
const open: TLSSocket[] = [];

beforeAll(async () => {
  server = await testServer();
  kiosk = await joined(server);
});
afterAll(async () => {
  for (const socket of open) socket.destroy();
  await server?.close();
});

async function connection(own: { cert?: string; key?: string }): Promise<TLSSocket> {
  const socket = await tls(server.url(), { ...own, ALPNProtocols: ['http/1.1'] });
  // It may be closed on us at any moment: that is what is looked at.
  socket.on('error', () => undefined);
  open.push(socket);
  return socket;
}

const mine = () => ({ cert: kiosk.bundle.tlsCertPem, key: kiosk.secret.tlsKeyPem });

/** A request whose head is sent and whose body is held back. */
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

const settled = () => new Promise((resolve) => setTimeout(resolve, 300));

test.each([
  ['messages', 'POST', '/v1/batches', 'application/jose'],
  ['photos', 'PUT', `/v1/photos/${'A'.repeat(43)}?offset=0&total=1000`, 'application/octet-stream'],
])(
  'a device that has two %s under way hears 429 and when to come back, before a byte of the third is read',
  async (_what, method, path, type) => {
    const held = [await begun(method, path, type), await begun(method, path, type)];
    await settled();
    const third = await answerTo(await begun(method, path, type));
    expect(third.statusCode).toBe(429);
    expect(third.headers['retry-after']).toBe('1');
    expect(third.problem.code).toBe('too-many-requests');
    // Whoever gives up makes room.
    for (const call of held) call.destroy();
    await settled();
    const later = await begun(method, path, type);
    later.end('x'.repeat(999));
    expect((await answerTo(later)).problem.code).toBe(method === 'PUT' ? 'photo-unexpected' : 'batch-malformed');
  },
);

test('photos that are held back take no place of the messages', async () => {
  const path = `/v1/photos/${'A'.repeat(43)}?offset=0&total=1000`;
  const held = [
    await begun('PUT', path, 'application/octet-stream'),
    await begun('PUT', path, 'application/octet-stream'),
  ];
  await settled();
  expect(await sendAs(server, kiosk)).toBe(1);
  for (const call of held) call.destroy();
});

test('a photo of nobody’s event, or by a device that was revoked, is refused with its code', async () => {
  const path = `/v1/photos/${'B'.repeat(43)}`;
  const ask = async () => {
    const socket = await connection(mine());
    return (await answerTo(request({ path, createConnection: () => socket }).end())).problem.code;
  };
  expect(await ask()).toBe('photo-unexpected');
  const before = kiosk;
  kiosk = await joined(server, 'Side door', randomUUID());
  await server.operate('device revoke', { device: kiosk.secret.device });
  expect(await ask()).toBe('device-revoked');
  kiosk = before;
});

test('strangers have twenty connections from one address and ten seconds, a certificate of their own or none; a kiosk gets in meanwhile', async () => {
  const strangers: TLSSocket[] = [];
  const { certPem: cert, keyPem: key } = await selfSignedServerCertificate(['127.0.0.1'], Date.now());
  for (let i = 0; i < 25; i++) strangers.push(await connection(i % 2 ? { cert, key } : {}));
  await settled();
  expect(strangers.filter((s) => s.closed || s.readableEnded || s.destroyed)).toHaveLength(5);
  expect(await sendAs(server, kiosk)).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 10_500));
  expect(strangers.filter((s) => s.closed || s.readableEnded || s.destroyed)).toHaveLength(25);
}, 30_000);
