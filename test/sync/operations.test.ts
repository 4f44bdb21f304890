import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { initServer } from '../../sync/server/app/local.ts';
import { selfSignedServerCertificate } from '../../sync/server/platform/keys/certificates.ts';
import { call } from '../kit/client.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { registeredKiosk, sync } from '../kit/kiosk.ts';
import { newServerProcess, type ServerProcess } from '../kit/server-process.ts';
import { until } from '../kit/wait.ts';
import { postgresUnavailable, startPostgres, type TestPostgres } from '../services/postgres.ts';

/** What operators see when real server processes run on a real PostgreSQL. */

/** Returns the fingerprint of the certificate with which the listener at this URL introduces itself. */
function fingerprint(url: string): Promise<string> {
  const { hostname: host, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    }).on('error', reject);
  });
}

const DAY_MS = 86_400_000;
const NAME = 'Zyxwvut Qponmlk';
const unavailable = postgresUnavailable();
if (unavailable) console.log(unavailable);

interface Process extends ServerProcess {
  ask(path: string): Promise<{ status: number; body: string }>;
}

describe.skipIf(unavailable)('a server process', () => {
  const home = temporaryFolder();
  const running: Process[] = [];
  let postgres: TestPostgres;
  let env: Record<string, string>;

  beforeAll(async () => {
    postgres = await startPostgres();
    env = {
      ...initServer(home.path),
      SMARTPRESENCE_DATABASE_URL: postgres.url('operations'),
      SMARTPRESENCE_PEOPLE_PORT: '0',
      SMARTPRESENCE_DEVICE_PORT: '0',
      SMARTPRESENCE_OPERATIONS_PORT: '0',
    };
  });
  afterAll(async () => {
    for (const process of running) await process.stop('SIGKILL');
    await postgres?.remove();
    home.remove();
  });

  async function start(more: Record<string, string> = {}): Promise<Process> {
    const server = await newServerProcess({ ...env, ...more });
    const ask = async (path: string) => {
      const answer = await fetch(`http://127.0.0.1:${server.operationsPort}${path}`, { keepalive: false });
      return { status: answer.status, body: await answer.text() };
    };
    running.push({ ...server, ask });
    return { ...server, ask };
  }
  const readiness = async (process: Process) => JSON.parse((await process.ask('/readyz')).body);

  test('started twice at once on an empty database migrates once, and both become ready', async () => {
    const both = await Promise.all([start({ SMARTPRESENCE_REPLICA: 'a' }), start({ SMARTPRESENCE_REPLICA: 'b' })]);
    for (const one of both)
      expect(await one.ask('/readyz')).toMatchObject({ status: 200, body: expect.stringContaining('"ready":true') });
    expect(postgres.sql('select count(*) > 0 from kysely_migration', 'operations')).toBe('t');
    for (const one of both) one.child.kill('SIGTERM');
    for (const one of both) expect((await one.ended).code).toBe(0);
  });

  test('reports what it ingested in numbers, and names nobody', async () => {
    const server = await start();
    const { port } = new URL(server.deviceUrl);
    const kiosk = await registeredKiosk({ ...env, SMARTPRESENCE_DEVICE_PORT: port });
    const { box } = kiosk;
    box.checkin(box.person(NAME));
    expect(await sync(kiosk)).toMatchObject({ queued: 0, problem: null });
    const { status, body } = await server.ask('/metrics');
    expect(status).toBe(200);
    const metric = (line: string) =>
      Number(
        body
          .split('\n')
          .find((l) => l.startsWith(`${line} `))
          ?.split(' ')[1],
      );
    expect(metric('smartpresence_events_total{result="taken"}')).toBe(2);
    expect(metric('smartpresence_kiosks{status="approved"}')).toBe(1);
    expect(metric('smartpresence_kiosks_heard{within="minute"}')).toBe(1);
    expect(metric('smartpresence_quarantine_events')).toBe(0);
    expect(metric('smartpresence_kiosk_alerts{code="offline"}')).toBe(0);
    expect(metric('smartpresence_kiosk_alerts{code="no-report"}')).toBe(1);
    expect(metric('smartpresence_database_connections{state="total"}')).toBeGreaterThan(0);
    expect(body).toMatch(/^smartpresence_device_message_seconds_count\{kind="batch",outcome="ok"\} 1$/m);
    expect(body).toMatch(
      /^smartpresence_http_request_seconds_count\{method="POST",route="\/v1\/batches",status="2xx"\} /m,
    );
    expect(body).toMatch(/^nodejs_eventloop_lag_seconds /m);
    for (const personal of ['Zyxwvut', box.device, 'Front door', '127.0.0.1']) expect(body).not.toContain(personal);
    server.child.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
  });

  test('renews the certificates for browsers and kiosks without a restart', async () => {
    const server = await start();
    const urls = [server.peopleUrl, server.deviceUrl];
    const before = await Promise.all(urls.map(fingerprint));
    const ending = await selfSignedServerCertificate(['localhost'], Date.now() - 380 * DAY_MS);
    postgres.sql(`update keyring.listener set cert_pem = '${ending.certPem}'`, 'operations');
    await until('both have a new one', async () =>
      (await Promise.all(urls.map(fingerprint))).every((now, i) => now !== before[i]),
    );
    server.child.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
  });

  test('is not ready while its database is unreachable, says why, and recovers when it is back', async () => {
    const server = await start();
    expect(await readiness(server)).toMatchObject({ ready: true, reasons: [], degraded: [] });
    await postgres.stop();
    await until('it notices', async () => (await server.ask('/readyz')).status === 503);
    expect((await readiness(server)).reasons).toContain('database-failed');
    expect((await server.ask('/healthz')).status).toBe(200);
    expect((await server.ask('/metrics')).status).toBe(200);
    await postgres.start();
    await until('it is back', async () => (await server.ask('/readyz')).status === 200);
    server.child.kill('SIGTERM');
    const { code, log } = await server.ended;
    expect([code, log.includes('not ready for traffic')]).toEqual([0, true]);
    expect(log).not.toContain('[withheld]');
  });

  test('on SIGTERM reports not ready while still serving, then ends; a second signal ends it at once', async () => {
    const gentle = await start({ SMARTPRESENCE_DRAIN_SECONDS: '2' });
    gentle.child.kill('SIGTERM');
    await until('it says so', async () => (await gentle.ask('/readyz')).status === 503);
    expect((await readiness(gentle)).reasons).toEqual(['stopping']);
    expect((await call(`${gentle.peopleUrl}/api/session`)).status).toBe(401);
    expect((await gentle.ended).code).toBe(0);

    const hasty = await start({ SMARTPRESENCE_DRAIN_SECONDS: '300' });
    const asked = performance.now();
    hasty.child.kill('SIGTERM');
    await until('it says so', async () => (await hasty.ask('/readyz')).status === 503);
    await until('one of the next ends it', async () => {
      hasty.child.kill('SIGTERM');
      return hasty.child.exitCode !== null;
    });
    expect((await hasty.ended).code).toBe(128 + 15);
    // Signals within the first two seconds count as the same request.
    expect(performance.now() - asked).toBeGreaterThan(2000);
  });
});
