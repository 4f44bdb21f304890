import { randomUUID, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDeviceIdentity, deviceRequest } from '../../sync/edge/identity.ts';
import { needsRenewal, performRenewal } from '../../sync/edge/provisioning/renewal.ts';
import { applyServerKeys } from '../../sync/edge/provisioning/server-keys.ts';
import { HttpsTransport } from '../../sync/edge/transport/https.ts';
import { approveDevice, createProvisioningCode, listDevices, revokeDevice } from '../../sync/protocol/api/devices.ts';
import { listServerKeys, retireServerKeys, succeedServerKey } from '../../sync/protocol/api/keys.ts';
import { readConfig } from '../../sync/server/app/config.ts';
import { openDatabase } from '../../sync/server/platform/database/open.ts';
import {
  createCa,
  issueDeviceCertificate,
  selfSignedServerCertificate,
} from '../../sync/server/platform/keys/certificates.ts';
import { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { openKeyring } from '../../sync/server/platform/keys/keyring.ts';
import { call, codeOf } from '../kit/client.ts';
import {
  askChanges,
  certificateOf,
  exchange,
  joinWith,
  type Link,
  newKiosk,
  sealOutbox,
  sendEvent,
  tls,
  transportOptions,
} from '../kit/kiosk.ts';
import { newServer, type TestServer } from '../kit/server.ts';
import { never } from '../kit/wait.ts';

const DAY = 86_400_000;

let server: TestServer;
beforeAll(async () => {
  server = await newServer();
});
afterAll(() => server?.close());

const ask = (kiosk: Link) => askChanges(server, kiosk);
const send = (kiosk: Link) => sendEvent(server, kiosk);
const renew = (kiosk: Link) => performRenewal(kiosk, (sealed) => exchange(server, kiosk, 'ask', sealed), randomUUID());

describe('the devices listener', () => {
  const refused = async (path: string, options: object = {}) =>
    (
      await call(`${server.deviceUrl}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/jose' },
        body: 'x',
        ...options,
      })
    ).json().code;

  test('TLS 1.2 is refused, with and without a certificate', async () => {
    for (const own of [{}, certificateOf(await newKiosk(server))])
      await expect(tls(server.deviceUrl, { ...own, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })).rejects.toThrow(
        /version|VERSION/,
      );
  });

  test('without a certificate, or with a foreign, self-signed or server certificate, only joining is possible', async () => {
    const { secret } = await newKiosk(server);
    const { csr } = await deviceRequest(secret, 'x');
    const foreign = await createCa(randomUUID(), Date.now());
    const cert = await issueDeviceCertificate(foreign, secret.device, csr, Date.now());
    const self = await selfSignedServerCertificate([secret.device], Date.now());
    const as = (c: string, k: string) => ({ tls: { cert: c, key: k } });
    for (const path of ['/v1/batches', '/v1/asks', '/v1/nowhere']) {
      expect(await refused(path), path).toBe('certificate-required');
      expect(await refused(path, as(cert, secret.tlsKeyPem)), path).toBe('certificate-not-ours');
      expect(await refused(path, as(self.certPem, self.keyPem)), path).toBe('certificate-not-ours');
      expect(await refused(path, as(foreign.certPem, foreign.keyPem)), path).toBe('certificate-not-ours');
    }
    expect(await refused('/v1/join')).toBe('join-malformed');
  });

  test('a resumed session without a certificate remains one without', async () => {
    const { hostname, port } = new URL(server.deviceUrl);
    const first = await tls(server.deviceUrl, { minVersion: 'TLSv1.3' });
    const session = new Promise<Buffer>((resolve) => first.once('session', resolve));
    first.write('GET /v1/join HTTP/1.1\r\nhost: x\r\n\r\n');
    const ticket = await session;
    first.destroy();
    const resumed = await tls(server.deviceUrl, { session: ticket, host: hostname, port: Number(port) });
    expect(resumed.isSessionReused()).toBe(true);
    const answer = new Promise<string>((resolve) => resumed.once('data', (d) => resolve(String(d))));
    resumed.write(
      'POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-type: application/jose\r\ncontent-length: 1\r\n\r\nx',
    );
    expect(await answer).toContain('certificate-required');
    resumed.destroy();
  });

  test('a certificate of our CA for a key that was never registered is refused', async () => {
    const { secret, bundle } = await newKiosk(server);
    const thief = await createDeviceIdentity(secret.device);
    const { csr } = await deviceRequest(thief, 'x');
    const tlsCertPem = await server.offline(({ keyring }) =>
      issueDeviceCertificate(keyring.ca, secret.device, csr, Date.now()),
    );
    const withStolenCa = { secret: { ...secret, tlsKeyPem: thief.tlsKeyPem }, bundle: { ...bundle, tlsCertPem } };
    expect(await codeOf(send(withStolenCa))).toBe('unknown-device');
    expect(await send({ secret, bundle })).toBe(1);
  });
});

describe('renewal', () => {
  test('is due when a third of the certificate’s lifetime is left, by trusted time', async () => {
    const { bundle } = await newKiosk(server);
    const { validFromDate, validToDate } = new X509Certificate(bundle.tlsCertPem);
    const third = (validToDate.getTime() - validFromDate.getTime()) / 3;
    expect(needsRenewal(bundle.tlsCertPem, Date.now())).toBe(false);
    expect(needsRenewal(bundle.tlsCertPem, validToDate.getTime() - third - 1000)).toBe(false);
    expect(needsRenewal(bundle.tlsCertPem, validToDate.getTime() - third + 1000)).toBe(true);
  });

  test('issues a certificate for a new key, and the old one stays valid until the new one is used', async () => {
    const old = await newKiosk(server);
    const lost = await renew(old);
    const renewed = await renew(old);
    expect(renewed.secret.tlsKeyPem).not.toBe(old.secret.tlsKeyPem);
    expect(await send(old)).toBe(1);
    expect(await send(renewed)).toBe(1);
    expect(await codeOf(send(old))).toBe('unknown-device');
    expect(await codeOf(send(lost))).toBe('unknown-device');
    expect(await send(renewed)).toBe(1);
  });

  test('a certificate that expired offline can only renew, by proof of possession', async () => {
    const kiosk = await newKiosk(server);
    const revoked = await newKiosk(server);
    await server.call(revokeDevice, { params: { device: revoked.secret.device } });
    server.shift(400 * DAY);
    await server.restart();
    try {
      expect(new X509Certificate(kiosk.bundle.tlsCertPem).validToDate.getTime() < server.now()).toBe(true);
      expect(await codeOf(send(kiosk))).toBe('certificate-expired');
      expect(await codeOf(ask(kiosk))).toBe('certificate-expired');
      const thief = await createDeviceIdentity(kiosk.secret.device);
      const forged = { ...kiosk, secret: { ...kiosk.secret, signing: thief.signing } };
      expect(await codeOf(renew(forged))).toBe('bad-signature');
      expect(await codeOf(renew(revoked))).toBe('device-revoked');
      const renewed = await renew(kiosk);
      expect(new X509Certificate(renewed.bundle.tlsCertPem).validToDate.getTime() < server.now()).toBe(false);
      expect(await send(renewed)).toBe(1);
    } finally {
      server.shift(0);
      await server.restart();
    }
  });
});

describe('a database restored from before a renewal', () => {
  test('has no key of the kiosk, which renews by its signature and can do nothing else until then', async () => {
    const kiosk = await newKiosk(server);
    const renewed = await renew(kiosk);
    expect(await send(renewed)).toBe(1);
    // The registry as it was before: it lacks the later key.
    const lost = { tls_key_hash: '0'.repeat(64) };
    await server.offline(({ db }) =>
      db.updateTable('device').set(lost).where('id', '=', kiosk.secret.device).execute(),
    );
    expect(await codeOf(send(renewed))).toBe('unknown-device');
    expect(await codeOf(ask(renewed))).toBe('unknown-device');
    const thief = await createDeviceIdentity(kiosk.secret.device);
    const forged = { ...renewed, secret: { ...renewed.secret, signing: thief.signing } };
    expect(await codeOf(renew(forged))).toBe('bad-signature');
    expect(await send(await renew(renewed))).toBe(1);
    await server.call(revokeDevice, { params: { device: kiosk.secret.device } });
    expect(await codeOf(renew(renewed))).toBe('unknown-device');
  });
});

describe('revocation', () => {
  test('is undone neither by the device’s old code nor by a new one for any of its keys', async () => {
    const secret = await createDeviceIdentity(randomUUID());
    const { code } = await server.call(createProvisioningCode, { body: { name: 'Stolen' } });
    const first = joinWith(server, secret, code);
    const { fingerprint } = await first.ask(never);
    await server.call(approveDevice, { params: { device: secret.device }, body: { fingerprint } });
    await server.call(revokeDevice, { params: { device: secret.device } });
    const status = async () =>
      (await server.call(listDevices)).items.find((d) => d.id === secret.device) as {
        status: string;
        revokedAt: string | null;
      };
    const { revokedAt } = await status();
    expect(await codeOf(first.ask(never))).toBe('join-code-used');
    const fresh = await createDeviceIdentity(secret.device);
    for (const keys of [fresh, secret, { ...fresh, signing: secret.signing }, { ...fresh, sealing: secret.sealing }]) {
      const again = joinWith(server, keys, code);
      expect(await codeOf(again.ask(never))).toBe('join-code-used');
      again.close();
    }
    const { code: next } = await server.call(createProvisioningCode, { body: { name: 'Again' } });
    for (const keys of [secret, { ...fresh, signing: secret.signing }, { ...fresh, sealing: secret.sealing }]) {
      const again = joinWith(server, keys, next);
      expect(await codeOf(again.ask(never))).toBe('device-revoked');
      again.close();
    }
    expect(await status()).toMatchObject({ status: 'revoked', revokedAt });
    const back = joinWith(server, fresh, next);
    await back.ask(never);
    // A kiosk may use its own code again.
    await back.ask(never);
    expect(await status()).toMatchObject({ status: 'pending', revokedAt });
    first.close();
    back.close();
  });

  test('takes effect at the next message on an open connection, and the device may join again', async () => {
    const kiosk = await newKiosk(server);
    const line = new HttpsTransport(transportOptions(kiosk, server.now));
    kiosk.box.person('Ada');
    const sealed = await sealOutbox(kiosk);
    await line.exchange('batch', sealed, never);
    await server.call(revokeDevice, { params: { device: kiosk.secret.device } });
    expect(await codeOf(line.exchange('batch', sealed, never))).toBe('device-revoked');
    expect(await codeOf(line.exchange('ask', 'x', never))).toBe('device-revoked');
    await line.close();
    expect(await codeOf(server.call(revokeDevice, { params: { device: randomUUID() } }))).toBe('unknown-device');

    const again = await createDeviceIdentity(kiosk.secret.device);
    const { code } = await server.call(createProvisioningCode, { body: { name: 'Again' } });
    const joining = joinWith(server, again, code);
    const { fingerprint } = await joining.ask(never);
    await server.call(approveDevice, { params: { device: again.device }, body: { fingerprint } });
    const grant = (await joining.poll(never))!;
    joining.close();
    expect(await send({ secret: again, bundle: grant.bundle })).toBe(1);
    expect(await codeOf(send(kiosk))).toBe('unknown-device');
  });
});

describe('succession', () => {
  test('a kiosk offline during two successions of every key can connect, learns the new keys, and keeps working without the old', async () => {
    const [kiosk, away] = [await newKiosk(server), await newKiosk(server)];
    for (let round = 0; round < 2; round++)
      for (const purpose of ['signing', 'sealing', 'ca'] as const)
        await server.call(succeedServerKey, { params: { purpose } });
    const listed = await server.call(listServerKeys);
    expect(listed.keys.filter((k) => k.purpose === 'ca')).toHaveLength(3);

    expect(await send(kiosk)).toBe(1);
    const updated = await ask(kiosk);
    expect(updated.bundle.keys.serial).toBe(listed.serial);
    expect(updated.bundle.keys.sealing).not.toEqual(kiosk.bundle.keys.sealing);
    expect(updated.bundle.keys.signing).toHaveLength(3);
    // Its certificate from the first CA is still valid.
    expect(await send(updated)).toBe(1);
    const renewed = await renew(updated);
    expect(new X509Certificate(renewed.bundle.tlsCertPem).issuer).not.toBe(
      new X509Certificate(kiosk.bundle.tlsCertPem).issuer,
    );
    expect(await send(renewed)).toBe(1);

    // A new kiosk joins with the newest CA's pin.
    const fresh = await newKiosk(server, 'Side door');
    expect(await send(fresh)).toBe(1);

    // Retiring would cut `away` off, so it is refused. When forced, it does, and kiosks with the newest keys keep working.
    expect(await codeOf(server.call(retireServerKeys, { params: { purpose: 'ca' }, body: {} }))).toBe(
      'devices-know-only-old-keys',
    );
    for (const purpose of ['signing', 'sealing', 'ca'] as const)
      expect((await server.call(retireServerKeys, { params: { purpose }, body: { force: true } })).cutOff).toContain(
        away.secret.device,
      );
    expect(await codeOf(send(away))).toBe('server-not-trusted');
    const trusting = {
      ...away,
      bundle: { ...away.bundle, keys: { ...away.bundle.keys, caPem: renewed.bundle.keys.caPem } },
    };
    expect(await codeOf(send(trusting))).toBe('certificate-not-ours');
    expect(
      await codeOf(
        send({
          ...renewed,
          bundle: { ...renewed.bundle, keys: { ...renewed.bundle.keys, sealing: away.bundle.keys.sealing } },
        }),
      ),
    ).toBe('unknown-sealing-key');
    const after = await ask(renewed);
    expect(after.bundle.keys.caPem).toHaveLength(1);
    expect(await send(after)).toBe(1);
    await server.restart();
    expect(await send(after)).toBe(1);
  });

  test('older keys change nothing, no matter who sends them', async () => {
    const { bundle } = await newKiosk(server);
    const older = { ...bundle.keys, serial: bundle.keys.serial - 1, signing: [] as never };
    expect(applyServerKeys(bundle, older)).toBe(bundle);
    expect(applyServerKeys(bundle, { ...older, serial: bundle.keys.serial })).toBe(bundle);
    expect(applyServerKeys(bundle, { ...bundle.keys, serial: bundle.keys.serial + 1 }).keys.serial).toBe(
      bundle.keys.serial + 1,
    );
  });

  test('there are never more keys than a kiosk stores', async () => {
    const codes = [];
    for (let i = 0; i < 4; i++)
      codes.push(await codeOf(server.call(succeedServerKey, { params: { purpose: 'signing' } })));
    expect(codes).toEqual(['ANSWERED', 'ANSWERED', 'ANSWERED', 'too-many-keys']);
    expect(await codeOf(server.call(retireServerKeys, { params: { purpose: 'sealing' }, body: {} }))).toBe(
      'nothing-to-retire',
    );
  });
});

describe('the keyring', () => {
  test('is shared by replicas that start together, and refuses other environment keys', async () => {
    const other = await newServer();
    await other.close();
    const home = mkdtempSync(join(tmpdir(), 'sp-keyring-'));
    try {
      const config = readConfig({ ...other.env, SMARTPRESENCE_SERVER_HOME: home });
      const keys = new Keys(config.encryptionKey, config.secretKey);
      const options = { hostnames: config.hostnames, now: Date.now };
      const database = await openDatabase(home);
      const [a, b, c] = await Promise.all([1, 2, 3].map(() => openKeyring(database.db, keys, options)));
      expect([b!.publicKeys, c!.publicKeys]).toEqual([a!.publicKeys, a!.publicKeys]);
      const swapped = new Keys(config.secretKey, config.encryptionKey);
      expect(await codeOf(openKeyring(database.db, swapped, options))).toBe('wrong-encryption-key');
      await database.close();
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
});
