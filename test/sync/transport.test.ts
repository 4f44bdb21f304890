import { randomUUID } from 'node:crypto';
import type { Server as HttpServer } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer as createNet, type Server } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDeviceIdentity, type DeviceSecret, deviceRequest } from '../../sync/edge/identity.ts';
import { HttpsTransport } from '../../sync/edge/transport/https.ts';
import type { TransportOptions } from '../../sync/edge/transport/interface.ts';
import { newSealingKey, newSigningKey, publicHalf } from '../../sync/protocol/seal/keys.ts';
import {
  createCa,
  issueDeviceCertificate,
  issueServerCertificate,
  type KeyAndCertificate,
} from '../../sync/server/platform/keys/certificates.ts';
import { codeOf } from '../kit/client.ts';
import { type ConnectProxy, connectProxy } from '../services/connect-proxy.ts';

const DAY = 86_400_000;
const device = randomUUID();
const serverId = randomUUID();
const open = new Set<Server | HttpServer>();
const never = new AbortController().signal;
let ca: KeyAndCertificate;
let strange: KeyAndCertificate;
let secret: DeviceSecret;
let deviceCert: string;

beforeAll(async () => {
  ca = await createCa(serverId, Date.now());
  strange = await createCa(randomUUID(), Date.now());
  secret = await createDeviceIdentity(device);
  deviceCert = await issueDeviceCertificate(ca, device, (await deviceRequest(secret, 'Door')).csr, Date.now());
});
afterAll(async () => {
  for (const server of open) {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  }
});

async function listen<S extends Server | HttpServer>(server: S): Promise<number> {
  open.add(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Starts a server that answers every POST with `ANSWER` and records what it received. */
async function serve(own: KeyAndCertificate, tls: TlsOptions = {}) {
  const seen: string[] = [];
  const server = createHttps(
    { key: own.keyPem, cert: own.certPem, ca: ca.certPem, requestCert: true, minVersion: 'TLSv1.3', ...tls },
    (req, res) => {
      seen.push(`${req.method} ${req.url}`);
      req.resume().on('end', () => res.end('ANSWER'));
    },
  );
  return { port: await listen(server), seen };
}

function transport(url: string, changes: Partial<TransportOptions> = {}): HttpsTransport {
  return new HttpsTransport({
    bundle: { serverId, serverUrl: url, mqttUrls: [] },
    device,
    keys: () => ({
      serial: 1,
      signing: [publicHalf(newSigningKey())],
      sealing: publicHalf(newSealingKey()),
      caPem: [ca.certPem],
    }),
    credentials: () => ({ certPem: deviceCert, keyPem: secret.tlsKeyPem }),
    trustedNow: Date.now,
    ...changes,
  });
}

async function attempt(url: string, changes: Partial<TransportOptions> = {}): Promise<string> {
  const https = transport(url, changes);
  try {
    return await https.exchange('batch', 'a.b.c', never);
  } catch (cause) {
    return (cause as { code: string }).code;
  } finally {
    await https.close();
  }
}

describe('the brokers a kiosk talks to', () => {
  test('its own server, on both addresses of an exchange', async () => {
    const { port, seen } = await serve(await issueServerCertificate(ca, ['127.0.0.1'], Date.now()));
    const https = transport(`https://127.0.0.1:${port}`);
    expect(await https.exchange('batch', 'a.b.c', never)).toBe('ANSWER');
    expect(await https.exchange('ask', 'a.b.c', never)).toBe('ANSWER');
    await https.close();
    expect(seen).toEqual(['POST /v1/batches', 'POST /v1/asks']);
  });

  test('no server of another CA, which receives not a byte', async () => {
    const { port, seen } = await serve(await issueServerCertificate(strange, ['127.0.0.1'], Date.now()));
    expect(await attempt(`https://127.0.0.1:${port}`)).toBe('server-not-trusted');
    expect(seen).toEqual([]);
  });

  test('no other kiosk that poses as the server with its own certificate', async () => {
    const thief = { certPem: deviceCert, keyPem: secret.tlsKeyPem };
    const { port, seen } = await serve(thief);
    expect(await attempt(`https://127.0.0.1:${port}`)).toBe('server-not-trusted');
    expect(seen).toEqual([]);
  });

  test('no server under a name that is not in its certificate', async () => {
    const { port, seen } = await serve(await issueServerCertificate(ca, ['127.0.0.1'], Date.now()));
    expect(await attempt(`https://localhost:${port}`)).toBe('server-wrong-host');
    expect(seen).toEqual([]);
  });

  test('certificate dates are checked by trusted time, even if the system clock disagrees', async () => {
    const fine = await serve(await issueServerCertificate(ca, ['127.0.0.1'], Date.now()));
    expect(await attempt(`https://127.0.0.1:${fine.port}`, { trustedNow: () => Date.now() + 500 * DAY })).toBe(
      'server-certificate-expired',
    );
    const ended = await serve(await issueServerCertificate(ca, ['127.0.0.1'], Date.now() - 400 * DAY));
    expect(await attempt(`https://127.0.0.1:${ended.port}`)).toBe('server-certificate-expired');
    expect(await attempt(`https://127.0.0.1:${ended.port}`, { trustedNow: () => Date.now() - 30 * DAY })).toBe(
      'ANSWER',
    );
    expect(fine.seen).toEqual([]);
  });

  test('a trusted time before the certificate’s start locks nobody out', async () => {
    const { port } = await serve(await issueServerCertificate(ca, ['127.0.0.1'], Date.now()));
    expect(await attempt(`https://127.0.0.1:${port}`, { trustedNow: () => Date.now() - 900 * DAY })).toBe('ANSWER');
  });

  test('no server that offers only TLS 1.2', async () => {
    const { port, seen } = await serve(await issueServerCertificate(ca, ['127.0.0.1'], Date.now()), {
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
    });
    expect(await attempt(`https://127.0.0.1:${port}`)).toBe('server-not-trusted');
    expect(seen).toEqual([]);
  });

  test('a server that accepts but stays silent is abandoned when the engine aborts', async () => {
    const port = await listen(createNet());
    const https = transport(`https://127.0.0.1:${port}`);
    const early = new AbortController();
    const sent = codeOf(https.exchange('batch', 'a.b.c', early.signal));
    setTimeout(() => early.abort(), 50);
    expect(await sent).toBe('exchange-aborted');
    await https.close();
  });
});

describe('through a proxy', () => {
  let proxy: ConnectProxy;
  beforeAll(async () => {
    proxy = await connectProxy();
  });
  afterAll(() => proxy?.close());

  test('the exchange uses CONNECT, end to end encrypted, with the proxy’s credentials', async () => {
    const { port } = await serve(await issueServerCertificate(ca, ['127.0.0.1'], Date.now()));
    expect(await attempt(`https://127.0.0.1:${port}`, { proxy: proxy.url })).toBe('ANSWER');
    expect(proxy.asked.at(-1)).toBe(`127.0.0.1:${port}`);
  });

  test('a rejection is reported with its next step, and no message quotes the password', async () => {
    const https = transport('https://127.0.0.1:9', { proxy: `http://kiosk:wrong-secret@127.0.0.1:${proxy.port}` });
    const cause = await https.exchange('batch', 'a.b.c', never).then(
      () => null,
      (e: Error & { code: string }) => e,
    );
    expect(cause?.code).toBe('proxy-refused');
    expect(JSON.stringify([cause, cause?.message, cause?.stack])).not.toContain('wrong-secret');
    await https.close();
    expect(await attempt('https://127.0.0.1:9', { proxy: 'http://kiosk:wrong-secret@127.0.0.1:9' })).toBe(
      'proxy-unreachable',
    );
  });

  test('a server behind the proxy is verified just the same', async () => {
    const { port, seen } = await serve(await issueServerCertificate(strange, ['127.0.0.1'], Date.now()));
    expect(await attempt(`https://127.0.0.1:${port}`, { proxy: proxy.url })).toBe('server-not-trusted');
    expect(seen).toEqual([]);
  });
});
