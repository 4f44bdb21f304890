import { get } from 'node:http';
import { get as tlsGet } from 'node:https';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { selfSignedServerCertificate } from '../../platform/keys/certificates.ts';
import { type Check, check, verdictsOf } from '../checks/check.ts';
import { diskCheck } from '../checks/process.ts';
import { Watch } from '../checks/watch.ts';
import { readConfig } from '../config.ts';
import { listenForOperations } from './listener.ts';

const log = pino({ level: 'silent' });
const certificate = await selfSignedServerCertificate(['127.0.0.1'], Date.now());
const env = {
  SMARTPRESENCE_SERVER_HOME: '/var/lib/sp',
  ENCRYPTION_KEY: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64'),
  SECRET_KEY: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64'),
  SMARTPRESENCE_OPERATIONS_PORT: '0',
};
const TOKEN = 'a-token-of-at-least-thirty-two-letters';
let closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers) await close();
  closers = [];
});

interface Answer {
  status: number;
  body: string;
}

async function listener(
  more: Record<string, string>,
  readiness: Pick<Watch, 'state'> = { state: async () => ({ ready: true, reasons: [], degraded: [], notes: [] }) },
): Promise<(path: string, headers?: Record<string, string>, scheme?: 'http' | 'https') => Promise<Answer>> {
  const settings = readConfig({ ...env, ...more }).operations!;
  const { port, close } = await listenForOperations({
    settings,
    certificate,
    readiness,
    metrics: async () => 'metric 1\n',
    log,
  });
  closers.push(close);
  return (path, headers = {}, scheme = settings.plain ? 'http' : 'https') =>
    new Promise((resolve, reject) => {
      const ask = scheme === 'http' ? get : tlsGet;
      const request = ask(
        `${scheme}://127.0.0.1:${port}${path}`,
        { headers, rejectUnauthorized: false },
        (response) => {
          let body = '';
          response.on('data', (chunk) => {
            body += chunk;
          });
          response.on('end', () => resolve({ status: response.statusCode!, body }));
        },
      );
      request.on('error', reject);
    });
}

describe('readiness', () => {
  const outcomes = {
    'disk-full': { level: 'stops', says: 'Full.', next: 'Free space.' },
    'disk-low': { level: 'degrades', says: 'Low.', next: 'Free space.' },
    'mail-not-configured': { level: 'note', says: 'None.', next: 'Set one.' },
    'keyring-failed': { level: 'stops', says: 'No.', next: 'Check.' },
  } as const;
  const base = { of: 'process', everyMs: 0, withoutDatabase: true, outcomes } as const;
  const found = (...codes: (keyof typeof outcomes)[]) =>
    check({
      ...base,
      name: `finds ${codes}`,
      inspect: async () => codes,
      judge: (all) => Object.fromEntries(all.map((code) => [code, true])),
    });
  const watch = (...checks: Check[]) =>
    new Watch({
      checks,
      subject: { config: readConfig(env), now: () => new Date(), open: null, broker: null },
      replica: '',
      log,
      onChange: () => undefined,
    });

  test('sorts findings by level, and reports a check that fails by its own code if it has one', async () => {
    const state = await watch(
      found('disk-full'),
      found('disk-low', 'mail-not-configured'),
      check({
        ...base,
        name: 'keys',
        failed: 'keyring-failed',
        inspect: () => Promise.reject(new Error('no')),
        judge: () => ({}),
      }),
      check({ ...base, name: 'other', inspect: () => Promise.reject(new Error('no')), judge: () => ({}) }),
    ).state();
    expect(state).toEqual({
      ready: false,
      reasons: ['disk-full', 'keyring-failed'],
      degraded: ['disk-low', 'check-failed'],
      notes: ['mail-not-configured'],
    });
    expect((await watch(found('disk-low')).state()).ready).toBe(true);
  });

  test('fails a check that does not answer in time', async () => {
    const never = { ...base, name: 'database', inspect: () => new Promise<never>(() => undefined), judge: () => ({}) };
    expect((await watch(check({ ...never, late: 'disk-full' })).state()).reasons).toEqual(['disk-full']);
  });

  test('reports a stopping server as not ready, whatever its checks find', async () => {
    const readiness = watch(found());
    expect((await readiness.state()).ready).toBe(true);
    readiness.stop();
    expect(await readiness.state()).toEqual({ ready: false, reasons: ['stopping'], degraded: [], notes: [] });
  });

  test('reports a disk as full below 100 MiB and as low below 1 GiB', () => {
    const codes = (mib: number) => verdictsOf(diskCheck.judge(mib * 1024 * 1024)).map(({ code }) => code);
    expect([codes(99), codes(1000), codes(2000)]).toEqual([['disk-full'], ['disk-low'], []]);
  });
});

describe('the operations listener', () => {
  test('speaks plain HTTP only on a loopback address; elsewhere it requires TLS 1.3 and a token to start', async () => {
    const off = { SMARTPRESENCE_OPERATIONS_BIND: '0.0.0.0' };
    expect(() => readConfig({ ...env, ...off })).toThrow(/SMARTPRESENCE_OPERATIONS_TOKEN is required/);
    for (const bind of ['127.0.0.1', '127.3.2.1', '::1'])
      expect(readConfig({ ...env, SMARTPRESENCE_OPERATIONS_BIND: bind }).operations?.plain).toBe(true);
    for (const bind of ['0.0.0.0', '10.1.2.3', '::', '::ffff:10.0.0.1', '128.0.0.1']) {
      const settings = readConfig({
        ...env,
        SMARTPRESENCE_OPERATIONS_BIND: bind,
        SMARTPRESENCE_OPERATIONS_TOKEN: TOKEN,
      });
      expect([bind, settings.operations?.plain]).toEqual([bind, false]);
    }
    const ask = await listener({ ...off, SMARTPRESENCE_OPERATIONS_TOKEN: TOKEN });
    await expect(ask('/healthz', {}, 'http')).rejects.toThrow(/ECONNRESET|socket hang up|Parse Error/);
    expect(await ask('/healthz')).toEqual({ status: 200, body: 'ok\n' });
    expect((await ask('/metrics')).status).toBe(401);
    expect((await ask('/metrics', { authorization: `Bearer ${TOKEN}x` })).status).toBe(401);
    expect(await ask('/metrics', { authorization: `Bearer ${TOKEN}` })).toEqual({ status: 200, body: 'metric 1\n' });
  });

  test('answers 503 with the reasons while not ready', async () => {
    const state = { ready: false, reasons: ['disk-full'], degraded: [], notes: [] };
    const ask = await listener({}, { state: async () => state });
    const { status, body } = await ask('/readyz');
    expect([status, JSON.parse(body)]).toEqual([503, state]);
    expect((await ask('/healthz')).status).toBe(200);
  });

  test('refuses requests for a host name that is not its own (DNS rebinding)', async () => {
    const ask = await listener({});
    expect((await ask('/metrics', { host: 'evil.example' })).status).toBe(421);
    expect((await ask('/metrics', { host: 'localhost:9' })).status).toBe(200);
  });
});
