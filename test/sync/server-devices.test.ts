import { get as httpGet } from 'node:http';
import { connect as tlsConnect } from 'node:tls';
import { afterAll, describe, expect, test } from 'vitest';
import { createDeviceIdentity, deviceRequest } from '../../sync/edge/identity.ts';
import { sealBatch } from '../../sync/protocol/seal/batch.ts';
import { issueDeviceCertificate } from '../../sync/server/platform/keys/certificates.ts';
import { call, codeOf } from '../kit/client.ts';
import { ackOf, askAt, certificateOf, newKiosk, postBatch, sealOutbox, sync } from '../kit/kiosk.ts';
import { MemoryOutbox } from '../kit/outbox.ts';
import { provision } from '../kit/register.ts';
import { newServer } from '../kit/server.ts';

/* The listener for devices, and how a kiosk and its server authenticate each other. */

const NAME = 'Zyxwvut Qponmlk';
const server = await newServer({ start: false });
const kiosk = await newKiosk(server);
await server.start();
const { box: outbox, secret, bundle } = kiosk;
const strange = await newServer({ start: false });
afterAll(async () => {
  await server.close();
  await strange.close();
});

describe('the transport', () => {
  test.each(['peopleUrl', 'deviceUrl'] as const)('%s uses only TLS 1.3', async (which) => {
    const { hostname, port } = new URL(server[which]);
    const attempt = (version: 'TLSv1.2' | 'TLSv1.3') =>
      new Promise<string>((resolve) => {
        const socket = tlsConnect(
          {
            host: hostname,
            port: Number(port),
            rejectUnauthorized: false,
            minVersion: version,
            maxVersion: version,
            ...(which === 'deviceUrl' && certificateOf(kiosk)),
          },
          () => {
            resolve(socket.getProtocol() ?? '');
            socket.destroy();
          },
        );
        socket.on('error', (e: NodeJS.ErrnoException) => resolve(e.code ?? 'error'));
      });
    expect(await attempt('TLSv1.2')).toMatch(/PROTOCOL_VERSION/);
    expect(await attempt('TLSv1.3')).toBe('TLSv1.3');
  });

  test.each(['peopleUrl', 'deviceUrl'] as const)('%s gives plain HTTP no answer', async (which) => {
    const outcome = await new Promise<string>((resolve) => {
      const req = httpGet(server[which].replace('https:', 'http:'), (res) => resolve(`ANSWERED ${res.statusCode}`));
      req.on('error', (e: NodeJS.ErrnoException) => resolve(e.code ?? 'error'));
    });
    expect(outcome).toMatch(/ECONNRESET|HPE_INVALID|EPROTO/);
  });

  test('lets only clients with a certificate of our CA reach the devices listener', async () => {
    const ask = (tls: object) => askAt(server.deviceUrl, kiosk, tls);
    expect((await ask({})).json().code).toBe('certificate-required');
    const other = await provisionElsewhere();
    expect((await ask({ cert: other.tlsCertPem, key: secret.tlsKeyPem })).json().code).toBe('certificate-not-ours');
    // The same call with the right certificate is answered, so the certificate caused the errors above.
    expect((await ask(certificateOf(kiosk))).status).toBe(200);
  });

  test('a kiosk refuses a server outside its pinned CA, and keeps its events', async () => {
    const box = new MemoryOutbox(outbox.device);
    box.person(NAME);
    const other = await provisionElsewhere();
    const status = await sync({ secret, box, bundle: { ...bundle, keys: { ...bundle.keys, caPem: [other.caPem] } } });
    expect(status).toMatchObject({ online: false, queued: 1, problem: { code: 'server-not-trusted' } });
  });
});

/** Issues a certificate for this same device from another server's CA. */
async function provisionElsewhere(): Promise<{ caPem: string; tlsCertPem: string }> {
  const ca = await strange.offline(async ({ keyring }) => keyring.ca);
  const { csr } = await deviceRequest(secret, 'Front door');
  return { caPem: ca.certPem, tlsCertPem: await issueDeviceCertificate(ca, outbox.device, csr, Date.now()) };
}

describe('a kiosk and its server', () => {
  test('events arrive, are acknowledged, and appear on the board; a replay changes nothing', async () => {
    const person = outbox.person(NAME);
    const checkin = outbox.checkin(person);
    expect(await sync(kiosk)).toMatchObject({ online: true, queued: 0 });
    expect((await server.board()).rows.filter((r) => r.id === checkin.header.id)).toMatchObject([
      { name: NAME, direction: 'in', liveness: 'off (demo)', voided: null },
    ]);

    const sealed = await sealBatch(
      outbox.events,
      { signing: secret.signing, server: bundle.keys.sealing, serverId: bundle.serverId },
      new Date().toISOString(),
    );
    const marks = async (answer: Awaited<ReturnType<typeof call>>) => {
      const { serverTime: _, ...rest } = await ackOf(answer.body, kiosk);
      return rest;
    };
    const first = await marks(await postBatch(server.deviceUrl, kiosk, sealed));
    expect(first).toMatchObject({ committed: 2, safe: 0 });
    expect(await marks(await postBatch(server.deviceUrl, kiosk, sealed))).toEqual(first);
    expect((await server.board()).rows.filter((r) => r.id === checkin.header.id)).toHaveLength(1);
  });

  test('a batch of another registered device is refused on this device’s connection, with a code', async () => {
    const mallory = new MemoryOutbox();
    mallory.person('Mallory');
    const sealed = await sealOutbox({ secret, bundle, box: mallory });
    expect((await postBatch(server.deviceUrl, kiosk, sealed)).json().code).toBe('wrong-issuer');
    expect((await postBatch(server.deviceUrl, kiosk, 'x.y.z')).json().code).toBe('batch-malformed');
    const tooLarge = postBatch(server.deviceUrl, kiosk, 'A'.repeat(1_500_000)).then((answer) => answer.json().code);
    // The server may close the connection before it has read everything.
    expect(await tooLarge.catch((e: { code?: string }) => e.code)).toMatch(/batch-too-large|ECONNRESET|EPIPE/);
  });

  test('a device’s certificate with another device’s signature is refused', async () => {
    const thief = await createDeviceIdentity(outbox.device);
    const box = new MemoryOutbox(outbox.device);
    box.person(NAME);
    expect(await sync({ bundle, box, secret: { ...secret, signing: thief.signing } })).toMatchObject({
      queued: 1,
      problem: { code: 'bad-signature' },
    });
  });

  test('errors of the devices listener are problem+json and reveal no internals', async () => {
    const tls = certificateOf(kiosk);
    for (const [path, options, code] of [
      ['/nowhere', {}, 'not-found'],
      ['/v1/batches', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }, 'bad-request'],
    ] as const) {
      const answer = await call(`${server.deviceUrl}${path}`, { ...options, tls });
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(answer.json()).toMatchObject({ code, status: answer.status });
      expect(answer.body).not.toMatch(/\.ts|node_modules/);
    }
  });
});

test('a revoked device is refused at its next message', async () => {
  await server.offline(({ db }) =>
    db.updateTable('device').set({ status: 'revoked' }).where('id', '=', outbox.device).execute(),
  );
  outbox.person('Late');
  expect(await sync(kiosk)).toMatchObject({ queued: 1, problem: { code: 'device-revoked' } });
  await server.stop();
  expect(await codeOf(provision(server.env, secret, 'Front door'))).toBe('device-revoked');
});
