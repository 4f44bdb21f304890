import { randomUUID } from 'node:crypto';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchMaker } from '../../../sync/edge/outbox.ts';
import { kioskTransport } from '../../../sync/edge/transport/failover.ts';
import { openAck } from '../../../sync/protocol/seal/ack.ts';
import { createCa, issueServerCertificate } from '../../../sync/server/platform/keys/certificates.ts';
import { MemoryOutbox } from '../../kit/outbox.ts';
import { type TcpProxy, tcpProxy } from '../../services/tcp-proxy.ts';
import type { Member } from './fleet.ts';
import type { Transport } from './kiosk-end.ts';
import type { ServerAndBroker } from './server-and-broker.ts';

const SINGLES = 20;
const BATCHES = 4;
/** Wait for what is still in transit after the answer: a broker's receipts. */
const TRAIL_MS = 200;

/** Bytes on the wire per event, both directions, including TLS records but not the handshake. */
export interface BytesAnEvent {
  /** For an event sent on its own. */
  readonly single: number;
  /** For an event in a full batch. */
  readonly batch: number;
  /** Events in one full batch. */
  readonly events: number;
}

/** Sends all batches. Returns how many events each held. */
type Send = (box: MemoryOutbox) => Promise<number>;

/** Measures our messages and their acks on one transport. */
export async function measureWire(
  world: ServerAndBroker,
  { secret, bundle }: Member,
  transport: Transport,
  person: string,
): Promise<BytesAnEvent> {
  const proxy = await tcpProxy(transport === 'https' ? world.devicePort : world.brokerPort);
  const { serverId, keys } = bundle;
  const line = kioskTransport({
    bundle: {
      serverId,
      serverUrl: `https://127.0.0.1:${transport === 'https' ? proxy.port : 9}`,
      mqttUrls: transport === 'https' ? [] : [`mqtts://127.0.0.1:${proxy.port}`],
    },
    device: secret.device,
    keys: () => keys,
    credentials: () => ({ certPem: bundle.tlsCertPem, keyPem: secret.tlsKeyPem }),
    trustedNow: Date.now,
  });
  try {
    return await measure(proxy, new MemoryOutbox(secret.device), person, async (box) => {
      const maker = new BatchMaker({ source: box, secret, serverId, keys: () => keys });
      const batch = (await maker.prepare(new Date().toISOString()))!;
      const answer = await line.exchange('batch', batch.sealed, AbortSignal.timeout(60_000));
      box.acknowledge(batch.epoch, await openAck(answer, keys.signing, { device: box.device, epoch: batch.epoch }));
      return batch.last - batch.first + 1;
    });
  } finally {
    await line.close();
    await proxy.close();
  }
}

/** The peer: the same events as a JSON array over HTTPS (TLS 1.3, one connection kept open), answered with a number. */
export async function measurePlain(batch: number, person: string): Promise<BytesAnEvent> {
  const ca = await createCa(randomUUID(), Date.now());
  const { certPem: cert, keyPem: key } = await issueServerCertificate(ca, ['127.0.0.1'], Date.now());
  const server = createServer({ cert, key, minVersion: 'TLSv1.3' }, (incoming, answer) => {
    incoming.resume().on('end', () => {
      answer.setHeader('content-type', 'application/json');
      answer.end('{"committed":1}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy = await tcpProxy((server.address() as AddressInfo).port);
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: ca.certPem });
  try {
    return await measure(proxy, new MemoryOutbox(), person, async (box) => {
      const events = box.pending(batch);
      await post(agent, proxy.port, JSON.stringify(events));
      box.acknowledge(box.epoch, { committed: events.at(-1)!.header.seq, safe: 0 });
      return events.length;
    });
  } finally {
    agent.destroy();
    await proxy.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function post(agent: Agent, port: number, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request({ agent, host: '127.0.0.1', port, path: '/v1/events', method: 'POST', headers }, (answer) => {
      answer.resume().on('end', resolve);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function measure(proxy: TcpProxy, box: MemoryOutbox, person: string, send: Send): Promise<BytesAnEvent> {
  const counted = async (work: () => Promise<void>) => {
    await sleep(TRAIL_MS);
    const before = proxy.bytes;
    await work();
    await sleep(TRAIL_MS);
    return proxy.bytes - before;
  };
  // The handshake, and whatever else happens once per connection.
  box.checkin(person);
  await send(box);
  const single = await counted(async () => {
    for (let i = 0; i < SINGLES; i++) {
      box.checkin(person);
      await send(box);
    }
  });
  // More than the batches hold, so that each is full.
  for (let i = 0; i < 500 * (BATCHES + 1); i++) box.checkin(person);
  let events = 0;
  const batch = await counted(async () => {
    for (let i = 0; i < BATCHES; i++) events += await send(box);
  });
  return { single: single / SINGLES, batch: batch / events, events: Math.round(events / BATCHES) };
}
