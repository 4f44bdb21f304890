import { randomBytes } from 'node:crypto';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDeviceIdentity, deviceFingerprint, deviceRequest } from '../../sync/edge/identity.ts';
import {
  approveDevice,
  createProvisioningCode,
  listDevices,
  provisionByFile,
} from '../../sync/protocol/api/devices.ts';
import { caPin } from '../../sync/protocol/seal/fingerprint.ts';
import { openGrant, signJoin, signProof } from '../../sync/protocol/seal/join.ts';
import { readJoinCode, writeJoinCode } from '../../sync/protocol/seal/join-code.ts';
import { createCa, issueServerCertificate } from '../../sync/server/platform/keys/certificates.ts';
import { call, codeOf } from '../kit/client.ts';
import { askAt, joinWith, newKiosk } from '../kit/kiosk.ts';
import { newServer, type TestServer } from '../kit/server.ts';
import { never } from '../kit/wait.ts';

let server: TestServer;
beforeAll(async () => {
  server = await newServer();
});
afterAll(() => server?.close());

const code = async (minutes?: number) =>
  (await server.call(createProvisioningCode, { body: { name: 'Front door', ...(minutes && { minutes }) } })).code;
const identity = () => createDeviceIdentity(crypto.randomUUID());

describe('a code', () => {
  test('carries address, pin and 80 random bits through typing in any case, with or without its groups', () => {
    for (const url of ['https://127.0.0.1:8444', 'https://kiosk.example.org:8444', 'https://[2001:db8::1:0:7]:443']) {
      const given = { url, secret: randomBytes(10), pin: randomBytes(12) };
      const text = writeJoinCode(given);
      expect(text).toMatch(/^[0-9A-HJKMNP-TV-Z]{1,5}(-[0-9A-HJKMNP-TV-Z]{1,5})+$/);
      for (const typed of [
        text,
        text.toLowerCase(),
        text.replaceAll('-', ' '),
        text.replaceAll('0', 'o').replaceAll('1', 'l'),
      ]) {
        const read = readJoinCode(` ${typed} `);
        expect(new URL(read.url).origin).toBe(new URL(url).origin);
        expect([read.secret, read.pin]).toEqual([given.secret, given.pin]);
      }
    }
  });

  test('with any one character mistyped is reported as such before anything is sent', () => {
    const text = writeJoinCode({ url: 'https://127.0.0.1:8444', secret: randomBytes(10), pin: randomBytes(12) });
    let taken = 0;
    for (let at = 0; at < text.length; at++) {
      if (text[at] === '-') continue;
      const wrong = text.slice(0, at) + (text[at] === '7' ? '8' : '7') + text.slice(at + 1);
      try {
        readJoinCode(wrong);
        taken += 1;
      } catch (cause) {
        expect((cause as { code: string }).code).toMatch(/join-code-(mistyped|newer)/);
      }
    }
    // With a 16-bit checksum, one wrong letter in 65,536 goes undetected.
    expect(taken).toBeLessThanOrEqual(1);
  });
});

describe('joining', () => {
  test('a kiosk can take neither the server’s id nor a reserved one', async () => {
    const { serverId } = (await newKiosk(server)).bundle;
    for (const id of [serverId, '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff']) {
      const secret = await createDeviceIdentity(id);
      expect(await codeOf(joinWith(server, secret, await code()).ask(never)), id).toBe('device-id-reserved');
      expect((await server.call(listDevices)).items.map((d) => d.id)).not.toContain(id);
    }
  });

  test('a kiosk is pending until its fingerprint was compared, and gets its credentials once', async () => {
    const secret = await identity();
    const joining = joinWith(server, secret, await code());
    const waiting = await joining.ask(never);
    const fingerprint = await deviceFingerprint(await deviceRequest(secret, 'any'));
    expect(waiting).toEqual({ state: 'pending', device: secret.device, fingerprint });
    expect(await joining.poll(never)).toBeNull();
    expect((await server.call(listDevices)).items.find((d) => d.id === secret.device)).toMatchObject({
      name: 'Front door',
      status: 'pending',
      fingerprint,
    });

    const wrong = fingerprint.replace(/./, (c) => (c === '0' ? '1' : '0'));
    expect(
      await codeOf(server.call(approveDevice, { params: { device: secret.device }, body: { fingerprint: wrong } })),
    ).toBe('fingerprint-differs');
    expect(
      await codeOf(server.call(approveDevice, { params: { device: secret.device }, body: { fingerprint: '' } })),
    ).toBe('arguments-wrong');
    expect(await joining.poll(never)).toBeNull();

    const typed = fingerprint.toUpperCase().replaceAll(' ', '');
    await server.call(approveDevice, { params: { device: secret.device }, body: { fingerprint: typed } });
    const grant = (await joining.poll(never))!;
    expect(grant.device).toBe(secret.device);
    expect(grant.bundle.serverUrl).toBe(server.deviceUrl);
    expect(Buffer.from(grant.provisioningSecret, 'base64url')).toHaveLength(32);
    // The answer may have been lost, so the kiosk gets the same secret again until it has made contact.
    expect((await joining.poll(never))!.provisioningSecret).toBe(grant.provisioningSecret);

    const tls = { cert: grant.bundle.tlsCertPem, key: secret.tlsKeyPem };
    const asked = await askAt(server.deviceUrl, { bundle: grant.bundle, secret }, tls);
    expect(asked.status).toBe(200);
    expect(await codeOf(joining.poll(never))).toBe('join-finished');
    joining.close();
  });

  test('a code works for one kiosk, which may retry, and for nobody after it expires', async () => {
    const [first, second, late] = [await identity(), await identity(), await identity()];
    const one = await code();
    const joining = joinWith(server, first, one);
    await joining.ask(never);
    expect(await joining.ask(never)).toMatchObject({ state: 'pending' });
    const other = joinWith(server, second, one);
    expect(await codeOf(other.ask(never))).toBe('join-code-used');
    const short = await code(1);
    server.shift(61_000);
    const tooLate = joinWith(server, late, short);
    expect(await codeOf(tooLate.ask(never))).toBe('join-code-expired');
    server.shift(0);
    const { url, pin } = readJoinCode(one);
    const invented = joinWith(server, late, writeJoinCode({ url, pin, secret: randomBytes(10) }));
    expect(await codeOf(invented.ask(never))).toBe('join-code-unknown');
    const known = (await server.call(listDevices)).items.map((d) => d.id);
    expect(known).toContain(first.device);
    expect(known).not.toContain(second.device);
    expect(known).not.toContain(late.device);
    for (const j of [joining, other, tooLate, invented]) j.close();
  });

  test('nothing is sent to a server whose CA is not pinned', async () => {
    const ca = await createCa(crypto.randomUUID(), Date.now());
    const { certPem, keyPem } = await issueServerCertificate(ca, ['127.0.0.1'], Date.now());
    let received = 0;
    const impostor = createServer(
      { cert: `${certPem}\n${ca.certPem}`, key: keyPem, minVersion: 'TLSv1.3' },
      (socket) => {
        socket.on('data', (chunk) => {
          received += chunk.length;
        });
        socket.on('error', () => undefined);
      },
    );
    await new Promise<void>((resolve) => impostor.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(impostor.address() as { port: number }).port}`;
    const { pin, secret } = readJoinCode(await code());
    const joining = joinWith(server, await identity(), writeJoinCode({ url, pin, secret }));
    expect(await codeOf(joining.ask(never))).toBe('server-pin-differs');
    joining.close();
    // The same impostor appends the true CA's certificate, which did not sign its own.
    const bundle = (await newKiosk(server)).bundle;
    impostor.setSecureContext({ cert: `${certPem}\n${bundle.keys.caPem[0]}`, key: keyPem });
    const again = joinWith(server, await identity(), writeJoinCode({ url, pin, secret }));
    expect(await codeOf(again.ask(never))).toMatch(/server-(pin-differs|not-trusted)/);
    again.close();
    expect(received).toBe(0);
    // With the impostor's pin the kiosk does send, so only the pin stopped it before.
    const fooled = joinWith(server, await identity(), writeJoinCode({ url, pin: caPin(ca.certPem), secret }));
    impostor.setSecureContext({ cert: `${certPem}\n${ca.certPem}`, key: keyPem });
    const given = new AbortController();
    const attempt = codeOf(fooled.ask(given.signal));
    await expect.poll(() => received).toBeGreaterThan(0);
    given.abort();
    await attempt;
    fooled.close();
    impostor.close();
  });

  test('a join not signed by its own key, or a poll without the device’s proof, gets nothing', async () => {
    const [secret, thief] = [await identity(), await identity()];
    const { secret: bits } = readJoinCode(await code());
    const request = await deviceRequest(secret, 'Front door');
    const post = (body: string) =>
      call(`${server.deviceUrl}/v1/join`, { method: 'POST', headers: { 'content-type': 'application/jose' }, body });
    const join = { secret: bits.toString('base64url'), request };
    expect((await post(await signJoin(join, thief.signing))).json().code).toBe('bad-signature');
    const signed = await signJoin(join, secret.signing);
    const altered = `${signed.slice(0, -20)}${signed.at(-20) === 'A' ? 'B' : 'A'}${signed.slice(-19)}`;
    expect((await post(altered)).json().code).toBe('bad-signature');
    expect((await post('x'.repeat(20_000))).json().code).toMatch(/too-large/);
    expect((await post(signed)).status).toBe(202);

    const poll = (proof?: string) =>
      call(`${server.deviceUrl}/v1/join/${secret.device}`, {
        ...(proof && { headers: { authorization: `Proof ${proof}` } }),
      });
    expect((await poll()).json().code).toBe('bad-request');
    expect((await poll(await signProof(secret.device, crypto.randomUUID(), thief.signing))).json().code).toBe(
      'bad-signature',
    );
    expect((await poll(await signProof(thief.device, crypto.randomUUID(), secret.signing))).json().code).toBe(
      'wrong-issuer',
    );
    expect((await poll(await signProof(secret.device, crypto.randomUUID(), secret.signing))).status).toBe(202);
  });

  test('joining by file also compares the fingerprint, and the answer opens only for that kiosk', async () => {
    const [secret, other] = [await identity(), await identity()];
    const request = await deviceRequest(secret, 'Back door');
    const file = await signJoin({ secret: null, request }, secret.signing);
    const fingerprint = await deviceFingerprint(request);
    const args = { request: file, name: 'Back door' };
    const wrong = server.call(provisionByFile, { body: { ...args, fingerprint: '0000 0000 0000 0000' } });
    expect(await codeOf(wrong)).toBe('fingerprint-differs');
    expect((await server.call(listDevices)).items.some((d) => d.id === secret.device)).toBe(false);
    const given = await server.call(provisionByFile, { body: { ...args, fingerprint } });
    const grant = await openGrant(given.grant, secret.device, secret.sealing);
    expect(grant.bundle.site.timeZone).toBe('Europe/Berlin');
    expect(caPin(grant.bundle.keys.caPem[0]!).toString('hex')).toBe(given.serverFingerprint.replaceAll(' ', ''));
    expect(await codeOf(openGrant(given.grant, other.device, other.sealing))).toBe('unknown-sealing-key');
    expect(await codeOf(openGrant(given.grant, other.device, secret.sealing))).toBe('grant-of-another');
    const tls = { cert: grant.bundle.tlsCertPem, key: secret.tlsKeyPem };
    expect((await askAt(server.deviceUrl, { bundle: grant.bundle, secret }, tls)).status).toBe(200);
    // The file can't be posted to the joining address without a code.
    const sent = await call(`${server.deviceUrl}/v1/join`, {
      method: 'POST',
      headers: { 'content-type': 'application/jose' },
      body: file,
    });
    expect(sent.json().code).toMatch(/join-code-missing|too-many-requests/);
  });

  test('guessing codes is slowed down', async () => {
    const { url, pin } = readJoinCode(await code());
    const secret = await identity();
    const codes: string[] = [];
    for (let i = 0; i < 35; i++) {
      const guess = joinWith(server, secret, writeJoinCode({ url, pin, secret: randomBytes(10) }));
      codes.push(await codeOf(guess.ask(never)));
      guess.close();
    }
    expect(codes.at(-1)).toBe('too-many-requests');
  });
});
