import { get } from 'node:http';
import { get as tlsGet } from 'node:https';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { readConfig } from '../config.ts';
import { selfSignedServerCertificate } from '../keys/certificates.ts';
import { listenForOperations } from './listener.ts';
import { diskProbe } from './probes.ts';
import { type Finding, Readiness } from './readiness.ts';

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
  readiness: Pick<Readiness, 'state'> = new Readiness([], log),
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
  const found = (...findings: Finding[]) => ({ name: 'probe', look: async () => findings });

  test('what blocks is a reason, what does not is told, and a probe that fails blocks', async () => {
    const state = await new Readiness(
      [
        found({ code: 'disk-full', blocks: true }),
        found({ code: 'broker-not-connected', blocks: false }),
        { name: 'keyring', look: () => Promise.reject(new Error('no')) },
      ],
      log,
    ).state();
    expect(state).toEqual({
      ready: false,
      reasons: ['disk-full', 'keyring-failed'],
      degraded: ['broker-not-connected'],
    });
    expect((await new Readiness([found({ code: 'x', blocks: false })], log).state()).ready).toBe(true);
  });

  test('a probe that never answers blocks after its time', async () => {
    const never = { name: 'database', look: () => new Promise<never>(() => undefined) };
    expect((await new Readiness([never], log).state()).reasons).toEqual(['database-no-answer']);
  });

  test('a server that stops is not ready, whatever its probes say', async () => {
    const readiness = new Readiness([found()], log);
    expect((await readiness.state()).ready).toBe(true);
    readiness.stop();
    expect(await readiness.state()).toEqual({ ready: false, reasons: ['stopping'], degraded: [] });
  });

  test('the disk blocks below 100 MiB and is told below 1 GiB', async () => {
    const codes = async (mib: number) =>
      (await diskProbe('/', async () => mib * 1024 * 1024).look()).map((f) => `${f.code} ${f.blocks}`);
    expect([await codes(99), await codes(1000), await codes(2000)]).toEqual([
      ['disk-full true'],
      ['disk-low false'],
      [],
    ]);
  });
});

describe('the operations listener', () => {
  test('speaks plain HTTP on a loopback address alone: elsewhere TLS 1.3, and a token is needed to start', async () => {
    const off = { SMARTPRESENCE_OPERATIONS_BIND: '0.0.0.0' };
    expect(() => readConfig({ ...env, ...off })).toThrow(/SMARTPRESENCE_OPERATIONS_TOKEN is needed/);
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
    const state = { ready: false, reasons: ['disk-full'], degraded: [] };
    const ask = await listener({}, { state: async () => state });
    const { status, body } = await ask('/readyz');
    expect([status, JSON.parse(body)]).toEqual([503, state]);
    expect((await ask('/healthz')).status).toBe(200);
  });

  test('gives a page of another name, whose DNS was pointed here, nothing', async () => {
    const ask = await listener({});
    expect((await ask('/metrics', { host: 'evil.example' })).status).toBe(421);
    expect((await ask('/metrics', { host: 'localhost:9' })).status).toBe(200);
  });
});
