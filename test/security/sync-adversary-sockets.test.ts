import { once } from 'node:events';
import { connect as tcpConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { connect as mqttConnect } from 'mqtt';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDeviceIdentity, deviceRequest } from '../../sync/edge/identity.ts';
import { sealBatch } from '../../sync/protocol/seal/batch.ts';
import { MAX_SEALED_BYTES, MESSAGE_PATHS } from '../../sync/protocol/wire/batch.ts';
import { upTopic } from '../../sync/protocol/wire/topics.ts';
import { createListener } from '../../sync/server/platform/http/listener.ts';
import {
  issueDeviceCertificate,
  type KeyAndCertificate,
  selfSignedServerCertificate,
} from '../../sync/server/platform/keys/certificates.ts';
import { sClient } from '../kit/broker.ts';
import { call, codeOf } from '../kit/client.ts';
import { ackOf, certificateOf, type Kiosk, newKiosk, postBatch } from '../kit/kiosk.ts';
import { newServer, type TestServer } from '../kit/server.ts';
import { until } from '../kit/wait.ts';
import { reservePorts } from '../services/ports.ts';

/** An attacker who can open connections to the server's ports. */

let ports: { people: number; devices: number; mqtts: number; wss: number };
let kiosk: Kiosk;
let server: TestServer;
let own: KeyAndCertificate;
let ca: KeyAndCertificate;
let foreign: KeyAndCertificate;

beforeAll(async () => {
  const [mqtts, wss] = (await reservePorts(2)) as [number, number];
  server = await newServer({
    env: {
      SMARTPRESENCE_MQTT: 'embedded',
      SMARTPRESENCE_MQTT_PORT: String(mqtts),
      SMARTPRESENCE_MQTT_WSS_PORT: String(wss),
    },
    start: false,
  });
  const { peoplePort, devicePort } = server.config;
  ports = { people: peoplePort, devices: devicePort, mqtts, wss };
  kiosk = await newKiosk(server, 'Door');
  ({ ca, devices: own } = await server.offline(async ({ keyring }) => keyring));
  await using strange = await newServer({ start: false });
  foreign = await strange.offline(async ({ keyring }) => keyring.ca);
  await server.start();
});
afterAll(async () => {
  await server?.close();
});

const mine = () => certificateOf(kiosk);
async function freshBatch(): Promise<string> {
  const { secret, bundle, box } = kiosk;
  box.newEpoch();
  box.checkin(box.person('Ada Lovelace'));
  return sealBatch(
    box.pending(500).filter((e) => e.header.epoch === box.epoch),
    { signing: secret.signing, server: bundle.keys.sealing, serverId: bundle.serverId },
    new Date().toISOString(),
  );
}
const post = (body: string, tls: object) => postBatch(server.deviceUrl, kiosk, body, tls);
async function goesOn(): Promise<void> {
  const answer = await post(await freshBatch(), mine());
  expect(await ackOf(answer.body, kiosk)).toMatchObject({ committed: 2 });
}

describe('TLS', () => {
  test.each(['people', 'devices', 'mqtts', 'wss'] as const)('1.2 is refused on the port for %s', async (name) => {
    const port = String(ports[name]);
    const old = await sClient(port, ['-tls1_2']);
    expect(old.output).toMatch(/alert protocol version/);
    expect(old.output).not.toMatch(/BEGIN CERTIFICATE/);
    expect(old.code).not.toBe(0);
    expect((await sClient(port, ['-tls1_3'])).output).toMatch(/TLSv1\.3/);
  });

  const certificates: [string, RegExp, () => Promise<object> | object][] = [
    ['none', /^certificate-required$/, () => ({})],
    [
      'one that it made itself',
      /^certificate-not-ours$/,
      async () => pair(await selfSignedServerCertificate(['127.0.0.1'], Date.now())),
    ],
    [
      'one of another server’s CA for this very device',
      /^certificate-not-ours$/,
      async () => ({ cert: await certificateBy(foreign, Date.now()), key: kiosk.secret.tlsKeyPem }),
    ],
    [
      'one that has expired',
      /^certificate-expired$/,
      async () => ({ cert: await certificateBy(ca, Date.now() - 20 * 365 * 86_400_000), key: kiosk.secret.tlsKeyPem }),
    ],
    [
      'one that is not valid yet',
      /^certificate-not-ours$/,
      async () => ({ cert: await certificateBy(ca, Date.now() + 365 * 86_400_000), key: kiosk.secret.tlsKeyPem }),
    ],
    ['the server’s own', /^certificate-not-ours$/, () => pair(own)],
    ['the CA’s', /^certificate-not-ours$/, () => pair(ca)],
    [
      'one for a device that is not registered, by our CA',
      /^unknown-device$/,
      async () => {
        const stranger = await createDeviceIdentity(crypto.randomUUID());
        const { csr } = await deviceRequest(stranger, 'Door');
        return {
          cert: await issueDeviceCertificate(ca, stranger.device, csr, Date.now()),
          key: stranger.tlsKeyPem,
        };
      },
    ],
    [
      'one for this device with another key, by our CA',
      /^unknown-device$/,
      async () => {
        const stranger = await createDeviceIdentity(kiosk.box.device);
        const { csr } = await deviceRequest(stranger, 'Door');
        return { cert: await issueDeviceCertificate(ca, kiosk.box.device, csr, Date.now()), key: stranger.tlsKeyPem };
      },
    ],
  ];

  test.each(certificates)('a client with %s gets nothing accepted, by HTTPS or MQTT', async (_what, code, make) => {
    const tls = await make();
    const sealed = await freshBatch();
    const answer = await post(sealed, tls).then((a) => a.json().code, codeOfError);
    expect(answer).toMatch(code);
    const client = mqttConnect(`mqtts://127.0.0.1:${ports.mqtts}`, {
      ...tls,
      rejectUnauthorized: false,
      clientId: kiosk.box.device,
      protocolVersion: 4,
      reconnectPeriod: 0,
      connectTimeout: 5000,
    });
    client.on('error', () => undefined);
    const outcome = await new Promise<string>((resolve) => {
      client.on('connect', () => resolve('CONNECTED'));
      client.on('close', () => resolve('refused'));
    });
    client.publish(upTopic(kiosk.bundle.serverId, kiosk.box.device), sealed, { qos: 1 }, () => undefined);
    client.end(true);
    expect(outcome).toBe('refused');
    // The batch itself is sound: on the device's own connection it is accepted as new.
    const taken = await post(sealed, mine());
    expect(await ackOf(taken.body, kiosk)).toMatchObject({
      committed: 2,
    });
    await goesOn();
  });

  const pair = ({ certPem, keyPem }: KeyAndCertificate) => ({ cert: certPem, key: keyPem });
  const codeOfError = (e: { code?: string }) => e.code ?? String(e);
  async function certificateBy(issuer: KeyAndCertificate, at: number): Promise<string> {
    const { csr } = await deviceRequest(kiosk.secret, 'Door');
    return issueDeviceCertificate(issuer, kiosk.box.device, csr, at);
  }
});

/**
 * Sends raw bytes over the device's own connection and returns everything received. It is closed after the first answer
 * and a batch over another connection, because a request behind the first would have been read by then.
 */
async function raw(bytes: string | Buffer): Promise<string> {
  const socket = tlsConnect({ host: '127.0.0.1', port: ports.devices, rejectUnauthorized: false, ...mine() });
  let text = '';
  const closed = new Promise((resolve) => socket.on('close', resolve));
  const answered = new Promise((resolve) => socket.once('data', resolve));
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  socket.write(bytes);
  await Promise.race([closed, answered]);
  await goesOn();
  socket.end();
  await closed;
  return text;
}
const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((m) => m[1]);

describe('HTTP', () => {
  const head = (...lines: string[]) =>
    ['POST /v1/batches HTTP/1.1', 'Host: 127.0.0.1', 'Content-Type: application/jose', ...lines, '', ''].join('\r\n');
  const close = 'Connection: close';
  const inner = head('Content-Length: 0');

  test.each<[string, string[], string | Buffer]>([
    [
      'a length and chunks at once',
      ['400'],
      `${head('Content-Length: 4', 'Transfer-Encoding: chunked')}0\r\n\r\n${inner}`,
    ],
    [
      'chunks and a length at once',
      ['400'],
      `${head('Transfer-Encoding: chunked', 'Content-Length: 4')}0\r\n\r\n${inner}`,
    ],
    ['two lengths', ['400'], `${head('Content-Length: 0', 'Content-Length: 50')}${inner}`],
    ['a list of lengths', ['400'], `${head('Content-Length: 0, 50')}${inner}`],
    ['a negative length', ['400'], head('Content-Length: -1')],
    ['a length with a sign', ['400'], head('Content-Length: +4')],
    ['a hexadecimal length', ['400'], head('Content-Length: 0x10')],
    ['an unknown encoding', ['400'], `${head('Transfer-Encoding: xchunked')}0\r\n\r\n`],
    ['chunked encoding followed by another', ['400'], `${head('Transfer-Encoding: chunked, identity')}0\r\n\r\n`],
    ['a chunk size beyond any integer', ['400'], `${head('Transfer-Encoding: chunked')}${'F'.repeat(17)}\r\nx`],
    ['a chunk whose size is a word', ['400'], `${head('Transfer-Encoding: chunked')}many\r\nx\r\n0\r\n\r\n`],
    ['a chunk that is longer than it says', ['400'], `${head('Transfer-Encoding: chunked')}1\r\nxyz\r\n0\r\n\r\n`],
    ['a space before a colon', ['400'], `${head('Content-Length : 4')}xxxx`],
    ['a header that continues on the next line', ['400'], head('X-A: 1', ' Content-Length: 4')],
    ['a NUL in a header', ['400'], head('X-A: a\0b')],
    ['lines that end with LF only', ['400'], head('Content-Length: 0').replaceAll('\r\n', '\n')],
    ['headers of 100 KiB', ['431'], head(`X-A: ${'a'.repeat(100_000)}`)],
    ['ten thousand headers', ['431'], head(...Array.from({ length: 10_000 }, (_, i) => `X-${i}: 1`))],
    ['an address of 100 KiB', ['431'], `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['a body over the size limit, by its length', ['413'], head(`Content-Length: ${MAX_SEALED_BYTES + 1}`)],
    [
      'a body over the size limit, in chunks',
      ['413'],
      `${head('Transfer-Encoding: chunked')}${`10000\r\n${'A'.repeat(65_536)}\r\n`.repeat(23)}0\r\n\r\n`,
    ],
    ['HTTP/2 by prior knowledge', ['400'], 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['something that is not HTTP', ['400'], 'hello\r\n\r\n'],
    ['a request inside a body: one answer', ['400'], `${head(`Content-Length: ${inner.length}`, close)}${inner}`],
    [
      'the address written differently',
      ['404'],
      head('Content-Length: 0', close).replace('/v1/batches', '/v1/batches/../batches%2f'),
    ],
    [
      'a body of another type',
      ['400'],
      `${head('Content-Length: 2', close).replace('application/jose', 'application/json')}{}`,
    ],
    ['a compressed body', ['400'], `${head('Content-Length: 4', 'Content-Encoding: gzip', close)}xxxx`],
    ['an upgrade', ['400'], head('Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 0')],
  ])('with %s is refused, and the server keeps running', async (_what, wanted, bytes) => {
    const text = await raw(bytes);
    // What follows a refused request is never read as another request.
    // When a request is too long, its rest is unread as the connection closes, and the reset may overtake the answer.
    if (wanted[0] === '431') expect(['', '431']).toContain(statuses(text).join());
    else expect(statuses(text)).toEqual(wanted);
  });

  test('a batch or an ask over the limit is answered with its own code', async () => {
    const long = head(`Content-Length: ${MAX_SEALED_BYTES + 1}`);
    expect(await raw(long)).toContain('"code":"batch-too-large"');
    expect(await raw(long.replace(MESSAGE_PATHS.batch, MESSAGE_PATHS.ask))).toContain('"code":"ask-too-large"');
  });
});

describe('a listener', () => {
  const tls = async () => {
    const { certPem, keyPem } = await selfSignedServerCertificate(['127.0.0.1'], Date.now());
    return { cert: certPem, key: keyPem };
  };
  const listening = async (limits: Parameters<typeof createListener>[2]) => {
    const app = createListener(await tls(), pino({ level: 'silent' }), limits);
    app.get('/', async () => 'alive');
    app.post('/', async () => 'taken');
    await app.listen({ host: '127.0.0.1', port: 0 });
    return { app, port: (app.server.address() as { port: number }).port };
  };
  const alive = async (port: number) => (await call(`https://127.0.0.1:${port}/`)).body;

  test.each<[string, boolean, string]>([
    ['says nothing before the handshake', false, ''],
    ['trickles the handshake', false, '\x16\x03\x01'],
    ['says nothing after the handshake', true, ''],
    ['trickles its headers', true, 'GET / HTTP/1.1\r\nHost: x\r\nX-A: '],
    [
      'trickles its body',
      true,
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n',
    ],
  ])('ends a connection that %s', async (_what, secure, start) => {
    const { app, port } = await listening({ handshakeMs: 300, headersMs: 300, requestMs: 600, checkMs: 50 });
    const socket = secure
      ? tlsConnect({ host: '127.0.0.1', port, rejectUnauthorized: false })
      : tcpConnect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.resume();
    await once(socket, secure ? 'secureConnect' : 'connect');
    socket.write(start);
    // Sends one byte every 50 ms, so the connection is never silent.
    const trickle = start ? setInterval(() => socket.write(secure ? '1' : '\x01'), 50) : undefined;
    await new Promise((resolve) => socket.on('close', resolve));
    clearInterval(trickle);
    expect(await alive(port)).toBe('alive');
    await app.close();
  });

  test('limits the number of connections, and serves again when they have closed', async () => {
    const { app, port } = await listening({ connections: 5 });
    let refused = 0;
    const sockets = Array.from({ length: 30 }, () => {
      const socket = tcpConnect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.on('close', () => {
        refused += 1;
      });
      return socket;
    });
    await until('the others are refused', () => refused === 25);
    expect(await codeOf(alive(port))).toMatch(/ECONNRESET|EPIPE/);
    for (const socket of sockets) socket.destroy();
    await until('it serves again', async () => (await codeOf(alive(port))) === 'ANSWERED');
    await app.close();
  });

  test('has default limits', async () => {
    const { app } = await listening({});
    expect(app.server.maxConnections).toBeLessThanOrEqual(2000);
    expect(app.server.headersTimeout).toBeLessThanOrEqual(15_000);
    expect(app.server.requestTimeout).toBeLessThanOrEqual(30_000);
    await app.close();
  });
});
