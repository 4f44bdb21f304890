import { randomUUID } from 'node:crypto';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { pino } from 'pino';
import { createDeviceIdentity, type DeviceSecret } from '../../sync/edge/identity.ts';
import { type Joining, startJoining } from '../../sync/edge/provisioning/join.ts';
import { applyServerKeys } from '../../sync/edge/provisioning/server-keys.ts';
import { HttpsTransport } from '../../sync/edge/transport/https.ts';
import { approveDevice, createProvisioningCode } from '../../sync/protocol/api/devices.ts';
import { openAck } from '../../sync/protocol/seal/ack.ts';
import { sealAsk } from '../../sync/protocol/seal/ask.ts';
import { sealBatch } from '../../sync/protocol/seal/batch.ts';
import { keyId } from '../../sync/protocol/seal/keys.ts';
import { openPage } from '../../sync/protocol/seal/page.ts';
import type { ServerBundle } from '../../sync/protocol/wire/provisioning.ts';
import { readConfig } from '../../sync/server/app/config.ts';
import { initServer } from '../../sync/server/app/local.ts';
import { type Call, call } from '../../sync/server/app/open.ts';
import { type RunningServer, startServer } from '../../sync/server/app/server.ts';
import { serverHome } from '../kit/folder.ts';
import { MemoryOutbox } from '../kit/outbox.ts';
import { reservePorts } from '../services/ports.ts';

export interface TestServer {
  readonly env: Record<string, string>;
  readonly home: string;
  /** Moves the server's clock, ms. */
  shift(ms: number): void;
  now(): number;
  /** An endpoint, as the command line calls it. */
  readonly call: Call<string>;
  url(): string;
  restart(): Promise<void>;
  /** Does something while the server is down, and starts it again. */
  whileDown<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A server of its own, embedded database, free ports, a clock that can be moved. @param more variables of its environment; @param begin what its clock is moved by from the start, ms */
export async function testServer(more: Record<string, string> = {}, begin = 0): Promise<TestServer> {
  const home = await serverHome();
  const [people, devices] = await reservePorts(2);
  const env = {
    ...initServer(home.path),
    SMARTPRESENCE_PEOPLE_PORT: String(people),
    SMARTPRESENCE_DEVICE_PORT: String(devices),
    SMARTPRESENCE_TIMEZONE: 'Europe/Berlin',
    ...more,
  };
  let shift = begin;
  const start = () =>
    startServer(readConfig(env), pino({ level: 'silent' }), { now: () => new Date(Date.now() + shift) });
  let server: RunningServer = await start();
  return {
    env,
    home: home.path,
    shift: (ms) => {
      shift = ms;
    },
    now: () => Date.now() + shift,
    call: (...args) => call(env, ...args),
    url: () => server.deviceUrl,
    async restart() {
      await server.close();
      server = await start();
    },
    async whileDown(work) {
      await server.close();
      try {
        return await work();
      } finally {
        server = await start();
      }
    },
    async close() {
      await server.close();
      home.remove();
    },
  };
}

export const never = new AbortController().signal;

/** A kiosk that has joined and was approved. */
export async function joined(
  server: Pick<TestServer, 'call' | 'now'>,
  name = 'Front door',
  device: string = crypto.randomUUID(),
): Promise<Kiosk> {
  const secret = await createDeviceIdentity(device);
  const { code } = await server.call(createProvisioningCode, { body: { name } });
  const joining = startJoining({ secret, name: 'kiosk', code, trustedNow: server.now });
  try {
    const { fingerprint } = await joining.ask(never);
    await server.call(approveDevice, { params: { device: secret.device }, body: { fingerprint } });
    const grant = await joining.poll(never);
    return { secret, bundle: grant!.bundle };
  } finally {
    joining.close();
  }
}

export const joiningWith = (server: TestServer, secret: DeviceSecret, code: string): Joining =>
  startJoining({ secret, name: 'kiosk', code, trustedNow: server.now });

/** A bare TLS connection to the server; the caller closes it. */
export function tls(url: string, options: ConnectionOptions): Promise<TLSSocket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false, ...options }, () =>
      resolve(socket),
    );
    socket.on('error', reject);
  });
}

export interface Kiosk {
  readonly secret: DeviceSecret;
  readonly bundle: ServerBundle;
}

/** The kiosk's transport, going by the server's clock. */
export const transport = (server: TestServer, { secret, bundle }: Kiosk) =>
  new HttpsTransport({
    bundle,
    device: secret.device,
    keys: () => bundle.keys,
    credentials: () => ({ certPem: bundle.tlsCertPem, keyPem: secret.tlsKeyPem }),
    trustedNow: server.now,
  });

export async function exchangeAs(
  server: TestServer,
  kiosk: Kiosk,
  kind: 'batch' | 'ask',
  sealed: string,
): Promise<string> {
  const line = transport(server, kiosk);
  try {
    return await line.exchange(kind, sealed, never);
  } finally {
    await line.close();
  }
}

/** Asks for changes. @returns the kiosk with whatever keys the page brought */
export async function askAs(server: TestServer, kiosk: Kiosk): Promise<Kiosk> {
  const { secret, bundle } = kiosk;
  const jti = randomUUID();
  const trusts = await Promise.all(bundle.keys.signing.map(keyId));
  const sealed = await sealAsk(
    { what: 'changes', epoch: randomUUID(), cursor: '', limit: 50, trusts, presenceAfter: null },
    { device: secret.device, signing: secret.signing, server: bundle.keys.sealing, serverId: bundle.serverId },
    jti,
  );
  const page = await openPage(
    await exchangeAs(server, kiosk, 'ask', sealed),
    { sealing: secret.sealing, trusted: bundle.keys.signing },
    { device: secret.device, jti },
  );
  if (page.what !== 'changes') throw new Error('another page');
  const newer = page.changes.filter((c) => c.kind === 'keys').reduce((b, c) => applyServerKeys(b, c.keys), bundle);
  return { secret, bundle: newer };
}

/** Sends an event. @returns how far the ack, verified by what the kiosk trusts, goes */
export async function sendAs(server: TestServer, kiosk: Kiosk): Promise<number> {
  const { secret, bundle } = kiosk;
  const outbox = new MemoryOutbox(secret.device);
  outbox.person('Ada');
  const keys = { signing: secret.signing, server: bundle.keys.sealing, serverId: bundle.serverId };
  const signed = await exchangeAs(
    server,
    kiosk,
    'batch',
    await sealBatch(outbox.events, keys, new Date().toISOString()),
  );
  return (await openAck(signed, bundle.keys.signing, { device: outbox.device, epoch: outbox.epoch })).committed;
}
