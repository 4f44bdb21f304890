import { randomBytes, randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_WEIGHTS } from '../../models/node/weights.ts';
import { LANDMARKS_NODE } from '../../models/rules/manifest.ts';
import { readConfig } from '../../sync/server/app/config.ts';
import { doctor } from '../../sync/server/app/doctor.ts';
import { initServer } from '../../sync/server/app/local.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { writeMosquittoAccess } from '../../sync/server/app/mqtt/mosquitto.ts';
import { type RunningServer, startServer } from '../../sync/server/app/server.ts';
import { listAttention } from '../../sync/server/features/attention/items.ts';
import { openDatabase } from '../../sync/server/platform/database/open.ts';
import { issueServerCertificate, selfSignedServerCertificate } from '../../sync/server/platform/keys/certificates.ts';
import { openKeyring } from '../../sync/server/platform/keys/keyring.ts';
import { keysOf } from '../../sync/server/platform/keys/settings.ts';
import { beat } from '../../sync/server/platform/keys/versions.ts';
import { attentionOf } from '../../sync/server/platform/server-module.ts';
import { call, cookieOf, tokenOf } from '../kit/client.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { type Mosquitto, mosquittoMissing, startMosquitto } from '../services/mosquitto.ts';
import { type Moto, motoMissing, startMoto } from '../services/moto.ts';
import { reservePorts } from '../services/ports.ts';
import { postgresUnavailable, startPostgres, type TestPostgres } from '../services/postgres.ts';

/** A real server on PostgreSQL, Mosquitto and S3, each of them broken: doctor, /readyz and Attention report the same codes. */

const missing = postgresUnavailable() ?? mosquittoMissing() ?? motoMissing();
if (missing) console.log(`SKIPPED: doctor: ${missing}`);
const HANG_MS = 180_000;
const YEARS = 2 * 366 * 86_400_000;
const PIXEL = Buffer.from('not a picture').toString('base64');

interface Ready {
  readonly ready: boolean;
  readonly reasons: string[];
  readonly degraded: string[];
  readonly notes: string[];
}

describe.skipIf(missing)('doctor on a server', () => {
  const home = temporaryFolder();
  const log = pino({ level: 'silent' });
  let postgres: TestPostgres;
  let mosquitto: Mosquitto;
  let moto: Moto;
  let serverId: string;
  let env: Record<string, string>;
  let server: RunningServer | null = null;

  beforeAll(async () => {
    [postgres, moto] = await Promise.all([startPostgres(), startMoto()]);
    const [port, wssPort] = (await reservePorts(2)) as [number, number];
    env = {
      ...initServer(home.path),
      SMARTPRESENCE_DATABASE_URL: postgres.url('doctor'),
      SMARTPRESENCE_PEOPLE_PORT: '0',
      SMARTPRESENCE_DEVICE_PORT: '0',
      SMARTPRESENCE_OPERATIONS_PORT: '0',
      SMARTPRESENCE_TIMEZONE: 'Europe/Berlin',
      SMARTPRESENCE_REPLICA: 'a',
      SMARTPRESENCE_MQTT_URL: `mqtts://127.0.0.1:${port}`,
    };
    const ca = await withDatabase(async ({ keyring }) => {
      serverId = keyring.serverId;
      return keyring.ca;
    });
    mosquitto = await startMosquitto({
      serverId,
      replicas: ['a'],
      certificate: await issueServerCertificate(ca, ['127.0.0.1'], Date.now()),
      caPems: [ca.certPem],
      port,
      wssPort,
    });
  }, HANG_MS);
  afterAll(async () => {
    await server?.close();
    await mosquitto?.remove();
    await moto?.remove();
    await postgres?.remove();
    home.remove();
  }, HANG_MS);

  async function withDatabase<T>(
    work: (o: {
      db: Awaited<ReturnType<typeof openDatabase>>['db'];
      keys: ReturnType<typeof keysOf>;
      keyring: Awaited<ReturnType<typeof openKeyring>>;
    }) => Promise<T>,
  ): Promise<T> {
    const config = readConfig(env);
    const database = await openDatabase(config.home, { postgres: config.database, size: 2 });
    const keys = keysOf(config);
    const { hostnames } = config;
    try {
      const keyring = await openKeyring(database.db, keys, { hostnames, now: Date.now });
      return await work({ db: database.db, keys, keyring });
    } finally {
      await database.close();
    }
  }
  const start = async (more: Record<string, string> = {}, off = 0) => {
    server = await startServer(readConfig({ ...env, ...more }), log, { now: () => new Date(Date.now() + off) });
  };
  const stop = async () => {
    await server?.close();
    server = null;
  };
  const readyz = async (): Promise<Ready> =>
    (await fetch(`http://127.0.0.1:${server!.operationsPort}/readyz`)).json() as Promise<Ready>;
  /** What Attention shows an administrator. */
  const items = () =>
    withDatabase(({ db, keys }) => {
      const query = { kinds: ['server'], state: 'open', scope: null, sort: '-at', limit: 100, after: null } as const;
      return listAttention(db, keys, attentionOf(MODULES), query, new Date());
    });
  const attention = async () => (await items()).map(({ code }) => code).sort();
  /** What doctor reports as failing or degraded, and its notes. */
  const notified = async (more: Record<string, string> = {}, off = 0) => {
    const report = await doctor({ ...env, ...more }, () => new Date(Date.now() + off));
    const all = report.checks.flatMap(({ findings }) => findings);
    const codes = (note: boolean) =>
      all
        .filter(({ level }) => (level === 'note') === note)
        .map(({ code }) => code)
        .sort();
    return { ok: report.ok, wrong: codes(false), notes: codes(true) };
  };
  /** Waits until Attention shows exactly this, which takes one round of the checks. */
  const untilAttention = async (codes: readonly string[]) => {
    const end = Date.now() + HANG_MS;
    let seen = await attention();
    while (JSON.stringify(seen) !== JSON.stringify(codes) && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      seen = await attention();
    }
    expect(seen).toEqual(codes);
  };
  /** All three report exactly this. */
  const allSay = async (codes: readonly string[], more: Record<string, string> = {}, off = 0) => {
    const sorted = [...codes].sort();
    await untilAttention(sorted);
    const { reasons, degraded, notes } = await readyz();
    expect([...reasons, ...degraded].sort()).toEqual(sorted);
    const said = await notified(more, off);
    expect(said).toEqual({ ok: codes.length === 0, wrong: sorted, notes: [...notes].sort() });
  };
  const NOTES = [
    'administrator-missing',
    'backups-not-configured',
    'consent-text-missing',
    'contacts-missing',
    'mail-not-configured',
  ];

  test('that is healthy: finds no problems, and notes what is not set up', { timeout: HANG_MS }, async () => {
    // Not running yet, so doctor tries the broker itself.
    expect(await notified()).toMatchObject({ ok: false, wrong: ['server-not-running'] });
    await start();
    await allSay([]);
    expect((await readyz()).notes.sort()).toEqual(NOTES);
    const { checks } = await doctor(env);
    const said = (name: string) => checks.find(({ check }) => check === name);
    expect(said('backups'), 'there are none to check').toMatchObject({ state: 'not-checked', findings: [] });
    expect(said('certificates')).toMatchObject({
      state: 'ok',
      remark: expect.stringMatching(/^console and portal renewed by the server, CA until 20\d\d-\d\d-\d\d/),
    });
    await stop();
  });

  test('weights, broker’s rules, object store, mail server and certificate', { timeout: 2 * HANG_MS }, async () => {
    const weights = join(home.path, 'no-weights');
    mkdirSync(weights);
    const ended = await selfSignedServerCertificate(['127.0.0.1'], Date.now() - YEARS);
    const [cert, key] = [join(home.path, 'people.pem'), join(home.path, 'people.key')];
    writeFileSync(cert, ended.certPem);
    writeFileSync(key, ended.keyPem, { mode: 0o600 });
    const broken = {
      ...moto.env('no-such-bucket'),
      SMARTPRESENCE_WEIGHTS: weights,
      SMARTPRESENCE_PEOPLE_CERT: cert,
      SMARTPRESENCE_PEOPLE_KEY: key,
      SMTP_URL: 'smtps://127.0.0.1:9',
      SMTP_FROM: 'presence@example.org',
    };
    const { file } = LANDMARKS_NODE;
    cpSync(DEFAULT_WEIGHTS, weights, { recursive: true });
    writeFileSync(join(weights, file), readFileSync(join(weights, file)).with(-1, 0x5a));
    expect((await notified(broken)).wrong).toContain('models-altered');
    rmSync(join(weights, file));
    const named = writeMosquittoAccess(mosquitto.folder, { serverId, replicas: ['b'] });
    expect(named).toBe(true);
    mosquitto.reload();
    const BROKER = ['broker-not-readable', 'broker-not-writable'];
    // Not running: tried from here, with the same result.
    expect((await notified()).wrong).toEqual([...BROKER, 'server-not-running']);
    await start(broken);
    await allSay(
      [...BROKER, 'backup-missing', 'mail-unreachable', 'models-missing', 'people-certificate-ended', 's3-unusable'],
      broken,
    );
    expect((await readyz()).ready).toBe(true);
    // The running server holds the broker's connection, so doctor repeats its findings, with their time.
    const broker = (await doctor({ ...env, ...broken })).checks.find(({ check }) => check === 'broker')!;
    for (const { detail } of broker.findings) expect(detail).toMatch(/seen by the running server \d+ s ago/);

    const { peopleUrl, adminLink } = server!;
    const origin = { origin: peopleUrl, 'content-type': 'application/json' };
    const body = JSON.stringify({ token: tokenOf(adminLink) });
    const cookie = cookieOf(await call(`${peopleUrl}/api/session`, { method: 'POST', headers: origin, body }));
    const picture = JSON.stringify({ picture: PIXEL, source: 'camera' });
    const judged = await call(`${peopleUrl}/api/enrolment/judge`, {
      method: 'POST',
      headers: { ...origin, cookie },
      body: picture,
    });
    expect([judged.status, judged.json().code]).toEqual([503, 'models-missing']);

    // Once fixed, it clears automatically, without a restart.
    writeMosquittoAccess(mosquitto.folder, { serverId, replicas: ['a', 'b'] });
    mosquitto.reload();
    await untilAttention(
      ['backup-missing', 'mail-unreachable', 'models-missing', 'people-certificate-ended', 's3-unusable'].sort(),
    );
    await stop();
    rmSync(weights, { recursive: true });
  });

  test('that crashed and was restarted at once: finds no problem, but reports a second one with the same name', {
    timeout: HANG_MS,
  }, async () => {
    const [crashed, silent] = [randomUUID(), randomUUID()];
    const about = { name: 'a', build: '0.0.1', schema: '0001' };
    await withDatabase(async ({ db, keys }) => {
      await beat(db, keys, crashed, about);
      await beat(db, keys, silent, { ...about, name: 'b' });
      await sql`update keyring.replica set seen_at = now() - interval '1 minute' where id = ${silent}::uuid`.execute(
        db,
      );
    });
    await start();
    const ofReplicas = async () => (await notified()).wrong.filter((code) => code.startsWith('replica'));
    expect(await ofReplicas()).toEqual(['replica-silent']);
    await withDatabase(({ db, keys }) => beat(db, keys, crashed, about));
    expect(await ofReplicas()).toEqual(['replica-name-twice', 'replica-silent', 'replicas-differ']);
    await withDatabase(({ db }) => db.deleteFrom('keyring.replica').where('id', '=', crashed).execute());
    await untilAttention(['replica-silent']);
    expect((await items()).map(({ code, replicas }) => [code, replicas])).toEqual([['replica-silent', ['b']]]);
    await withDatabase(({ db }) => db.deleteFrom('keyring.replica').where('id', '=', silent).execute());
    await untilAttention([]);
    await stop();
  });

  test('whose clock is ten minutes ahead', { timeout: HANG_MS }, async () => {
    await start({}, 600_000);
    await allSay(['clock-wrong'], {}, 600_000);
    expect((await items()).map(({ code, replicas }) => [code, replicas])).toEqual([['clock-wrong', ['a']]]);
    expect((await readyz()).ready).toBe(false);
    await stop();
  });

  test('whose database has TLS off, or logs personal values', { timeout: HANG_MS }, async () => {
    await start();
    await postgres.stop();
    postgres.configure('ssl = off');
    await postgres.start();
    const end = Date.now() + HANG_MS;
    while ((await readyz()).ready && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 200));
    // Attention is in the database, which nobody can read now.
    expect((await readyz()).reasons).toEqual(['database-tls-refused']);
    expect(await notified()).toMatchObject({ ok: false, wrong: ['database-tls-refused'] });
    await postgres.stop();
    postgres.configure('ssl = on');
    postgres.configure('log_statement = all');
    await postgres.start();
    expect(await notified()).toMatchObject({ ok: false, wrong: ['database-logs-parameters'] });
    await stop();
  });
});

describe('the embedded database', () => {
  const home = temporaryFolder();
  let env: Record<string, string>;
  let server: RunningServer | null = null;
  afterAll(async () => {
    await server?.close();
    home.remove();
  });

  test('that does not exist yet: doctor says so and creates none', { timeout: HANG_MS }, async () => {
    env = { ...initServer(home.path), SMARTPRESENCE_PEOPLE_PORT: '0', SMARTPRESENCE_DEVICE_PORT: '0' };
    const before = readdirSync(home.path);
    const report = await doctor(env);
    expect(report.checks[0]).toMatchObject({ state: 'failing', findings: [{ code: 'database-failed' }] });
    expect(report.checks.filter(({ state }) => state === 'not-checked').length).toBeGreaterThan(3);
    expect(readdirSync(home.path)).toEqual(before);
  });

  test('of a running server: the server checks for doctor, over its socket', { timeout: HANG_MS }, async () => {
    server = await startServer(readConfig(env), pino({ level: 'silent' }));
    const report = await doctor(env);
    const codes = report.checks.flatMap(({ findings }) => findings.map(({ code }) => code));
    expect([report.ok, codes.includes('embedded-database')]).toEqual([true, true]);
  });

  test('with another server’s keys: doctor reports wrong keys, and advises no new ones', {
    timeout: HANG_MS,
  }, async () => {
    await server!.close();
    server = null;
    const wrong = randomBytes(32).toString('base64');
    const report = await doctor({ ...env, ENCRYPTION_KEY: wrong });
    const keys = report.checks.find(({ check }) => check === 'keys')!;
    expect(keys).toMatchObject({ state: 'failing', findings: [{ code: 'keyring-failed' }] });
    expect(keys.findings[0]!.detail).toMatch(/^wrong-encryption-key: /);
    expect(JSON.stringify(report)).not.toMatch(/keys generate|openssl rand/);
  });
});
