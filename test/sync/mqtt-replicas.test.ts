import { randomUUID } from 'node:crypto';
import { connect, type MqttClient } from 'mqtt';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TYP } from '../../sync/protocol/wire/batch.ts';
import { presenceTopic, upTopic } from '../../sync/protocol/wire/topics.ts';
import { BrokerConsumer } from '../../sync/server/app/mqtt/consumer.ts';
import { brokerUser } from '../../sync/server/app/mqtt/mosquitto.ts';
import { MqttWorker } from '../../sync/server/app/mqtt/worker.ts';
import {
  createCa,
  issueServerCertificate,
  issueServerClientCertificate,
  type KeyAndCertificate,
} from '../../sync/server/platform/keys/certificates.ts';
import { until } from '../kit/wait.ts';
import { type Mosquitto, mosquittoMissing, startMosquitto } from '../services/mosquitto.ts';
import { reservePorts } from '../services/ports.ts';

const missing = mosquittoMissing();
if (missing) console.log(`SKIPPED: replicas behind one Mosquitto: ${missing}`);

const serverId = randomUUID();
const device = randomUUID();
let ca: KeyAndCertificate;
let mosquitto: Mosquitto;
let kiosk: MqttClient;
const sealed = `${Buffer.from(JSON.stringify({ typ: TYP.sealedBatch })).toString('base64url')}.x.y.z`;

beforeAll(async () => {
  if (missing) return;
  ca = await createCa(serverId, Date.now());
  const [port, wssPort] = (await reservePorts(2)) as [number, number];
  const certificate = await issueServerCertificate(ca, ['127.0.0.1'], Date.now());
  mosquitto = await startMosquitto({
    serverId,
    replicas: ['a', 'b'],
    certificate,
    caPems: [ca.certPem],
    port,
    wssPort,
  });
  const own = await issueServerClientCertificate(ca, device, Date.now());
  kiosk = connect(`mqtts://127.0.0.1:${port}`, {
    ca: ca.certPem,
    cert: own.certPem,
    key: own.keyPem,
    protocolVersion: 5,
  });
});
afterAll(async () => {
  kiosk?.end(true);
  await mosquitto?.remove();
});

async function replica(name: string, presence: () => Promise<void> = async () => undefined) {
  const own = await issueServerClientCertificate(ca, brokerUser(serverId, name), Date.now());
  let said = '';
  const log = pino({}, { write: (text) => (said += text) });
  const taken: string[] = [];
  const worker = new MqttWorker({
    serverId,
    log,
    take: async (m) => {
      taken.push(m.sealed);
      return 'answer';
    },
    refuse: async () => 'rejection',
    presence,
  });
  const consumer = new BrokerConsumer({
    url: `mqtts://127.0.0.1:${mosquitto.port}`,
    serverId,
    clientId: name,
    user: brokerUser(serverId, name),
    shared: true,
    credentials: () => own,
    cas: () => [ca.certPem],
    worker,
    log,
  });
  await until('the replica is subscribed', () => said.includes('broker connected'));
  return { taken, consumer };
}

test.skipIf(missing)('replicas share the work, and if one dies every message is still answered', async () => {
  const a = await replica('a');
  const b = await replica('b');
  const all = () => a.taken.length + b.taken.length;
  // One after the other, as a kiosk does: at most two simultaneous messages of a device are kept.
  const send = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const before = all();
      await kiosk.publishAsync(upTopic(serverId, device), `${sealed}${i}`, { qos: 1 });
      await until('the message was taken, once', () => all() === before + 1);
    }
  };
  await send(20);
  expect(Math.min(a.taken.length, b.taken.length)).toBeGreaterThan(0);
  const logged = mosquitto.log().length;
  await a.consumer.close();
  // A message that the broker gave to the dying replica is lost with it, and the kiosk resends it.
  await until('the broker has seen its end', () =>
    /Client .*\.a .*(closed|disconnected)/.test(mosquitto.log().slice(logged)),
  );
  const before = b.taken.length;
  await send(10);
  expect(b.taken.length - before, 'the one that is left takes all').toBe(10);
  await b.consumer.close();
});

test.skipIf(missing)('a busy server still processes the acknowledgements of its answers', async () => {
  const held: (() => void)[] = [];
  let heard = 0;
  const { consumer } = await replica('a', () => {
    heard += 1;
    return new Promise((resolve) => held.push(resolve));
  });
  const MANY = 40;
  const sent = Array.from({ length: MANY }, () =>
    kiosk.publishAsync(presenceTopic(serverId, device), 'online', { qos: 1 }),
  );
  await until('all that the broker may give is in work', () => held.length === 16);
  // If the consumer didn't read the broker’s receipt, this would never resolve.
  await consumer.send(device, 'answer');
  await until('the rest comes too', () => {
    for (const done of held.splice(0)) done();
    return heard === MANY;
  });
  await Promise.all(sent);
  await consumer.close();
});

test.skipIf(missing)('a message of QoS 0 stops nothing', async () => {
  const { taken, consumer } = await replica('b');
  await kiosk.publishAsync(upTopic(serverId, device), `${sealed}0`, { qos: 0 });
  await until('it was taken', () => taken.length === 1);
  await kiosk.publishAsync(upTopic(serverId, device), `${sealed}1`, { qos: 1 });
  await until('the next one too', () => taken.length === 2);
  await consumer.close();
});
