import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { MqttTransport } from '../../sync/edge/transport/mqtt.ts';
import { issueBrokerCertificate } from '../../sync/protocol/api/broker.ts';
import { initServer } from '../../sync/server/app/local.ts';
import { call } from '../../sync/server/app/open.ts';
import { sp } from '../cli/run-sp.ts';
import { mqttTransport } from '../kit/broker.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { ackOf, type Kiosk, registeredKiosk, sealOutbox } from '../kit/kiosk.ts';
import { newServerProcess, type ServerProcess } from '../kit/server-process.ts';
import { until } from '../kit/wait.ts';
import { type Mosquitto, mosquittoMissing, startMosquitto } from '../services/mosquitto.ts';
import { reservePorts } from '../services/ports.ts';
import { postgresUnavailable, startPostgres, type TestPostgres } from '../services/postgres.ts';

/** Moves from one server to replicas behind one Mosquitto, with server processes on one PostgreSQL and the operator's command. */

const unavailable = postgresUnavailable() ?? mosquittoMissing();
if (unavailable) console.log(`SKIPPED: from one server to replicas at the broker: ${unavailable}`);
/** Time allowed for a server process to start on a busy machine. */
const PATIENCE_MS = 300_000;
const homes = [temporaryFolder(), temporaryFolder(), temporaryFolder()];
const running = new Set<Server>();
let postgres: TestPostgres;
let mosquitto: Mosquitto;
let shared: Record<string, string>;
let kiosk: Kiosk;
let transport: MqttTransport;

interface Server extends ServerProcess {
  /** Counts the lines of its log that contain this text. */
  said(text: string): number;
}

/** @param name of the replica; empty for a server without one */
async function start(name: string, home: number): Promise<Server> {
  const [people, devices] = await reservePorts(2);
  const process = await newServerProcess({
    ...shared,
    SMARTPRESENCE_SERVER_HOME: homes[home]!.path,
    SMARTPRESENCE_PEOPLE_PORT: `${people}`,
    SMARTPRESENCE_DEVICE_PORT: `${devices}`,
    ...(name && { SMARTPRESENCE_REPLICA: name }),
  });
  const said = (text: string) =>
    process
      .log()
      .split('\n')
      .filter((line) => line.includes(text)).length;
  const server = { ...process, said };
  running.add(server);
  await until(`the server “${name}” is at the broker`, () => server.said('"broker connected"') > 0, PATIENCE_MS);
  return server;
}

/** Returns the access rules that the operator's command writes. */
async function rules(...more: string[]): Promise<string> {
  const args = ['server', 'mosquitto', '--out', mosquitto.folder, '--access', ...more];
  const { code, stderr } = await sp(homes[0]!.path, args, { env: shared });
  expect(code, stderr).toBe(0);
  mosquitto.reload();
  return readFileSync(join(mosquitto.folder, 'acl'), 'utf8');
}

/** Sends check-ins over MQTT, one batch each. @returns how many were answered at the first try before one wasn't */
async function checkIns(count: number): Promise<number> {
  const { box } = kiosk;
  for (let i = 0; i < count; i++) {
    box.append(
      'checkin',
      { direction: 'in', method: 'number+pin', liveness: 'off (demo)' },
      { person: box.person('Ada') },
    );
    const sealed = await sealOutbox(kiosk);
    try {
      const answer = await transport.exchange('batch', sealed, new AbortController().signal);
      box.acknowledge(box.epoch, await ackOf(answer, kiosk));
    } catch {
      return i;
    }
  }
  return count;
}

beforeAll(async () => {
  if (unavailable) return;
  postgres = await startPostgres();
  const [port, wssPort] = (await reservePorts(2)) as [number, number];
  const url = `mqtts://127.0.0.1:${port}`;
  shared = {
    ...initServer(homes[0]!.path),
    SMARTPRESENCE_DATABASE_URL: postgres.url(),
    SMARTPRESENCE_TIMEZONE: 'UTC',
    SMARTPRESENCE_MQTT_URL: url,
  };
  kiosk = await registeredKiosk(shared);
  mosquitto = await startMosquitto({
    ...(await call(shared, issueBrokerCertificate, { body: { hostnames: ['127.0.0.1'] } })),
    port,
    wssPort,
  });
  transport = mqttTransport(kiosk, url, { silenceMs: 60_000 });
}, 600_000);
afterAll(async () => {
  transport?.close();
  await Promise.all([...running].map((server) => server.stop()));
  await mosquitto?.remove();
  await postgres?.remove();
  for (const home of homes) home.remove();
}, 300_000);
beforeEach((context) => {
  if (unavailable) context.skip(unavailable);
});

test('when one server becomes two replicas, each check-in is answered over MQTT at the first attempt', async () => {
  const first = await start('', 0);
  expect(await checkIns(20)).toBe(20);
  // The rules already name the future replicas, and the server without a name still works.
  const acl = await rules('--replica', 'a,b');
  for (const user of ['', '.a', '.b']) expect(acl).toContain(`user server.${kiosk.bundle.serverId}${user}\n`);
  expect(await checkIns(20)).toBe(20);
  const b = await start('b', 1);
  expect(await checkIns(20)).toBe(20);
  await first.stop();
  const a = await start('a', 0);
  const before = { a: a.said('"events stored"'), b: b.said('"events stored"') };
  expect(await checkIns(200)).toBe(200);
  const took = { a: a.said('"events stored"') - before.a, b: b.said('"events stored"') - before.b };
  expect(took.a + took.b).toBe(200);
  expect(Math.min(took.a, took.b)).toBeGreaterThan(0);
}, 900_000);

test('a replica takes a share only once the broker’s rules name it', async () => {
  const c = await start('c', 2);
  expect(await checkIns(20)).toBe(20);
  expect(c.said('"events stored"')).toBe(0);
  // The command reads the name from the database.
  expect(await rules()).toContain(`user server.${kiosk.bundle.serverId}.c\n`);
  await until(
    'it has joined the others',
    async () => (await checkIns(1)) === 1 && c.said('"events stored"') > 0,
    PATIENCE_MS,
  );
}, 600_000);
