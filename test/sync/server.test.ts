import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { get as httpGet } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { SyncEngine } from '../../sync/edge/engine.ts';
import { createDeviceIdentity, type DeviceSecret, deviceRequest } from '../../sync/edge/identity.ts';
import type { Board } from '../../sync/protocol/api/live.ts';
import { openAck } from '../../sync/protocol/seal/ack.ts';
import { sealBatch } from '../../sync/protocol/seal/batch.ts';
import type { ServerBundle } from '../../sync/protocol/wire/provisioning.ts';
import { LINK_MS } from '../../sync/server/access/links.ts';
import { type Config, readConfig } from '../../sync/server/config.ts';
import { openDatabase } from '../../sync/server/database/open.ts';
import { issueDeviceCertificate, selfSignedServerCertificate } from '../../sync/server/keys/certificates.ts';
import { Keys } from '../../sync/server/keys/envelope.ts';
import { openKeyring } from '../../sync/server/keys/keyring.ts';
import { initServer, provisionLocal } from '../../sync/server/local.ts';
import { createLogger } from '../../sync/server/logs/logger.ts';
import { type RunningServer, startServer } from '../../sync/server/server.ts';
import { askFor, call, codeOf, tokenOf } from './client.ts';
import { freePorts, MemoryOutbox, serverHome } from './kit.ts';

const MAIN = join(import.meta.dirname, '../../sync/server/main.ts');
const NAME = 'Zyxwvut Qponmlk';
const home = await serverHome();
const strange = await serverHome();
const outbox = new MemoryOutbox();
let env: Record<string, string>;
let config: Config;
let secret: DeviceSecret;
let bundle: ServerBundle;
let server: RunningServer;
let clock = 0;
const now = () => new Date(Date.now() + clock);
let logged = '';
const log = createLogger(
  'debug',
  new Writable({
    write(chunk, _encoding, done) {
      logged += chunk;
      done();
    },
  }),
);

beforeAll(async () => {
  const [people, devices] = await freePorts(2);
  env = {
    ...initServer(home.path),
    SMARTPRESENCE_PEOPLE_PORT: String(people),
    SMARTPRESENCE_DEVICE_PORT: String(devices),
    SMARTPRESENCE_TIMEZONE: 'Europe/Berlin',
  };
  config = readConfig(env);
  secret = await createDeviceIdentity(outbox.device);
  bundle = await provisionLocal({ serverHome: home.path, env, device: await deviceRequest(secret, 'Front door') });
  server = await startServer(config, log, { now });
});
afterAll(async () => {
  await server?.close();
  home.remove();
  strange.remove();
});

const redeem = (token: string, headers: Record<string, string> = {}) =>
  call(`${server.peopleUrl}/api/session`, {
    method: 'POST',
    headers: { origin: server.peopleUrl, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ token }),
  });
/** A batch as this device's transport would send it. */
const send = (sealed: string) =>
  call(`${server.deviceUrl}/v1/batches`, {
    method: 'POST',
    headers: { 'content-type': 'application/jose' },
    body: sealed,
    tls: { cert: bundle.tlsCertPem, key: secret.tlsKeyPem },
  });
const sync = async (box = outbox, identity = secret, to = bundle) => {
  const engine = new SyncEngine({ secret: identity, bundle: to, source: box });
  engine.start();
  const end = Date.now() + 20_000;
  while (Date.now() < end && (engine.status.queued > 0 || !engine.status.online) && !engine.status.problem)
    await new Promise((r) => setTimeout(r, 20));
  await engine.stop();
  return engine.status;
};
let cookie: string;
const signIn = async () => {
  cookie ??= String((await redeem(tokenOf(server.adminLink))).headers['set-cookie']).split(';')[0]!;
  return cookie;
};
const board = async (query = ''): Promise<Board> =>
  JSON.parse((await call(`${server.peopleUrl}/api/checkins${query}`, { headers: { cookie: await signIn() } })).body);

describe('the transport', () => {
  test.each(['peopleUrl', 'deviceUrl'] as const)('P13 %s speaks TLS 1.3 alone', async (which) => {
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
            ...(which === 'deviceUrl' && { cert: bundle.tlsCertPem, key: secret.tlsKeyPem }),
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

  test.each(['peopleUrl', 'deviceUrl'] as const)('P13 %s gives plain HTTP no answer', async (which) => {
    const outcome = await new Promise<string>((resolve) => {
      const req = httpGet(server[which].replace('https:', 'http:'), (res) => resolve(`ANSWERED ${res.statusCode}`));
      req.on('error', (e: NodeJS.ErrnoException) => resolve(e.code ?? 'error'));
    });
    expect(outcome).toMatch(/ECONNRESET|HPE_INVALID|EPROTO/);
  });

  test('lets no client without a certificate of our CA reach the devices listener', async () => {
    const ask = (tls: object) => askFor(server.deviceUrl, { bundle, secret, tls });
    expect((await ask({})).json().code).toBe('certificate-required');
    const other = await provisionElsewhere();
    expect((await ask({ cert: other.tlsCertPem, key: secret.tlsKeyPem })).json().code).toBe('certificate-not-ours');
    // The same call with the right certificate is answered, so the refusals above are about the certificate.
    expect((await ask({ cert: bundle.tlsCertPem, key: secret.tlsKeyPem })).status).toBe(200);
  });

  test('a kiosk refuses a server that is not of its pinned CA, and keeps its events', async () => {
    const box = new MemoryOutbox(outbox.device);
    box.person(NAME);
    const other = await provisionElsewhere();
    const status = await sync(box, secret, { ...bundle, keys: { ...bundle.keys, caPem: [other.caPem] } });
    expect(status).toMatchObject({ online: false, queued: 1, problem: { code: 'server-not-trusted' } });
  });
});

/** A certificate for this very device, of another server's CA. */
async function provisionElsewhere(): Promise<{ caPem: string; tlsCertPem: string }> {
  const theirs = readConfig(initServer(strange.path));
  const database = await openDatabase(strange.path);
  const { ca } = await openKeyring(database.db, new Keys(theirs.encryptionKey, theirs.secretKey), {
    hostnames: theirs.hostnames,
    now: Date.now,
  });
  await database.close();
  const { csr } = await deviceRequest(secret, 'Front door');
  return { caPem: ca.certPem, tlsCertPem: await issueDeviceCertificate(ca, outbox.device, csr, Date.now()) };
}

describe('a kiosk and its server', () => {
  test('events arrive, are acknowledged, and stand on the board; a replay changes nothing', async () => {
    const person = outbox.person(NAME);
    const checkin = outbox.checkin(person);
    expect(await sync()).toMatchObject({ online: true, queued: 0 });
    expect((await board()).rows.filter((r) => r.id === checkin.header.id)).toMatchObject([
      { name: NAME, direction: 'in', liveness: 'off (demo)', voided: null },
    ]);

    const sealed = await sealBatch(
      outbox.events,
      { signing: secret.signing, server: bundle.keys.sealing, serverId: bundle.serverId },
      new Date().toISOString(),
    );
    const marks = async (answer: Awaited<ReturnType<typeof call>>) => {
      const { serverTime: _, ...rest } = await openAck(answer.body, bundle.keys.signing, {
        device: outbox.device,
        epoch: outbox.epoch,
      });
      return rest;
    };
    const first = await marks(await send(sealed));
    expect(first).toMatchObject({ committed: 2, safe: 0 });
    expect(await marks(await send(sealed))).toEqual(first);
    expect((await board()).rows.filter((r) => r.id === checkin.header.id)).toHaveLength(1);
  });

  test('a batch of another registered device is refused on this device’s connection, with a code', async () => {
    const mallory = new MemoryOutbox();
    mallory.person('Mallory');
    const sealed = await sealBatch(
      mallory.events,
      { signing: secret.signing, server: bundle.keys.sealing, serverId: bundle.serverId },
      new Date().toISOString(),
    );
    expect((await send(sealed)).json().code).toBe('wrong-issuer');
    expect((await send('x.y.z')).json().code).toBe('batch-malformed');
    const tooLarge = send('A'.repeat(1_500_000)).then((answer) => answer.json().code);
    // The server may end the connection before it has read everything.
    expect(await tooLarge.catch((e: { code?: string }) => e.code)).toMatch(/batch-too-large|ECONNRESET|EPIPE/);
  });

  test('a device’s certificate with another device’s signature is refused', async () => {
    const thief = await createDeviceIdentity(outbox.device);
    const box = new MemoryOutbox(outbox.device);
    box.person(NAME);
    expect(await sync(box, { ...secret, signing: thief.signing })).toMatchObject({
      queued: 1,
      problem: { code: 'bad-signature' },
    });
  });

  test('errors of the devices listener are problem+json and say nothing of the inside', async () => {
    const tls = { cert: bundle.tlsCertPem, key: secret.tlsKeyPem };
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

describe('the console’s door', () => {
  test('the admin link works once, by a button’s request and not by being opened; its cookie is seen by no script and no other site', async () => {
    const { adminLink } = await restart();
    for (const scanned of [adminLink, `${server.peopleUrl}/console/`, `${server.peopleUrl}/api/session`])
      await call(scanned);
    const answer = await redeem(tokenOf(adminLink));
    expect(answer.status).toBe(200);
    const set = String(answer.headers['set-cookie']);
    for (const flag of ['__Host-', 'HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/']) expect(set).toContain(flag);
    cookie = set.split(';')[0]!;
    expect((await board()).rows.length).toBeGreaterThan(0);
    const again = await redeem(tokenOf(adminLink));
    expect([again.status, again.json().code, again.headers['set-cookie']]).toEqual([
      410,
      'link-already-used',
      undefined,
    ]);
  });

  test('an unused link is refused after an hour, an invented one always', async () => {
    const restarted = await restart();
    clock = LINK_MS + 1000;
    const late = await redeem(tokenOf(restarted.adminLink));
    clock = 0;
    expect([late.status, late.json().code]).toEqual([410, 'link-expired']);
    const invented = await redeem('A'.repeat(43));
    expect([invented.status, invented.json().code]).toEqual([404, 'link-unknown']);
  });

  test('guessing is slowed down', async () => {
    const codes: unknown[] = [];
    for (let i = 0; i < 12; i++) codes.push((await redeem('B'.repeat(43))).json().code);
    expect(codes.at(-1)).toBe('too-many-requests');
  });

  test('nothing is told without a session, from another page, or under another name', async () => {
    await signIn();
    const url = `${server.peopleUrl}/api/checkins`;
    expect((await call(url)).json().code).toBe('no-session');
    expect((await call(url, { headers: { cookie: `${cookie.split('=')[0]}=${'A'.repeat(43)}` } })).json().code).toBe(
      'no-session',
    );
    expect((await call(url, { headers: { cookie, host: 'evil.example' } })).json().code).toBe('wrong-host');
    expect((await redeem('C'.repeat(43), { origin: 'https://evil.example' })).json().code).toMatch(
      /wrong-origin|too-many-requests/,
    );
    const leave = await call(`${server.peopleUrl}/api/session`, {
      method: 'DELETE',
      headers: { cookie, origin: 'https://evil.example' },
    });
    expect(leave.json().code).toBe('wrong-origin');
  });

  test('the page may load nothing from elsewhere and run nothing inline', async () => {
    const { headers } = await call(`${server.peopleUrl}/console/`);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(headers['x-frame-options']).toBe('SAMEORIGIN');
    expect(headers['x-content-type-options']).toBe('nosniff');
  });
});

describe('the live socket', () => {
  const open = (headers: Record<string, string>, query = '') =>
    new WebSocket(`${server.peopleUrl.replace('https', 'wss')}/api/live${query}`, {
      rejectUnauthorized: false,
      headers,
    });
  const refusal = (socket: WebSocket) =>
    new Promise<number>((resolve) => {
      socket.on('unexpected-response', (_req, res) => resolve(res.statusCode!));
      socket.on('open', () => resolve(101));
      socket.on('error', () => undefined);
    });

  test('P14 is refused without a session, without an Origin, and from another Origin', async () => {
    const cookieNow = await signIn();
    expect(await refusal(open({ origin: server.peopleUrl }))).toBe(401);
    expect(await refusal(open({ cookie: cookieNow }))).toBe(403);
    expect(await refusal(open({ cookie: cookieNow, origin: 'https://evil.example' }))).toBe(403);
    const good = open({ cookie: cookieNow, origin: server.peopleUrl });
    expect(await refusal(good)).toBe(101);
    good.terminate();
  });

  test('P14 tells of a check-in as it is committed, and resumes without repeating', async () => {
    const headers = { cookie: await signIn(), origin: server.peopleUrl };
    const socket = open(headers);
    const messages: Board[] = [];
    socket.on('message', (data) => messages.push(JSON.parse(String(data))));
    const until = async (done: () => boolean) => {
      const end = Date.now() + 15_000;
      while (!done()) {
        if (Date.now() > end) throw new Error('nothing came');
        await new Promise((r) => setTimeout(r, 10));
      }
    };
    await until(() => messages.length > 0);
    expect(messages[0]!.whole).toBe(true);
    const person = outbox.person('Grace Hopper');
    const checkin = outbox.checkin(person);
    await sync();
    await until(() => messages.some((m) => !m.whole && m.rows.some((r) => r.id === checkin.header.id)));
    const { log: seenLog, position } = messages.at(-1)!;
    socket.terminate();
    const next = outbox.checkin(person, 'out');
    await sync();
    const back = open(headers, `?log=${seenLog}&after=${position}`);
    const [data] = await once(back, 'message');
    const resumed = JSON.parse(String(data)) as Board;
    back.terminate();
    expect(resumed.whole).toBe(false);
    expect(resumed.rows.map((r) => r.id)).toEqual([next.header.id]);
  });
});

describe('the process', () => {
  const runMain = (changes: Record<string, string | undefined>) => {
    const child = spawn(process.execPath, [MAIN], {
      env: { ...process.env, ...env, ...changes } as NodeJS.ProcessEnv,
      // With a channel, which a launcher holds as long as it lives.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let err = '';
    child.stderr!.on('data', (c) => {
      err += c;
    });
    return { child, ended: once(child, 'exit').then(([code]) => ({ code, err })) };
  };

  test('a second server on the same home is refused, from another process and from this one', async () => {
    const { ended } = runMain({ SMARTPRESENCE_PEOPLE_PORT: '0', SMARTPRESENCE_DEVICE_PORT: '0' });
    const { code, err } = await ended;
    expect([code, err.split(':')[0]]).toEqual([3, 'database-in-use']);
    expect(await codeOf(startServer(config, log))).toBe('database-in-use');
  });

  test('P19 wrong configuration is told in full and no key is shown', async () => {
    const { code, err } = await runMain({ ENCRYPTION_KEY: 'a'.repeat(64), SMARTPRESENCE_BIND: 'nowhere' }).ended;
    expect(code).toBe(2);
    expect(err).toMatch(/ENCRYPTION_KEY is one pattern repeated/);
    expect(err).toMatch(/SMARTPRESENCE_BIND must be/);
    expect(err).not.toContain('aaaa');
  });

  test('P19 prints one line of JSON when ready, logs nobody’s name, and stops cleanly; keys of another home open nothing', async () => {
    await server.close();
    const swapped = { ...config, encryptionKey: config.secretKey, secretKey: config.encryptionKey };
    expect(await codeOf(startServer(swapped, log))).toBe('wrong-encryption-key');
    const { child, ended } = runMain({ SMARTPRESENCE_LOG_LEVEL: 'debug' });
    const lines: string[] = [];
    const reader = createInterface({ input: child.stdout! });
    reader.on('line', (line) => lines.push(line));
    await once(reader, 'line');
    const ready = JSON.parse(lines[0]!);
    expect(ready).toMatchObject({
      ready: true,
      peopleUrl: server.peopleUrl,
      deviceUrl: server.deviceUrl,
      certificateSha256: server.certificateSha256,
    });
    expect(ready.adminLink).toContain(`${server.peopleUrl}/console/#enter=`);
    outbox.checkin(outbox.person(`${NAME} the Second`));
    expect(await sync()).toMatchObject({ online: true, queued: 0 });
    child.kill('SIGTERM');
    const { code, err } = await ended;
    expect([code, lines.length]).toEqual([0, 1]);
    for (const text of [err, logged]) {
      expect(text).toContain('events taken');
      // Each field of a line is declared, in its shape (logs/fields.ts).
      expect(text).not.toContain('[withheld]');
      for (const secretText of [
        NAME,
        'Grace',
        tokenOf(ready.adminLink),
        env.ENCRYPTION_KEY!,
        env.SECRET_KEY!,
        cookie.split('=')[1]!,
      ])
        expect(text).not.toContain(secretText);
    }
    await restart();
  });

  test('takes the operator’s certificate, and refuses one whose key is another’s', async () => {
    await server.close();
    const [certFile, keyFile, other] = ['cert.pem', 'key.pem', 'other.pem'].map((name) => join(strange.path, name)) as [
      string,
      string,
      string,
    ];
    const [mine, theirs] = [
      await selfSignedServerCertificate(config.hostnames, Date.now()),
      await selfSignedServerCertificate(config.hostnames, Date.now()),
    ];
    writeFileSync(certFile, mine.certPem);
    writeFileSync(keyFile, mine.keyPem);
    writeFileSync(other, theirs.keyPem);
    expect(await codeOf(startServer({ ...config, peopleCertificate: { certFile, keyFile: other } }, log))).toBe(
      'bad-people-certificate',
    );
    expect(await codeOf(startServer({ ...config, peopleCertificate: { certFile: '/nowhere', keyFile } }, log))).toBe(
      'bad-people-certificate',
    );
    server = await startServer({ ...config, peopleCertificate: { certFile, keyFile } }, log);
    expect(server.certificateSha256).toBe(new X509Certificate(mine.certPem).fingerprint256);
    const { headers } = await call(`${server.peopleUrl}/api/session`);
    expect(headers['strict-transport-security']).toContain('max-age');
    await restart();
    expect((await call(`${server.peopleUrl}/api/session`)).headers['strict-transport-security']).toBeUndefined();
  });

  test('its files are for its own user alone', () => {
    expect(statSync(join(home.path, 'keys.env')).mode & 0o777).toBe(0o600);
    expect(statSync(home.path).mode & 0o077).toBe(0);
  });
});

test('a revoked device is refused at its next message', async () => {
  await server.close();
  const { openDatabase } = await import('../../sync/server/database/open.ts');
  const database = await openDatabase(home.path);
  await database.db.updateTable('device').set({ status: 'revoked' }).where('id', '=', outbox.device).execute();
  await database.close();
  await restart();
  outbox.person('Late');
  expect(await sync()).toMatchObject({ queued: 1, problem: { code: 'device-revoked' } });
  await server.close();
  expect(
    await codeOf(provisionLocal({ serverHome: home.path, env, device: await deviceRequest(secret, 'Front door') })),
  ).toBe('device-revoked');
  const impostor = await createDeviceIdentity(outbox.device);
  expect(
    await codeOf(provisionLocal({ serverHome: home.path, env, device: await deviceRequest(impostor, 'Front door') })),
  ).toBe('device-registered-otherwise');
});

async function restart(): Promise<RunningServer> {
  await server.close();
  server = await startServer(config, log, { now });
  return server;
}
