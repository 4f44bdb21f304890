import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../sync/server/app/config.ts';
import { brokerUser } from '../../sync/server/app/mqtt/mosquitto.ts';
import { openDatabase } from '../../sync/server/platform/database/open.ts';
import {
  issueDeviceCertificate,
  issueServerCertificate,
  issueServerClientCertificate,
  type KeyAndCertificate,
} from '../../sync/server/platform/keys/certificates.ts';
import { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { openKeyring } from '../../sync/server/platform/keys/keyring.ts';
import { provision } from '../kit/register.ts';
import { type Mosquitto, mosquittoMissing, startMosquitto } from '../services/mosquitto.ts';
import { reservePorts } from '../services/ports.ts';
import { postgresUnavailable, startPostgres, type TestPostgres } from '../services/postgres.ts';
import { type ChaosProxy, chaosProxy } from './chaos-proxy.ts';
import { copyFolder, type Disk, makeDisk } from './disks.ts';
import { type KioskEnd, makeKiosk } from './kiosk-end.ts';
import { NodeProcess } from './node-process.ts';
import { Operator } from './operator.ts';

const REPLICAS = ['a', 'b'];

/** Why a fault run isn't possible on this machine, in one line; null if it is. */
export function systemMissing(): string | null {
  return postgresUnavailable() ?? mosquittoMissing();
}

export interface ServerEnd {
  readonly process: NodeProcess;
  /** Proxy of its connection to the database. */
  readonly database: ChaosProxy;
  readonly broker: ChaosProxy;
  readonly port: number;
}

type Parts = Pick<
  WholeSystem,
  | 'folder'
  | 'databaseDisk'
  | 'postgres'
  | 'mosquitto'
  | 'servers'
  | 'kiosks'
  | 'operator'
  | 'expiredCertificate'
  | 'proxies'
>;

/**
 * Everything that runs in a fault run: real processes on this machine, with a proxy on each connection between them. The database
 * and each kiosk have a small disk of their own.
 */
export class WholeSystem {
  readonly folder: string;
  readonly databaseDisk: Disk;
  readonly postgres: TestPostgres;
  readonly mosquitto: Mosquitto;
  readonly servers: readonly ServerEnd[];
  readonly kiosks: readonly KioskEnd[];
  readonly operator: Operator;
  /** Makes an expired certificate for a device of this world. */
  readonly expiredCertificate: (device: string, csr: string) => Promise<string>;
  readonly proxies: readonly ChaosProxy[];

  constructor(o: Parts) {
    this.folder = o.folder;
    this.databaseDisk = o.databaseDisk;
    this.postgres = o.postgres;
    this.mosquitto = o.mosquitto;
    this.servers = o.servers;
    this.kiosks = o.kiosks;
    this.operator = o.operator;
    this.expiredCertificate = o.expiredCertificate;
    this.proxies = o.proxies;
  }

  /**
   * Waits until every kiosk has delivered what it had at the call. People continue to check in, so on a busy machine something is
   * always in transit. `all`: waits until nothing is.
   * @throws Error with the state of each end after `ms`
   */
  async settle(ms: number, { all = false } = {}): Promise<void> {
    const began = performance.now();
    const end = began + ms;
    const wanted = new Map<KioskEnd, number>();
    const isLate = (kiosk: KioskEnd): boolean => {
      const { report } = kiosk;
      if (!report || report.at < began) return true;
      if (all) return report.pending > 0 || report.photos > 0;
      const target = wanted.get(kiosk) ?? report.made;
      wanted.set(kiosk, target);
      return report.made - report.pending < target;
    };
    for (;;) {
      const late = this.kiosks.filter(isLate);
      if (late.length === 0) return;
      if (performance.now() > end) throw new Error(`not settled after ${ms} ms:\n${this.#state()}`);
      await sleep(25);
    }
  }

  #state(): string {
    const kiosks = this.kiosks.map(
      (k, i) => `kiosk ${i}: ${JSON.stringify(k.report)}\n${k.complaints.slice(-8).join('\n')}`,
    );
    const servers = this.servers.map((s, i) => `server ${i}: ${s.process.complaints.slice(-8).join('\n')}`);
    return [...kiosks, ...servers].join('\n');
  }

  /** Stops the server, copies the whole database, and restarts it. */
  async databaseBackup(): Promise<string> {
    const copy = join(this.folder, 'database-backup');
    rmSync(copy, { recursive: true, force: true });
    await this.postgres.stop();
    copyFolder(this.postgres.dataFolder, copy);
    await this.postgres.start();
    return copy;
  }

  /** Events in the database now, bypassing the servers. */
  eventCount(): number {
    return Number(this.postgres.sql('select count(*) from event', 'sp'));
  }

  /** The same; null while the database is unavailable. */
  eventCountIfUp(): number | null {
    try {
      return this.eventCount();
    } catch {
      return null;
    }
  }

  /** Those of these event ids that the database has now. */
  presentIds(ids: readonly string[]): ReadonlySet<string> {
    if (ids.length === 0) return new Set();
    const list = ids.map((id) => `'${id}'`).join(',');
    return new Set(this.postgres.sql(`select id from event where id in (${list})`, 'sp').split('\n'));
  }

  /** Events in the database right after the last restore, before anything was resent. */
  eventCountAtRestore = 0;

  /** Replaces the database by a backup, as after a disaster. */
  async restoreDatabase(copy: string): Promise<void> {
    for (const { database } of this.servers) database.refuse();
    await this.postgres.kill();
    rmSync(this.postgres.dataFolder, { recursive: true, force: true });
    copyFolder(copy, this.postgres.dataFolder);
    await this.postgres.start();
    this.eventCountAtRestore = this.eventCount();
    for (const { database } of this.servers) database.heal();
  }

  async close(): Promise<void> {
    await this.operator.close();
    for (const kiosk of this.kiosks) await kiosk.end('SIGKILL');
    for (const { process } of this.servers) await process.end('SIGKILL');
    await this.mosquitto.remove();
    await this.postgres.remove();
    for (const proxy of this.proxies) await proxy.close();
    for (const { disk } of this.kiosks) disk.remove();
    this.databaseDisk.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Starts a world of PostgreSQL, Mosquitto, two servers and two kiosks on which people check in. */
export async function startSystem(seed: number, note: (line: string) => void): Promise<WholeSystem> {
  const folder = mkdtempSync(join(tmpdir(), 'sp-faults-'));
  // PostgreSQL runs as another user and needs access to its folder.
  chmodSync(folder, 0o755);
  const databaseDisk = makeDisk(join(folder, 'database'), 4096);
  const postgres = await startPostgres({
    parent: databaseDisk.path,
    settings: ['max_wal_size = 128MB', 'min_wal_size = 32MB', 'shared_buffers = 64MB', 'max_connections = 60'],
  });
  note('PostgreSQL runs');
  const [brokerPort, wssPort, ...ports] = await reservePorts(2 + 2 * REPLICAS.length);
  const keys = { ENCRYPTION_KEY: randomBytes(32).toString('base64'), SECRET_KEY: randomBytes(32).toString('base64') };
  const url = postgres.url();
  const proxies: ChaosProxy[] = [];
  const proxy = async (port: number) => {
    const made = await chaosProxy({ host: '127.0.0.1', port });
    proxies.push(made);
    return made;
  };
  const envOf = (replica: string, i: number, database: string, broker: number) => ({
    ...keys,
    SMARTPRESENCE_SERVER_HOME: join(folder, `server-${replica}`),
    SMARTPRESENCE_DATABASE_URL: database,
    SMARTPRESENCE_MQTT_URL: `mqtts://127.0.0.1:${broker}`,
    SMARTPRESENCE_REPLICA: replica,
    SMARTPRESENCE_HOSTNAMES: '127.0.0.1',
    SMARTPRESENCE_DEVICE_PORT: String(ports[2 * i]),
    SMARTPRESENCE_PEOPLE_PORT: String(ports[2 * i + 1]),
    SMARTPRESENCE_LOG_LEVEL: process.env.SMARTPRESENCE_FAULTS_LOG ?? 'warn',
    SMARTPRESENCE_TIMEZONE: 'Europe/Berlin',
  });
  const direct = envOf(REPLICAS[0]!, 0, url, brokerPort!);
  mkdirSync(direct.SMARTPRESENCE_SERVER_HOME, { recursive: true });

  const { broker, users, expired } = await issueCertificates(direct);
  const mosquitto = await startMosquitto(
    {
      serverId: broker.serverId,
      replicas: REPLICAS,
      certificate: broker.certificate,
      caPems: broker.caPems,
      port: brokerPort!,
      wssPort: wssPort!,
    },
    // A broker's operator may do anything there.
    { acl: `\nuser ${brokerUser(broker.serverId, 'operator')}\ntopic readwrite #\n` },
  );
  note('Mosquitto runs');
  const servers: ServerEnd[] = [];
  for (const [i, replica] of REPLICAS.entries()) {
    const database = await proxy(postgres.port);
    const toBroker = await proxy(brokerPort!);
    const through = new URL(url);
    through.port = String(database.port);
    const env = { ...process.env, ...envOf(replica, i, through.href, toBroker.port) };
    mkdirSync(env.SMARTPRESENCE_SERVER_HOME, { recursive: true });
    const server = new NodeProcess({
      file: join(import.meta.dirname, '../../sync/server/main.ts'),
      before: join(import.meta.dirname, 'server-clock.ts'),
      args: () => [],
      env,
      ready: (line) => line.includes('"ready":true'),
    });
    servers.push({ process: server, database, broker: toBroker, port: ports[2 * i]! });
  }
  // Sequential only to spare a small machine; another test shows that they can start together.
  for (const { process } of servers) await process.start();
  note('two servers run');
  const kiosks: KioskEnd[] = [];
  for (let i = 0; i < 2; i++) {
    const kiosk = await makeKiosk({
      folder,
      index: i,
      seed,
      brokerPort: brokerPort!,
      serverPort: servers[i % servers.length]!.port,
      register: (secret, name) => provision(direct, secret, name),
    });
    proxies.push(kiosk.broker, kiosk.https);
    kiosks.push(kiosk);
    await kiosk.start();
  }
  const operator = new Operator({
    port: brokerPort!,
    serverId: broker.serverId,
    credentials: users.operator,
    caPems: broker.caPems,
    seed,
  });
  await operator.start();
  note('two kiosks run');
  return new WholeSystem({
    folder,
    databaseDisk,
    postgres,
    mosquitto,
    servers,
    kiosks,
    operator,
    expiredCertificate: expired,
    proxies,
  });
}

/** Issues certificates that the product does not: those of the broker and its operator, and an expired one. */
async function issueCertificates(env: Readonly<Record<string, string>>) {
  const config = readConfig(env);
  const database = await openDatabase(config.home, { postgres: config.database });
  try {
    const now = () => Date.now();
    const keyring = await openKeyring(database.db, new Keys(config.encryptionKey, config.secretKey), {
      hostnames: config.hostnames,
      now,
    });
    const { ca, serverId, caPems } = keyring;
    const operator: KeyAndCertificate = await issueServerClientCertificate(ca, brokerUser(serverId, 'operator'), now());
    return {
      broker: { serverId, caPems, certificate: await issueServerCertificate(ca, ['127.0.0.1'], now()) },
      users: { operator },
      expired: (device: string, csr: string) => issueDeviceCertificate(ca, device, csr, now() - 500 * 86_400_000),
    };
  } finally {
    await database.close();
  }
}
