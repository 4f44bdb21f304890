import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { pino } from 'pino';
import { SyncEngine, type SyncStatus } from '../../sync/edge/engine.ts';
import { createDeviceIdentity, type DeviceSecret, deviceRequest } from '../../sync/edge/identity.ts';
import { kioskTransport } from '../../sync/edge/transport/failover.ts';
import { MqttTransport, type MqttTransportOptions } from '../../sync/edge/transport/mqtt.ts';
import { openAck } from '../../sync/protocol/seal/ack.ts';
import { sealBatch } from '../../sync/protocol/seal/batch.ts';
import type { ServerBundle } from '../../sync/protocol/wire/provisioning.ts';
import { type Config, readConfig } from '../../sync/server/app/config.ts';
import { initServer, provisionLocal } from '../../sync/server/app/local.ts';
import { type Call, call } from '../../sync/server/app/open.ts';
import { type RunningServer, startServer } from '../../sync/server/app/server.ts';
import { openDatabase } from '../../sync/server/platform/database/open.ts';
import {
  issueDeviceCertificate,
  issueServerCertificate,
  issueServerClientCertificate,
  type KeyAndCertificate,
} from '../../sync/server/platform/keys/certificates.ts';
import { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { type Keyring, openKeyring } from '../../sync/server/platform/keys/keyring.ts';
import { serverHome } from '../kit/folder.ts';
import { MemoryOutbox } from '../kit/outbox.ts';
import { type Mosquitto, startMosquitto } from '../services/mosquitto.ts';
import { reservePorts } from '../services/ports.ts';

export const never = new AbortController().signal;
export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Waits for something to become true; throws with `what` when it does not. */
export async function until(what: string, done: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await done())) {
    if (Date.now() > end) throw new Error(`it did not come to this in ${ms} ms: ${what}`);
    await sleep(20);
  }
}

export interface Kiosk {
  readonly secret: DeviceSecret;
  readonly bundle: ServerBundle;
  readonly box: MemoryOutbox;
}

export interface MqttRig {
  readonly kind: 'mosquitto' | 'embedded';
  readonly mosquitto: Mosquitto | null;
  readonly urls: { readonly mqtts: string; readonly wss: string };
  readonly ca: KeyAndCertificate;
  readonly serverId: string;
  readonly kiosk: Kiosk;
  /** Another registered one. */
  readonly other: Kiosk;
  logged(): string;
  /** Runs something with the database while the server is down. */
  offline(work: (db: Awaited<ReturnType<typeof openDatabase>>['db'], keyring: Keyring) => Promise<void>): Promise<void>;
  /** What the command line does, while the server runs. */
  readonly call: Call<string>;
  stopServer(): Promise<void>;
  startServer(): Promise<void>;
  close(): Promise<void>;
}

/** Operator of the broker: may read and write everything there. */
export const OPERATOR = 'operator';

/** A real server, with a real Mosquitto or the broker inside it, and two registered kiosks. */
export async function mqttRig(kind: MqttRig['kind']): Promise<MqttRig> {
  const home = await serverHome();
  const [people, devices, port, wssPort] = (await reservePorts(4)) as [number, number, number, number];
  const urls = { mqtts: `mqtts://127.0.0.1:${port}`, wss: `wss://127.0.0.1:${wssPort}/mqtt` };
  const env = {
    ...initServer(home.path),
    SMARTPRESENCE_PEOPLE_PORT: String(people),
    SMARTPRESENCE_DEVICE_PORT: String(devices),
    SMARTPRESENCE_TIMEZONE: 'Europe/Berlin',
    ...(kind === 'embedded'
      ? {
          SMARTPRESENCE_MQTT: 'embedded',
          SMARTPRESENCE_MQTT_PORT: String(port),
          SMARTPRESENCE_MQTT_WSS_PORT: String(wssPort),
        }
      : { SMARTPRESENCE_MQTT_URL: urls.mqtts, SMARTPRESENCE_MQTT_KIOSK_URLS: `${urls.mqtts},${urls.wss}` }),
  };
  const config = readConfig(env);
  const register = async (name: string): Promise<Kiosk> => {
    const box = new MemoryOutbox();
    const secret = await createDeviceIdentity(box.device);
    const request = await deviceRequest(secret, name);
    return { box, secret, bundle: await provisionLocal({ serverHome: home.path, env, device: request }) };
  };
  const kiosk = await register('Front door');
  const other = await register('Back door');
  const { serverId } = kiosk.bundle;
  let ca: KeyAndCertificate | null = null;
  const offline: MqttRig['offline'] = async (work) => {
    const { database, keyring } = await openRig(config);
    try {
      ca = keyring.ca;
      await work(database.db, keyring);
    } finally {
      await database.close();
    }
  };
  await offline(async () => undefined);
  const mosquitto =
    kind === 'mosquitto'
      ? await startMosquitto(
          {
            serverId,
            certificate: await issueServerCertificate(ca!, ['127.0.0.1'], Date.now()),
            caPems: [ca!.certPem],
            port,
            wssPort,
          },
          { acl: `\nuser ${OPERATOR}\ntopic readwrite #\n` },
        )
      : null;
  let logged = '';
  const log = pino(
    { level: 'debug' },
    new Writable({
      write(chunk, _encoding, done) {
        logged += chunk;
        done();
      },
    }),
  );
  let server: RunningServer | null = null;
  const start = async () => {
    server = await startServer(config, log);
    if (kind === 'mosquitto')
      await until('the server is connected to the broker', () => logged.includes('broker connected'));
  };
  const stop = async () => {
    await server?.close();
    server = null;
    logged = logged.replaceAll('broker connected', 'broker was connected');
  };
  try {
    await start();
  } catch (cause) {
    await stop();
    await mosquitto?.remove();
    throw cause;
  }
  return {
    kind,
    mosquitto,
    urls,
    ca: ca!,
    serverId,
    kiosk,
    other,
    logged: () => logged,
    async offline(work) {
      await stop();
      await offline(work);
      await start();
    },
    call: (...args) => call(env, ...args),
    stopServer: stop,
    startServer: start,
    async close() {
      await stop();
      await mosquitto?.remove();
      home.remove();
    },
  };
}

async function openRig(config: Config) {
  const database = await openDatabase(config.home, { postgres: config.database });
  const keys = new Keys(config.encryptionKey, config.secretKey);
  const keyring = await openKeyring(database.db, keys, {
    hostnames: config.hostnames,
    now: Date.now,
  });
  return { database, keyring };
}

/** The kiosk's MQTT transport on one address. */
export function mqttTransport(
  { secret, bundle }: Kiosk,
  url: string,
  changes: Partial<MqttTransportOptions> = {},
): MqttTransport {
  return new MqttTransport({
    url,
    bundle,
    device: secret.device,
    keys: () => bundle.keys,
    credentials: () => ({ certPem: bundle.tlsCertPem, keyPem: secret.tlsKeyPem }),
    trustedNow: Date.now,
    silenceMs: 8000,
    ...changes,
  });
}

/**
 * An engine on real transports.
 *
 * @param mqttUrls brokers in order; `https` false: HTTPS leads nowhere, so that what arrives has come by MQTT
 */
export function engineOf(kiosk: Kiosk, { mqttUrls, https = false }: { mqttUrls: string[]; https?: boolean }) {
  const bundle = { ...kiosk.bundle, mqttUrls, ...(!https && { serverUrl: 'https://127.0.0.1:9' }) };
  const transport = kioskTransport({
    bundle,
    device: kiosk.secret.device,
    keys: () => bundle.keys,
    credentials: () => ({ certPem: bundle.tlsCertPem, keyPem: kiosk.secret.tlsKeyPem }),
    trustedNow: Date.now,
  });
  const transports: string[] = [];
  const engine = new SyncEngine({
    secret: kiosk.secret,
    bundle,
    source: kiosk.box,
    transport,
    onStatus: (s: SyncStatus) => {
      if (s.online && s.transport && transports.at(-1) !== s.transport) transports.push(s.transport);
    },
  });
  return { engine, transport, transports };
}

/** Seals what waits in the outbox. */
export function sealOutbox({ box, secret, bundle }: Kiosk): Promise<string> {
  return sealBatch(
    box.pending(500),
    { signing: secret.signing, server: bundle.keys.sealing, serverId: bundle.serverId },
    new Date().toISOString(),
  );
}

/** Marks of an ack, verified. */
export function marksOf(answer: string, { box, bundle }: Kiosk) {
  return openAck(answer, bundle.keys.signing, { device: box.device, epoch: box.epoch });
}

/** A bare MQTT client with a certificate of this name by the server's CA, for clients that are no kiosks of ours. */
export async function bareClient(
  rig: MqttRig,
  who: { name: string } | Kiosk,
  changes: IClientOptions = {},
): Promise<MqttClient> {
  const own =
    'name' in who
      ? await issueServerClientCertificate(rig.ca, who.name, Date.now())
      : { certPem: who.bundle.tlsCertPem, keyPem: who.secret.tlsKeyPem };
  return connect(rig.urls.mqtts, {
    ca: rig.ca.certPem,
    cert: own.certPem,
    key: own.keyPem,
    clientId: 'name' in who ? who.name : who.secret.device,
    reconnectPeriod: 0,
    protocolVersion: rig.kind === 'mosquitto' ? 5 : 4,
    clean: true,
    ...changes,
  });
}

/** A certificate for this kiosk by a CA that the server does not know. */
export async function foreignCertificate(kiosk: Kiosk, ca: KeyAndCertificate): Promise<string> {
  const { csr } = await deviceRequest(kiosk.secret, 'Door');
  return issueDeviceCertificate(ca, kiosk.secret.device, csr, Date.now());
}

/** What `openssl s_client` says about a port. */
export function sClient(port: string, args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.stdin.end();
    child.on('close', (code) => resolve({ code, output }));
  });
}

export const anyUuid = () => randomUUID();
