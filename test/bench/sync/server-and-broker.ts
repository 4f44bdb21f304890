import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceRequest, ServerBundle } from '../../../sync/protocol/wire/provisioning.ts';
import { readConfig } from '../../../sync/server/app/config.ts';
import { bundleFor, identityContext } from '../../../sync/server/core/devices/join.ts';
import { openDatabase } from '../../../sync/server/platform/database/open.ts';
import { issueServerCertificate } from '../../../sync/server/platform/keys/certificates.ts';
import { Keys } from '../../../sync/server/platform/keys/envelope.ts';
import { openKeyring } from '../../../sync/server/platform/keys/keyring.ts';
import { registerDevice } from '../../kit/register.ts';
import { type Mosquitto, mosquittoMissing, startMosquitto } from '../../services/mosquitto.ts';
import { reservePorts } from '../../services/ports.ts';
import { postgresUnavailable, startPostgres, type TestPostgres } from '../../services/postgres.ts';
import { type Child, startNode } from '../harness.ts';

const ARTEFACTS = join(import.meta.dirname, '../../artefacts');
const SERVER = join(import.meta.dirname, '../../../sync/server/main.ts');

/** A device to be registered before the server starts. */
export interface Registration {
  readonly request: DeviceRequest;
  readonly registered: (bundle: ServerBundle) => void;
}

/** PostgreSQL with TLS, Mosquitto with TLS, and the server in its own process. */
export interface ServerAndBroker {
  /** On the repository's disk. On a RAM disk flushes would cost nothing. */
  readonly folder: string;
  readonly postgres: TestPostgres;
  readonly server: Child;
  readonly brokerPort: number;
  readonly devicePort: number;
  close(): Promise<void>;
}

/**
 * Starts them all.
 * @param register receives the world's folder and makes the devices
 * @throws Error in one line if PostgreSQL or Mosquitto isn't available here
 */
export async function startServerAndBroker(
  register: (folder: string) => Promise<readonly Registration[]>,
): Promise<ServerAndBroker> {
  const missing = postgresUnavailable() ?? mosquittoMissing();
  if (missing) throw new Error(missing);
  mkdirSync(ARTEFACTS, { recursive: true });
  const folder = mkdtempSync(join(ARTEFACTS, 'bench-sync-'));
  const closers: (() => Promise<unknown> | unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    // Commit times by row, with which latencies are computed.
    const postgres = await startPostgres({
      settings: ['track_commit_timestamp = on', 'max_wal_size = 1GB'],
    });
    closers.push(() => postgres.remove());
    const [brokerPort, wssPort, devicePort, peoplePort] = (await reservePorts(4)) as [number, number, number, number];
    const home = join(folder, 'server');
    mkdirSync(home);
    const env = {
      ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      SECRET_KEY: randomBytes(32).toString('base64'),
      SMARTPRESENCE_SERVER_HOME: home,
      SMARTPRESENCE_DATABASE_URL: postgres.url(),
      SMARTPRESENCE_MQTT_URL: `mqtts://127.0.0.1:${brokerPort}`,
      SMARTPRESENCE_HOSTNAMES: '127.0.0.1',
      SMARTPRESENCE_DEVICE_PORT: String(devicePort),
      SMARTPRESENCE_PEOPLE_PORT: String(peoplePort),
      SMARTPRESENCE_LOG_LEVEL: process.env.SMARTPRESENCE_BENCH_LOG ?? 'warn',
      SMARTPRESENCE_TIMEZONE: 'Europe/Berlin',
    };
    const mosquitto = await prepare(env, await register(folder), { brokerPort, wssPort });
    closers.push(async () => {
      if (process.env.SMARTPRESENCE_BENCH_LOG) process.stderr.write(mosquitto.log());
      await mosquitto.remove();
    });
    const server = startNode(SERVER, [], { ...process.env, ...env, ...nodeOptions('SERVER') });
    closers.push(() => server.stop());
    await server.line((line) => line.includes('"ready":true'), 60_000);
    return { folder, postgres, server, brokerPort, devicePort, close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

/** `SMARTPRESENCE_BENCH_{KIOSK,SERVER,FLEET}`: Node options for that process, for a profile (`--cpu-prof`). */
export function nodeOptions(which: 'KIOSK' | 'SERVER' | 'FLEET'): { NODE_OPTIONS?: string } {
  const options = process.env[`SMARTPRESENCE_BENCH_${which}`];
  return options ? { NODE_OPTIONS: options } : {};
}

/** Prepares keyring, devices and the broker, with a certificate from the server's CA. Runs before the server starts. */
async function prepare(
  env: Readonly<Record<string, string>>,
  registrations: readonly Registration[],
  { brokerPort, wssPort }: { brokerPort: number; wssPort: number },
): Promise<Mosquitto> {
  const config = readConfig(env);
  const database = await openDatabase(config.home, { postgres: config.database });
  try {
    const { db } = database;
    const keys = new Keys(config.encryptionKey, config.secretKey);
    const now = () => new Date();
    const keyring = await openKeyring(db, keys, {
      hostnames: config.hostnames,
      now: Date.now,
    });
    const identity = identityContext({ db, keys, keyring, now, config });
    for (const { request, registered } of registrations) {
      await registerDevice(db, request, now());
      registered(await bundleFor(identity, { id: request.id, site: null }, request.csr));
    }
    return await startMosquitto({
      serverId: keyring.serverId,
      certificate: await issueServerCertificate(keyring.ca, ['127.0.0.1'], Date.now()),
      caPems: keyring.caPems,
      port: brokerPort,
      wssPort,
    });
  } finally {
    await database.close();
  }
}
