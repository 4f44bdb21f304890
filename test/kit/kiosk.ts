import { randomUUID } from 'node:crypto';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { SyncEngine, type SyncEngineOptions } from '../../sync/edge/engine.ts';
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
import type { Ack } from '../../sync/protocol/wire/ack.ts';
import type { ServerBundle } from '../../sync/protocol/wire/provisioning.ts';
import { type Answer, call } from './client.ts';
import { MemoryOutbox } from './outbox.ts';
import { provision } from './register.ts';
import type { TestServer } from './server.ts';
import { never, until } from './wait.ts';

/** What a kiosk has once it has joined a server. */
export interface Link {
  readonly secret: DeviceSecret;
  readonly bundle: ServerBundle;
}

/** An approved kiosk with its keys. Its events are kept in memory. */
export interface Kiosk extends Link {
  readonly box: MemoryOutbox;
}

/**
 * Makes a kiosk that this server has approved: with a code, as in enrolment, or while the server is down, as the installer does.
 * @param device its id; a new one by default
 */
export async function newKiosk(server: TestServer, name = 'Front door', device: string = randomUUID()): Promise<Kiosk> {
  if (!server.isRunning) return registeredKiosk(server.env, name, device);
  const secret = await createDeviceIdentity(device);
  return { secret, bundle: await joinByCode(server, secret, name), box: new MemoryOutbox(device) };
}

/** Registers a kiosk in the server’s database, as its installer does. On PostgreSQL the server may be running. */
export async function registeredKiosk(
  env: Readonly<Record<string, string>>,
  name = 'Front door',
  device: string = randomUUID(),
): Promise<Kiosk> {
  const secret = await createDeviceIdentity(device);
  return { secret, bundle: await provision(env, secret, name), box: new MemoryOutbox(device) };
}

async function joinByCode(server: TestServer, secret: DeviceSecret, name: string): Promise<ServerBundle> {
  const { code } = await server.call(createProvisioningCode, { body: { name } });
  const joining = joinWith(server, secret, code);
  try {
    const { fingerprint } = await joining.ask(never);
    await server.call(approveDevice, { params: { device: secret.device }, body: { fingerprint } });
    return (await joining.poll(never))!.bundle;
  } finally {
    joining.close();
  }
}

export const joinWith = (server: Pick<TestServer, 'now'>, secret: DeviceSecret, code: string): Joining =>
  startJoining({ secret, name: 'kiosk', code, trustedNow: server.now });

/** The options for its transports. */
export const transportOptions = ({ secret, bundle }: Link, trustedNow: () => number = Date.now) => ({
  bundle,
  device: secret.device,
  keys: () => bundle.keys,
  credentials: () => ({ certPem: bundle.tlsCertPem, keyPem: secret.tlsKeyPem }),
  trustedNow,
});

/** Its certificate, as `call` and `tls` take it. */
export const certificateOf = ({ secret, bundle }: Link) => ({ cert: bundle.tlsCertPem, key: secret.tlsKeyPem });

/** Sends one sealed message over HTTPS. @returns the sealed answer */
export async function exchange(
  server: TestServer,
  kiosk: Link,
  kind: 'batch' | 'ask',
  sealed: string,
): Promise<string> {
  const transport = new HttpsTransport(transportOptions(kiosk, server.now));
  try {
    return await transport.exchange(kind, sealed, never);
  } finally {
    await transport.close();
  }
}

/** Seals the pending events of its outbox. */
export const sealOutbox = ({ box, secret, bundle }: Kiosk): Promise<string> =>
  sealBatch(
    box.pending(500),
    { signing: secret.signing, server: bundle.keys.sealing, serverId: bundle.serverId },
    new Date().toISOString(),
  );

/** Opens an ack, verified with the keys that the kiosk trusts. */
export const ackOf = (answer: string, { box, bundle }: Kiosk): Promise<Ack> =>
  openAck(answer, bundle.keys.signing, { device: box.device, epoch: box.epoch });

/** Sends an event of a new epoch. @returns the sequence number that the ack covers */
export async function sendEvent(server: TestServer, { secret, bundle }: Link): Promise<number> {
  const kiosk = { secret, bundle, box: new MemoryOutbox(secret.device) };
  kiosk.box.person('Ada');
  return (await ackOf(await exchange(server, kiosk, 'batch', await sealOutbox(kiosk)), kiosk)).committed;
}

async function sealChangesAsk({ secret, bundle }: Link, jti: string, limit: number): Promise<string> {
  const trusts = await Promise.all(bundle.keys.signing.map((key) => keyId(key)));
  return sealAsk(
    { what: 'changes', epoch: randomUUID(), cursor: '', limit, trusts, presenceAfter: null },
    { device: secret.device, signing: secret.signing, server: bundle.keys.sealing, serverId: bundle.serverId },
    jti,
  );
}

/** Asks for changes. @returns its link with the server's keys from the page */
export async function askChanges(server: TestServer, kiosk: Link): Promise<Link> {
  const { secret, bundle } = kiosk;
  const jti = randomUUID();
  const page = await openPage(
    await exchange(server, kiosk, 'ask', await sealChangesAsk(kiosk, jti, 50)),
    { sealing: secret.sealing, trusted: bundle.keys.signing },
    { device: secret.device, jti },
  );
  if (page.what !== 'changes') throw new Error('another page');
  const newer = page.changes.filter((c) => c.kind === 'keys').reduce((b, c) => applyServerKeys(b, c.keys), bundle);
  return { secret, bundle: newer };
}

/** Asks for changes at this address with this certificate. @returns the raw answer */
export async function askAt(url: string, kiosk: Link, tls: object): Promise<Answer> {
  const body = await sealChangesAsk(kiosk, randomUUID(), 200);
  return call(`${url}/v1/asks`, { method: 'POST', headers: { 'content-type': 'application/jose' }, body, tls });
}

/** Posts a sealed batch at this address with its certificate. @returns the raw answer */
export const postBatch = (
  url: string,
  kiosk: Link,
  body: string,
  tls: object = certificateOf(kiosk),
): Promise<Answer> =>
  call(`${url}/v1/batches`, { method: 'POST', headers: { 'content-type': 'application/jose' }, body, tls });

/** Runs its engine until the outbox is empty or there is a problem. @returns the status then @throws Error if neither happens */
export async function sync(kiosk: Kiosk, changes: Partial<SyncEngineOptions> = {}): Promise<SyncEngine['status']> {
  const engine = new SyncEngine({ secret: kiosk.secret, bundle: kiosk.bundle, source: kiosk.box, ...changes });
  engine.start();
  const isOver = () => engine.status.problem !== null || (engine.status.online && engine.status.queued === 0);
  await until('the outbox is empty, or there is a problem', isOver).finally(() => engine.stop());
  return engine.status;
}

/** Opens a bare TLS connection to the server. The caller closes it. */
export function tls(url: string, options: ConnectionOptions): Promise<TLSSocket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false, ...options }, () =>
      resolve(socket),
    );
    socket.on('error', reject);
  });
}
