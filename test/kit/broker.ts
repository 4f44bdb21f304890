import { spawn } from 'node:child_process';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { pino } from 'pino';
import { SyncEngine, type SyncStatus } from '../../sync/edge/engine.ts';
import { deviceRequest } from '../../sync/edge/identity.ts';
import { kioskTransport } from '../../sync/edge/transport/failover.ts';
import { MqttTransport, type MqttTransportOptions } from '../../sync/edge/transport/mqtt.ts';
import {
  issueDeviceCertificate,
  issueServerCertificate,
  issueServerClientCertificate,
  type KeyAndCertificate,
} from '../../sync/server/platform/keys/certificates.ts';
import { type Mosquitto, startMosquitto } from '../services/mosquitto.ts';
import { reservePorts } from '../services/ports.ts';
import { certificateOf, type Kiosk, newKiosk, transportOptions } from './kiosk.ts';
import { newServer, type TestServer } from './server.ts';

/** The broker's operator, who may read and write every topic. */
export const OPERATOR = 'operator';

/** A server, its broker, and two kiosks. */
export interface BrokerSetup {
  readonly server: TestServer;
  /** Null if the broker runs inside the server. */
  readonly mosquitto: Mosquitto | null;
  readonly urls: { readonly mqtts: string; readonly wss: string };
  readonly ca: KeyAndCertificate;
  readonly serverId: string;
  readonly kiosk: Kiosk;
  readonly other: Kiosk;
  close(): Promise<void>;
}

/** Starts a server with a real Mosquitto or its embedded broker. Its log has raw lines, before the server’s logger cleans it. */
export async function newBroker(kind: 'mosquitto' | 'embedded'): Promise<BrokerSetup> {
  const [port, wssPort] = (await reservePorts(2)) as [number, number];
  const urls = { mqtts: `mqtts://127.0.0.1:${port}`, wss: `wss://127.0.0.1:${wssPort}/mqtt` };
  const embedded = {
    SMARTPRESENCE_MQTT: 'embedded',
    SMARTPRESENCE_MQTT_PORT: String(port),
    SMARTPRESENCE_MQTT_WSS_PORT: String(wssPort),
  };
  const outside = { SMARTPRESENCE_MQTT_URL: urls.mqtts, SMARTPRESENCE_MQTT_KIOSK_URLS: `${urls.mqtts},${urls.wss}` };
  const server = await newServer({
    env: kind === 'embedded' ? embedded : outside,
    start: false,
    logger: (to) => pino({ level: 'debug' }, to),
    ...(kind === 'mosquitto' && { started: 'broker connected' }),
  });
  let mosquitto: Mosquitto | null = null;
  const close = async () => {
    await server.close();
    await mosquitto?.remove();
  };
  try {
    const kiosk = await newKiosk(server, 'Front door');
    const other = await newKiosk(server, 'Back door');
    const { serverId } = kiosk.bundle;
    const ca = await server.offline(async ({ keyring }) => keyring.ca);
    if (kind === 'mosquitto')
      mosquitto = await startMosquitto(
        {
          serverId,
          certificate: await issueServerCertificate(ca, ['127.0.0.1'], Date.now()),
          caPems: [ca.certPem],
          port,
          wssPort,
        },
        { acl: `\nuser ${OPERATOR}\ntopic readwrite #\n` },
      );
    await server.start();
    return { server, mosquitto, urls, ca, serverId, kiosk, other, close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

/** The kiosk’s MQTT transport on one address. */
export const mqttTransport = (kiosk: Kiosk, url: string, changes: Partial<MqttTransportOptions> = {}): MqttTransport =>
  new MqttTransport({ url, ...transportOptions(kiosk), silenceMs: 8000, ...changes });

/**
 * An engine on real transports.
 * @param mqttUrls brokers in order; `https` false: the HTTPS address leads nowhere, so whatever arrives came by MQTT
 */
export function engineOf(kiosk: Kiosk, { mqttUrls, https = false }: { mqttUrls: string[]; https?: boolean }) {
  const bundle = { ...kiosk.bundle, mqttUrls, ...(!https && { serverUrl: 'https://127.0.0.1:9' }) };
  const { secret, box: source } = kiosk;
  const transport = kioskTransport(transportOptions({ secret, bundle }));
  const transports: string[] = [];
  const engine = new SyncEngine({
    secret,
    bundle,
    source,
    transport,
    onStatus: (s: SyncStatus) => {
      if (s.online && s.transport && transports.at(-1) !== s.transport) transports.push(s.transport);
    },
  });
  return { engine, transport, transports };
}

/** A bare MQTT client with a certificate for this name from the server’s CA, for clients that aren't our kiosks. */
export async function bareClient(
  { ca, mosquitto, urls }: BrokerSetup,
  who: { name: string } | Kiosk,
  changes: IClientOptions = {},
): Promise<MqttClient> {
  const issued = 'name' in who ? await issueServerClientCertificate(ca, who.name, Date.now()) : null;
  const own = issued ? { cert: issued.certPem, key: issued.keyPem } : certificateOf(who as Kiosk);
  return connect(urls.mqtts, {
    ca: ca.certPem,
    ...own,
    clientId: 'name' in who ? who.name : who.secret.device,
    reconnectPeriod: 0,
    protocolVersion: mosquitto ? 5 : 4,
    clean: true,
    ...changes,
  });
}

/** A certificate for this kiosk from a CA that the server doesn't know. */
export async function foreignCertificate(kiosk: Kiosk, ca: KeyAndCertificate): Promise<string> {
  const { csr } = await deviceRequest(kiosk.secret, 'Door');
  return issueDeviceCertificate(ca, kiosk.secret.device, csr, Date.now());
}

/** The exit code and output of `openssl s_client` on a port. */
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
