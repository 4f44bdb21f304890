import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { searchAudit } from '../../sync/protocol/api/audit.ts';
import { readConfig } from '../../sync/server/app/config.ts';
import { call } from '../../sync/server/app/open.ts';
import { type RunningServer, startServer } from '../../sync/server/app/server.ts';
import { reservePorts } from '../services/ports.ts';
import { blockOf, replaced } from './blocks.ts';

/* The real server behind the real nginx and Caddy, configured as in docs/install/proxy.md. Each client has a separate address. */

const HOST = 'presence.example.org';
const missing = ['/usr/sbin/nginx', '/usr/bin/caddy', '/usr/lib/nginx/modules/ngx_stream_module.so'].filter(
  (f) => !existsSync(f),
);
if (missing.length > 0) console.log(`SKIPPED: behind nginx and Caddy: ${missing.join(', ')} is missing`);

interface Answer {
  readonly status: number;
  readonly body: { code?: string; [more: string]: unknown };
  readonly cookie: string | null;
}

describe.skipIf(missing.length > 0)('behind a reverse proxy', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sp-proxy-'));
  const at = (name: string): string => join(folder, name);
  const children: ChildProcess[] = [];
  let server: RunningServer;
  let env: Record<string, string>;
  let people: number;
  let nginx: number;
  let caddy: number;
  let stream: number;
  const logged: string[] = [];
  const started = new Date();

  beforeAll(async () => {
    mkdirSync(at('tls'));
    sh(commandOf('openssl req').replaceAll('/etc/smartpresence/tls', at('tls')));
    const ports = await reservePorts(7);
    [people, nginx, caddy, stream] = ports as [number, number, number, number];
    env = {
      ...serverEnv(),
      ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      SECRET_KEY: randomBytes(32).toString('base64'),
      SMARTPRESENCE_SERVER_HOME: at('home'),
      SMARTPRESENCE_PEOPLE_PORT: `${people}`,
      SMARTPRESENCE_DEVICE_PORT: '0',
    };
    server = await startServer(
      readConfig(env),
      pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) }),
      // The clock is frozen: pauses are counted in attempts here, and none may expire meanwhile.
      { now: () => started },
    );
    await startNginx(ports[4]!, ports[6]!);
    await startCaddy(ports[5]!);
  });
  afterAll(async () => {
    for (const child of children) await end(child);
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The variables that the page says to set. */
  function serverEnv(): Record<string, string> {
    const lines = blockOf('sh', 'SMARTPRESENCE_TRUSTED_PROXIES')
      .split('\n')
      .filter((line) => /^[A-Z_]+=/.test(line));
    const env = Object.fromEntries(lines.map((line) => line.split('=', 2) as [string, string]));
    for (const name of ['SMARTPRESENCE_PEOPLE_CERT', 'SMARTPRESENCE_PEOPLE_KEY'])
      env[name] = env[name]!.replace('/etc/smartpresence', folder);
    return env;
  }

  const inner = () => ({
    'https://127.0.0.1:8443': `https://127.0.0.1:${people}`,
    '/etc/smartpresence/tls/people.pem': at('tls/people.pem'),
  });

  async function startNginx(plain: number, broker: number): Promise<void> {
    sh(
      `openssl req -x509 -newkey rsa:2048 -noenc -days 2 -subj /CN=${HOST} -addext subjectAltName=DNS:${HOST} -keyout ${at('public.key')} -out ${at('public.pem')}`,
    );
    const http = replaced(blockOf('nginx', 'server_name'), {
      ...inner(),
      'listen 80': `listen 127.0.0.1:${plain}`,
      'listen 443': `listen 127.0.0.1:${nginx}`,
      [`/etc/lego/certificates/${HOST}.crt`]: at('public.pem'),
      [`/etc/lego/certificates/${HOST}.key`]: at('public.key'),
    });
    const passed = replaced(blockOf('nginx', 'stream {'), {
      'listen 8444': `listen 127.0.0.1:${stream}`,
      '192.0.2.10:8444': new URL(server.deviceUrl).host.replace(HOST, '127.0.0.1'),
      'listen 8883': `listen 127.0.0.1:${broker}`,
    });
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (of) => `${of}_temp_path ${at(`tmp-${of}`)};`,
    );
    writeFileSync(
      at('nginx.conf'),
      [
        'load_module /usr/lib/nginx/modules/ngx_stream_module.so;',
        `daemon off; master_process off; pid ${at('nginx.pid')}; error_log stderr;`,
        'events {}',
        `http { access_log off; ${temporary.join(' ')}\n${http}\n}`,
        passed,
      ].join('\n'),
    );
    await startProxy('/usr/sbin/nginx', ['-e', 'stderr', '-c', at('nginx.conf')], nginx);
  }

  async function startCaddy(plain: number): Promise<void> {
    // A certificate of its own authority, since no CA is available here. For that see test/proxy/acme.test.ts.
    const site = replaced(blockOf('caddyfile', 'reverse_proxy'), {
      ...inner(),
      [`${HOST} {`]: `${HOST}:${caddy} {\n    tls internal`,
    });
    writeFileSync(
      at('Caddyfile'),
      `{\n  admin off\n  http_port ${plain}\n  https_port ${caddy}\n  skip_install_trust\n}\n${site}`,
    );
    await startProxy('/usr/bin/caddy', ['run', '--config', at('Caddyfile'), '--adapter', 'caddyfile'], caddy);
  }

  async function startProxy(program: string, args: string[], port: number): Promise<void> {
    const child = spawn(program, args, {
      env: { PATH: process.env.PATH, HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    const said: string[] = [];
    for (const out of [child.stdout!, child.stderr!]) out.on('data', (more) => void said.push(String(more)));
    for (;;) {
      if (child.exitCode !== null) throw new Error(`${program} ended: ${said.join('')}`);
      const answered = await ask(port, 'GET', '/api/openapi.json').then(
        () => true,
        () => false,
      );
      if (answered) return;
      await sleep(100);
    }
  }

  interface Asked {
    readonly from?: string;
    readonly body?: unknown;
    readonly headers?: Record<string, string>;
  }

  function ask(
    port: number,
    method: string,
    path: string,
    { from = '127.0.0.1', body, headers = {} }: Asked = {},
  ): Promise<Answer> {
    const text = body === undefined ? null : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const asked = request(
        {
          host: '127.0.0.1',
          localAddress: from,
          port,
          method,
          path,
          servername: HOST,
          // The identity of the proxies is not under test here.
          rejectUnauthorized: false,
          agent: false,
          headers: {
            host: HOST,
            origin: `https://${HOST}`,
            ...(text && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
            ...headers,
          },
        },
        (response) => {
          const pieces: Buffer[] = [];
          response.on('data', (piece: Buffer) => void pieces.push(piece));
          response.on('end', () => {
            const got = Buffer.concat(pieces).toString();
            const cookie = response.headers['set-cookie']?.[0] ?? null;
            resolve({
              status: response.statusCode!,
              body: got.startsWith('{') ? JSON.parse(got) : { text: got },
              cookie,
            });
          });
        },
      );
      asked.on('error', reject);
      asked.end(text);
    });
  }

  /** Tries passwords, each for another account, until there is a pause. That pause then is the one of the address. */
  async function guessUntilPaused(
    port: number,
    asked: Asked,
    forged: (n: number) => Record<string, string> = () => ({}),
  ): Promise<number> {
    for (let n = 1; n <= 40; n++) {
      const { body } = await guess(port, { ...asked, headers: forged(n) });
      if (body.code === 'attempts-paused') return n;
      expect(body.code).toBe('sign-in-refused');
    }
    return Number.POSITIVE_INFINITY;
  }

  let accounts = 0;
  const guess = (port: number, asked: Asked) =>
    ask(port, 'POST', '/api/sign-in', {
      ...asked,
      body: { email: `nobody-${++accounts}@example.org`, password: 'not the password' },
    });

  test.each([
    ['nginx', () => nginx, '127.0.1.2', '127.0.1.3'],
    ['Caddy', () => caddy, '127.0.2.2', '127.0.2.3'],
  ])(
    'two users behind one %s are paused separately, and a forged address counts as the real one',
    async (_name, port, one, other) => {
      const forged = (n: number) => ({
        'x-forwarded-for': `203.0.113.${n}`,
        'x-real-ip': `203.0.113.${n}`,
        forwarded: `for=203.0.113.${n}`,
      });
      expect(await guessUntilPaused(port(), { from: one }, forged)).toBe(31);
      expect((await guess(port(), { from: other })).body.code).toBe('sign-in-refused');
      // The pause does not apply to the proxy itself either.
      expect((await guess(people, { from: '127.0.0.1' })).body.code).toBe('sign-in-refused');
    },
    600_000,
  );

  test('a direct client is counted by its own address, whatever its X-Forwarded-For', async () => {
    const from = '127.0.3.2';
    expect(await guessUntilPaused(people, { from }, (n) => ({ 'x-forwarded-for': `203.0.113.${n}` }))).toBe(31);
    // The client whose address was in the header has no pause.
    expect((await guess(nginx, { from: '127.0.3.3' })).body.code).toBe('sign-in-refused');
  }, 600_000);

  test('sign-in, a change and the live WebSocket work through both proxies, only from pages of this host', async () => {
    const token = new URLSearchParams(new URL(server.adminLink).hash.slice(1)).get('enter');
    const from = '127.0.1.9';
    const entered = await ask(nginx, 'POST', '/api/session', { from, body: { token } });
    expect(entered.status, JSON.stringify(entered.body)).toBe(200);
    expect(entered.cookie).toMatch(/^__Host-sp-session=[^;]+; .*Secure/);
    const cookie = entered.cookie!.split(';')[0]!;
    const { items } = await call(env, searchAudit);
    expect(items.find(({ route }) => route === 'POST /api/session')).toMatchObject({ outcome: 'ok', ip: from });
    for (const port of [nginx, caddy]) {
      expect((await ask(port, 'GET', '/api/session', { headers: { cookie } })).status).toBe(200);
      const foreign = await ask(port, 'POST', '/api/session', {
        body: { token: 'x'.repeat(43) },
        headers: { origin: 'https://evil.example' },
      });
      expect(foreign.body.code).toBe('wrong-origin');
      expect(await liveThrough(port, { cookie, origin: `https://${HOST}` })).toBe('open');
      expect(await liveThrough(port, { cookie, origin: 'https://evil.example' })).toBe('refused');
    }
    // Another host name is refused by the server itself: the proxy does not replace it.
    expect((await ask(nginx, 'GET', '/api/session', { headers: { host: 'evil.example' } })).body.code).toBe(
      'wrong-host',
    );
  });

  function liveThrough(
    port: number,
    { cookie, origin }: { cookie: string; origin: string },
  ): Promise<'open' | 'refused'> {
    const tls = { servername: HOST, rejectUnauthorized: false };
    const headers = { host: HOST, cookie };
    const socket = new WebSocket(`wss://127.0.0.1:${port}/api/live`, { ...tls, headers, origin });
    return new Promise((resolve) => {
      socket.once('message', () => {
        resolve('open');
        socket.close();
      });
      socket.once('unexpected-response', () => resolve('refused'));
      socket.once('error', () => resolve('refused'));
    });
  }

  test('a kiosk’s TLS passes through unchanged, with the server’s own certificate and its request for the kiosk’s', async () => {
    const [direct, through] = await Promise.all([Number(new URL(server.deviceUrl).port), stream].map(certificateAt));
    expect(through).toEqual(direct);
    expect(through).not.toEqual(await certificateAt(nginx));
  });

  const certificateAt = (port: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, servername: HOST, rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().fingerprint256);
        socket.destroy();
      });
      socket.on('error', reject);
    });

  test('logs contain no addresses', () => {
    expect(logged.join('')).not.toMatch(/127\.0\.[123]\.\d|203\.0\.113/);
    expect(readFileSync(at('nginx.conf'), 'utf8')).toContain('X-Forwarded-For');
  });
});

/** Returns the command of the page that begins with this text. */
function commandOf(start: string): string {
  return blockOf('sh', start)
    .split('\n')
    .find((line) => line.startsWith(start))!;
}

function sh(command: string): void {
  execFileSync('/bin/sh', ['-euc', command], { stdio: ['ignore', 'ignore', 'pipe'] });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await gone;
}
