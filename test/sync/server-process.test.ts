import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, test } from 'vitest';
import { startServer } from '../../sync/server/app/server.ts';
import { selfSignedServerCertificate } from '../../sync/server/platform/keys/certificates.ts';
import { call, codeOf, tokenOf } from '../kit/client.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { newKiosk, sync } from '../kit/kiosk.ts';
import { newServer } from '../kit/server.ts';

/* The server as a process: how it starts, what it rejects, what it prints and logs, how it stops. */

const MAIN = join(import.meta.dirname, '../../sync/server/main.ts');
const NAME = 'Zyxwvut Qponmlk';
const strange = temporaryFolder();
const server = await newServer({ start: false });
const kiosk = await newKiosk(server);
await server.start();
const { box: outbox } = kiosk;
const { env, config, log } = server;
afterAll(async () => {
  await server.close();
  strange.remove();
});

describe('the process', () => {
  const runMain = (changes: Record<string, string | undefined>) => {
    const child = spawn(process.execPath, [MAIN], {
      env: { ...process.env, ...env, ...changes } as NodeJS.ProcessEnv,
      // Includes an IPC channel, which a launcher keeps open for as long as it runs.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let err = '';
    child.stderr!.on('data', (c) => {
      err += c;
    });
    return { child, ended: once(child, 'exit').then(([code]) => ({ code, err })) };
  };

  test('refuses a second server on the same home, from another process and from this one', async () => {
    const { ended } = runMain({ SMARTPRESENCE_PEOPLE_PORT: '0', SMARTPRESENCE_DEVICE_PORT: '0' });
    const { code, err } = await ended;
    expect([code, err.split(':')[0]]).toEqual([3, 'database-in-use']);
    expect(await codeOf(startServer(config, log))).toBe('database-in-use');
  });

  test.each([
    ['below a file', join(import.meta.filename, 'home'), '(EEXIST|ENOTDIR)'],
    ['where the system does not let anyone create one', '/proc/smartpresence', '(ENOENT|EACCES)'],
  ])('reports a home %s by name, with a next step', async (_, folder, why) => {
    const { code, err } = await runMain({ SMARTPRESENCE_SERVER_HOME: folder }).ended;
    expect(code).toBe(3);
    expect(err).toMatch(
      new RegExp(`server-home-not-usable: The server home ${folder} can’t be created or written to .${why}.[.]`),
    );
    expect(err).toContain('SMARTPRESENCE_SERVER_HOME=');
  });

  test('reports every configuration error, and shows no key', async () => {
    const { code, err } = await runMain({ ENCRYPTION_KEY: 'a'.repeat(64), SMARTPRESENCE_BIND: 'nowhere' }).ended;
    expect(code).toBe(2);
    expect(err).toMatch(/ENCRYPTION_KEY is one pattern repeated/);
    expect(err).toMatch(/SMARTPRESENCE_BIND must be/);
    expect(err).not.toContain('aaaa');
  });

  test('prints one line of JSON when ready, logs no names, and stops cleanly; another home’s keys open nothing', async () => {
    outbox.checkin(outbox.person(NAME));
    expect(await sync(kiosk)).toMatchObject({ online: true, queued: 0 });
    const cookie = await server.signIn();
    expect((await server.board()).rows).toMatchObject([{ name: NAME }]);
    const { peopleUrl, deviceUrl, certificateSha256 } = server.running;
    await server.stop();
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
      peopleUrl,
      deviceUrl,
      certificateSha256,
    });
    expect(ready.adminLink).toContain(`${peopleUrl}/console/#enter=`);
    outbox.checkin(outbox.person(`${NAME} the Second`));
    expect(await sync(kiosk)).toMatchObject({ online: true, queued: 0 });
    child.kill('SIGTERM');
    const { code, err } = await ended;
    expect([code, lines.length]).toEqual([0, 1]);
    for (const text of [err, server.logged]) {
      expect(text).toContain('events stored');
      // Every field of a log line is declared with its shape in logs/fields.ts.
      expect(text).not.toContain('[withheld]');
      for (const secretText of [
        NAME,
        tokenOf(ready.adminLink),
        env.ENCRYPTION_KEY!,
        env.SECRET_KEY!,
        cookie.split('=')[1]!,
      ])
        expect(text).not.toContain(secretText);
    }
    await server.restart();
  });

  test('uses the operator’s certificate, and refuses one with another key', async () => {
    await server.stop();
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
    expect(await codeOf(server.start({ peopleCertificate: { certFile, keyFile: other } }))).toBe(
      'bad-people-certificate',
    );
    expect(await codeOf(server.start({ peopleCertificate: { certFile: '/nowhere', keyFile } }))).toBe(
      'bad-people-certificate',
    );
    const { certificateSha256 } = await server.start({ peopleCertificate: { certFile, keyFile } });
    expect(certificateSha256).toBe(new X509Certificate(mine.certPem).fingerprint256);
    const { headers } = await call(`${server.peopleUrl}/api/session`);
    expect(headers['strict-transport-security']).toContain('max-age');
    await server.restart();
    expect((await call(`${server.peopleUrl}/api/session`)).headers['strict-transport-security']).toBeUndefined();
  });

  test('keeps its files private to its own user', () => {
    expect(statSync(join(server.home, 'keys.env')).mode & 0o777).toBe(0o600);
    expect(statSync(server.home).mode & 0o077).toBe(0);
  });
});
