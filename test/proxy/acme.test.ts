import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createListener, type Listener, TLS_VERSIONS } from '../../sync/server/platform/http/listener.ts';
import { followCertificate } from '../../sync/server/platform/keys/people-certificate.ts';
import { reservePorts } from '../services/ports.ts';
import { blockOf, replaced } from './blocks.ts';

/*
 * Certificates by ACME as in docs/install/proxy.md, from Pebble, the test server of Let's Encrypt. It resolves the name through a
 * hosts file that only it sees, and really fetches the proof of the name.
 */

const HOST = 'presence.example.org';
const missing = ['/usr/bin/pebble', '/usr/bin/lego', '/usr/bin/caddy'].filter((file) => !existsSync(file));
const impossible = process.getuid?.() !== 0 ? 'only root can show a program another hosts file' : missing.join(', ');
if (impossible) console.log(`SKIPPED: certificates by ACME: ${impossible}`);

describe.skipIf(impossible !== '')('certificates by ACME', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sp-acme-'));
  const at = (name: string): string => join(folder, name);
  const children: ChildProcess[] = [];
  let listener: Listener;
  let directory: string;
  let http: number;
  let https: number;

  beforeAll(async () => {
    for (const name of ['tls', 'lego']) mkdirSync(at(name));
    const ports = await reservePorts(4);
    [http, https] = ports as [number, number];
    directory = `https://127.0.0.1:${ports[2]}/dir`;
    openssl('pebble', '127.0.0.1', 'IP:127.0.0.1');
    writeFileSync(at('hosts'), `127.0.0.1 localhost ${HOST}\n`);
    const pebble = {
      listenAddress: `127.0.0.1:${ports[2]}`,
      managementListenAddress: `127.0.0.1:${ports[3]}`,
      certificate: at('pebble.pem'),
      privateKey: at('pebble.key'),
      httpPort: http,
      tlsPort: https,
    };
    writeFileSync(at('pebble.json'), JSON.stringify({ pebble }));
    const mounted = `mount --bind '${at('hosts')}' /etc/hosts && exec pebble -config '${at('pebble.json')}'`;
    children.push(
      spawn('unshare', ['--mount', 'sh', '-c', mounted], {
        env: { ...process.env, PEBBLE_VA_NOSLEEP: '1' },
        stdio: 'ignore',
      }),
    );
    while (!(await certificateAt(ports[2]!))) await sleep(100);
  });
  afterAll(async () => {
    await listener?.close();
    for (const child of children) {
      const gone = new Promise((done) => child.once('exit', done));
      if (child.exitCode === null && child.kill('SIGTERM')) await gone;
    }
    rmSync(folder, { recursive: true, force: true });
  });

  function openssl(name: string, subject: string, altName: string): void {
    const made = [
      '-keyout',
      at(`${name}.key`),
      '-out',
      at(`${name}.pem`),
      '-subj',
      `/CN=${subject}`,
      '-addext',
      `subjectAltName=${altName}`,
    ];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-days', '2', ...made],
      { stdio: 'ignore' },
    );
  }

  test('lego gets one for the server itself, which uses it without a restart', async () => {
    openssl('tls/people', HOST, `DNS:${HOST}`);
    const log = pino({ level: 'silent' });
    const followed = followCertificate({ certFile: at('tls/people.pem'), keyFile: at('tls/people.key') }, log, 100);
    listener = createListener({ key: followed.now.keyPem, cert: followed.now.certPem }, log);
    followed.onChange(({ keyPem: key, certPem: cert }) =>
      listener.server.setSecureContext({ ...TLS_VERSIONS, key, cert }),
    );
    await listener.listen({ host: '127.0.0.1', port: 0 });
    const { port } = listener.server.address() as { port: number };
    expect((await certificateAt(port))!.issuer).toContain(HOST);

    const hook = replaced(blockOf('sh', 'LEGO_CERT_KEY_PATH'), {
      '/etc/smartpresence/tls': at('tls'),
      '-g smartpresence': '-g root',
    });
    writeFileSync(at('people-certificate'), hook, { mode: 0o755 });
    const command = replaced(blockOf('sh', '--http run --run-hook'), {
      '/etc/smartpresence/people-certificate': at('people-certificate'),
      '/etc/lego': at('lego'),
      '--http run': `--server ${directory} --http --http.port 127.0.0.1:${http} run`,
    });
    execFileSync('sh', ['-euc', command], {
      env: { ...process.env, LEGO_CA_CERTIFICATES: at('pebble.pem') },
      stdio: 'pipe',
    });
    const given = new X509Certificate(readFileSync(at('tls/people.pem')));
    expect(given.issuer).toContain('Pebble');
    while ((await certificateAt(port))!.fingerprint256 !== given.fingerprint256) await sleep(50);
    followed.close();
  }, 300_000);

  test('Caddy gets its own', async () => {
    openssl('inner', HOST, `DNS:${HOST}`);
    const site = replaced(blockOf('caddyfile', 'reverse_proxy'), {
      '/etc/smartpresence/tls/people.pem': at('inner.pem'),
    });
    const ca = `acme_ca ${directory}\n  acme_ca_root ${at('pebble.pem')}`;
    writeFileSync(at('Caddyfile'), `{\n  admin off\n  http_port ${http}\n  https_port ${https}\n  ${ca}\n}\n${site}`);
    const env = { PATH: process.env.PATH, HOME: folder };
    children.push(
      spawn('/usr/bin/caddy', ['run', '--config', at('Caddyfile'), '--adapter', 'caddyfile'], { env, stdio: 'ignore' }),
    );
    let given: X509Certificate | null = null;
    while (!given?.issuer.includes('Pebble')) {
      await sleep(200);
      given = await certificateAt(https);
    }
    expect(given.checkHost(HOST)).toBe(HOST);
  }, 300_000);
});

/** Returns the certificate that the server on this port presents for our name; null if there is no server or no certificate. */
function certificateAt(port: number): Promise<X509Certificate | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, servername: HOST, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate() ?? null);
      socket.destroy();
    });
    socket.on('error', () => resolve(null));
  });
}
