import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer } from 'node:tls';
import { Aedes } from 'aedes';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signAck } from '../../sync/protocol/seal/ack.ts';
import { newSigningKey } from '../../sync/protocol/seal/keys.ts';
import { sealPosition } from '../../sync/protocol/seal/position.ts';
import { messageDigest, signRejection } from '../../sync/protocol/seal/rejection.ts';
import { TYP } from '../../sync/protocol/wire/batch.ts';
import { downTopic, upTopic } from '../../sync/protocol/wire/topics.ts';
import { BrokerConsumer } from '../../sync/server/app/mqtt/consumer.ts';
import { brokerUser, writeMosquittoAccess } from '../../sync/server/app/mqtt/mosquitto.ts';
import { MqttWorker, type UpMessage } from '../../sync/server/app/mqtt/worker.ts';
import {
  createCa,
  issueServerCertificate,
  issueServerClientCertificate,
} from '../../sync/server/platform/keys/certificates.ts';
import { type BrokerSetup, bareClient, engineOf, mqttTransport, newBroker, OPERATOR, sClient } from '../kit/broker.ts';
import { codeOf } from '../kit/client.ts';
import { ackOf, sealOutbox } from '../kit/kiosk.ts';
import { never, until } from '../kit/wait.ts';
import { mosquittoMissing, startMosquitto } from '../services/mosquitto.ts';
import { reservePorts } from '../services/ports.ts';

const NAME = 'Zyxwvut Qponmlk';
const missing = mosquittoMissing();
if (missing) console.log(`SKIPPED: MQTT with a broker that fails or lies: ${missing}`);

/** What a broker or its operators can do to kiosks and the server. */
describe.skipIf(missing)('a broker that fails or lies', () => {
  let setup: BrokerSetup;
  beforeAll(async () => {
    setup = await newBroker('mosquitto');
  });
  afterAll(() => setup?.close());
  const drained = () => until('the outbox is empty', () => setup.kiosk.box.pendingCount() === 0);
  const committed = async () => {
    let count = 0;
    await setup.server.offline(async ({ db }) => {
      const rows = await db.selectFrom('event').select('seq').where('device', '=', setup.kiosk.secret.device).execute();
      count = new Set(rows.map((r) => Number(r.seq))).size;
      expect(rows.length, 'nothing is there twice').toBe(count);
    });
    return count;
  };

  test('its operator, who reads everything, sees no name, position or event content', async () => {
    const spy = await bareClient(setup, { name: OPERATOR });
    const seen: { topic: string; payload: Buffer }[] = [];
    spy.on('message', (topic, payload) => seen.push({ topic, payload }));
    await spy.subscribeAsync('#', { qos: 1 });
    const { box, secret, bundle } = setup.kiosk;
    const person = box.person(NAME);
    const place = { latitude: 52.520008, longitude: 13.404954 };
    const gps = await sealPosition(place, { device: secret.device, person }, bundle.keys.sealing);
    box.append('checkin', { direction: 'in', method: 'face', liveness: 'off (demo)' }, { person, score: 0.8, gps });
    const { engine } = engineOf(setup.kiosk, { mqttUrls: [setup.urls.mqtts] });
    engine.start();
    await drained();
    await until('an ask and its page passed too', () => seen.length >= 4);
    await engine.stop();
    spy.end(true);
    const topics = new Set(seen.map((s) => s.topic));
    expect(topics).toContain(upTopic(setup.serverId, setup.kiosk.secret.device));
    expect(topics).toContain(downTopic(setup.serverId, setup.kiosk.secret.device));
    const decoded = seen.flatMap(({ payload }) => [
      payload.toString('latin1'),
      ...payload
        .toString('latin1')
        .split('.')
        .map((part) => Buffer.from(part, 'base64url').toString('latin1')),
    ]);
    for (const word of ['Zyxwvut', 'Qponmlk', 'checkin', 'direction', 'person', '52.52', '13.40'])
      expect(
        decoded.filter((text) => text.includes(word)),
        word,
      ).toEqual([]);
    for (const word of ['Zyxwvut', 'Qponmlk', '52.520', '13.404']) {
      expect(setup.mosquitto!.log()).not.toContain(word);
      expect(setup.server.logged).not.toContain(word);
    }
  });

  test('that is killed midway and restarted delivers everything once', async () => {
    const { engine } = engineOf(setup.kiosk, { mqttUrls: [setup.urls.mqtts] });
    engine.start();
    for (let i = 0; i < 40; i++) setup.kiosk.box.person(`During ${i}`);
    engine.nudge();
    await sleep(60);
    await setup.mosquitto!.kill('SIGKILL');
    for (let i = 0; i < 10; i++) setup.kiosk.box.person(`Meanwhile ${i}`);
    engine.nudge();
    await until('what can’t be sent is queued', () => engine.status.queued > 0);
    await setup.mosquitto!.start();
    await drained();
    await engine.stop();
    expect(await committed()).toBe(setup.kiosk.box.events.length);
  });

  test('that forgets what it acknowledged still delivers everything', async () => {
    await setup.server.stop();
    setup.kiosk.box.person('Acknowledged by the broker alone');
    // The broker accepts the message while the server is down, and acknowledges it to the kiosk.
    const client = await bareClient(setup, setup.kiosk);
    await client.publishAsync(upTopic(setup.serverId, setup.kiosk.secret.device), await sealOutbox(setup.kiosk), {
      qos: 1,
    });
    client.end(true);
    expect(setup.kiosk.box.pendingCount()).toBe(1);
    await setup.mosquitto!.kill('SIGKILL');
    setup.mosquitto!.forget();
    await setup.mosquitto!.start();
    await setup.server.start();
    const { engine } = engineOf(setup.kiosk, { mqttUrls: [setup.urls.mqtts] });
    engine.start();
    await drained();
    await engine.stop();
    expect(await committed()).toBe(setup.kiosk.box.events.length);
  });

  test('can’t forge acks, rejections or pages: only the server’s own answer is accepted', async () => {
    const liar = await bareClient(setup, { name: OPERATOR });
    const { device } = setup.kiosk.secret;
    const down = downTopic(setup.serverId, device);
    const key = newSigningKey();
    setup.kiosk.box.person('Not yet there');
    const stale = await ackOf(await deliverAsk(), setup.kiosk).catch(() => null);
    expect(stale).toBeNull();
    const sealed = await sealOutbox(setup.kiosk);
    const serverTime = new Date().toISOString();
    const ack = {
      device,
      epoch: setup.kiosk.box.epoch,
      committed: 10_000,
      safe: 10_000,
      logEpoch: randomUUID(),
      serverTime,
    };
    const forged = [
      await signAck(ack, key),
      await signRejection({ device, digest: messageDigest(sealed), code: 'device-revoked', serverTime }, key),
      `${Buffer.from(JSON.stringify({ typ: TYP.ack })).toString('base64url')}.e30.AA`,
      'junk',
    ];
    const transport = mqttTransport(setup.kiosk, setup.urls.mqtts);
    await transport.connect();
    const answer = transport.exchange('batch', sealed, never, async (text) => {
      await ackOf(text, setup.kiosk);
      return true;
    });
    for (const text of forged) await liar.publishAsync(down, text, { qos: 1 });
    const marks = await ackOf(await answer, setup.kiosk);
    expect(marks.committed).toBe(setup.kiosk.box.events.length);
    setup.kiosk.box.acknowledge(setup.kiosk.box.epoch, marks);
    await transport.close();
    liar.end(true);
  });

  /** Sends a malformed ask to get a signed rejection. */
  async function deliverAsk(): Promise<string> {
    const transport = mqttTransport(setup.kiosk, setup.urls.mqtts);
    const header = Buffer.from(JSON.stringify({ typ: TYP.sealedAsk })).toString('base64url');
    const code = await codeOf(transport.exchange('ask', `${header}.a.b.c`, never));
    await transport.close();
    expect(code).toBe('ask-malformed');
    return '';
  }

  test('that floods the down topic is disconnected, and HTTPS takes over', async () => {
    setup.kiosk.box.person('Before the flood');
    const { engine, transport, transports } = engineOf(setup.kiosk, { mqttUrls: [setup.urls.mqtts], https: true });
    engine.start();
    await drained();
    expect(transports).toEqual(['mqtt']);
    const liar = await bareClient(setup, { name: OPERATOR });
    const down = downTopic(setup.serverId, setup.kiosk.secret.device);
    const heap = process.memoryUsage().rss;
    for (let i = 0; i < 400 && transport.name === 'mqtt'; i++)
      await liar.publishAsync(down, Buffer.alloc(100_000, 65), { qos: 1 });
    liar.end(true);
    await until('the kiosk leaves the broker', () => transport.name === 'https');
    expect(transport.state.why?.code).toBe('broker-floods');
    setup.kiosk.box.person('After the flood');
    engine.nudge();
    await drained();
    expect(transports).toContain('https');
    expect(process.memoryUsage().rss - heap).toBeLessThan(150 * 1024 * 1024);
    await engine.stop();
  });

  test('that disappears is replaced by HTTPS, and used again once it is back', async () => {
    await setup.mosquitto!.kill('SIGKILL');
    const { engine, transport, transports } = engineOf(setup.kiosk, { mqttUrls: [setup.urls.mqtts], https: true });
    setup.kiosk.box.person('Over HTTPS');
    engine.start();
    await drained();
    expect(transport.state).toMatchObject({ using: 'https', why: { code: 'server-unreachable' } });
    await setup.mosquitto!.start();
    await until('it is back on the broker', () => transport.name === 'mqtt');
    expect(transports[0]).toBe('https');
    // The server also reconnects to the broker automatically, before or after the kiosk.
    await until('MQTT carried something', async () => {
      setup.kiosk.box.person('Over MQTT again');
      engine.nudge();
      await drained();
      return transports.at(-1) === 'mqtt';
    });
    await engine.stop();
  });

  test('a Mosquitto that reloaded its rules refuses a revoked kiosk everything, even on an open connection', async () => {
    const topic = upTopic(setup.serverId, setup.other.secret.device);
    const client = await bareClient(setup, setup.other);
    client.on('error', () => undefined);
    const heard: string[] = [];
    client.on('message', (_topic, payload) => heard.push(payload.toString()));
    await client.subscribeAsync(downTopic(setup.serverId, setup.other.secret.device), { qos: 1 });
    const publish = (who = client, to = topic) =>
      who.publishAsync(to, 'junk', { qos: 1 }).then(
        () => 'taken',
        (error: { code?: unknown }) => String(error.code),
      );
    expect(await publish()).toBe('taken');
    const acl = join(setup.mosquitto!.folder, 'acl');
    const before = readFileSync(acl, 'utf8');
    const spy = await bareClient(setup, { name: OPERATOR });
    const say = (text: string) =>
      spy.publishAsync(downTopic(setup.serverId, setup.other.secret.device), text, { qos: 1 });
    await say('while it may hear');
    await until('it hears', () => heard.includes('while it may hear'));
    try {
      const access = { serverId: setup.serverId, revoked: [setup.other.secret.device] };
      expect(writeMosquittoAccess(setup.mosquitto!.folder, access)).toBe(true);
      appendFileSync(acl, `\nuser ${OPERATOR}\ntopic readwrite #\n`);
      setup.mosquitto!.reload();
      await until('its next message is refused', async () => (await publish()) === '135');
      await say('when it may not');
      // Other kiosks keep working.
      setup.kiosk.box.person('Of another kiosk');
      const { engine } = engineOf(setup.kiosk, { mqttUrls: [setup.urls.mqtts] });
      engine.start();
      await drained();
      await engine.stop();
      expect(heard).not.toContain('when it may not');
      // A new connection has no more rights than the one before.
      const again = await bareClient(setup, setup.other);
      again.on('error', () => undefined);
      expect(await publish(again)).toBe('135');
      again.end(true);
    } finally {
      writeFileSync(acl, before);
      setup.mosquitto!.reload();
      client.end(true);
      spy.end(true);
    }
    const back = await bareClient(setup, setup.other);
    back.on('error', () => undefined);
    await until('who is approved again may again', async () => (await publish(back)) === 'taken');
    back.end(true);
  });

  test('a broker without a connected server is reported as such at once', async () => {
    await setup.server.stop();
    await setup.mosquitto!.kill('SIGKILL');
    setup.mosquitto!.forget();
    await setup.mosquitto!.start();
    const transport = mqttTransport(setup.kiosk, setup.urls.mqtts, { silenceMs: 30_000 });
    expect(await codeOf(transport.exchange('batch', 'a.b.c', never))).toBe('server-away');
    await transport.close();
  });

  test('a message being processed when the server dies is redelivered to the next', async () => {
    const credentials = await issueServerClientCertificate(setup.ca, brokerUser(setup.serverId), Date.now());
    let said = '';
    const log = pino({}, { write: (text) => (said += text) });
    /** Waits for the subscription, because a message sent earlier would not arrive. */
    const subscribed = async () => {
      await until('it is subscribed', () => said.includes('broker connected'));
      said = '';
    };
    const consumer = (take: (m: UpMessage) => Promise<string>) =>
      new BrokerConsumer({
        url: setup.urls.mqtts,
        serverId: setup.serverId,
        clientId: 'x',
        user: 'x',
        shared: false,
        credentials: () => credentials,
        cas: () => [setup.ca.certPem],
        worker: new MqttWorker({
          serverId: setup.serverId,
          log,
          take,
          refuse: async () => 'refused',
          presence: async () => undefined,
        }),
        log,
      });
    const sealed = `${Buffer.from(JSON.stringify({ typ: TYP.sealedBatch })).toString('base64url')}.x.y.z`;
    const first: string[] = [];
    // Never resolves, like a server that dies between arrival and commit.
    const dying = consumer(async (m) => {
      first.push(m.sealed);
      return new Promise<string>(() => undefined);
    });
    await subscribed();
    const kiosk = await bareClient(setup, setup.kiosk);
    await kiosk.publishAsync(upTopic(setup.serverId, setup.kiosk.secret.device), sealed, { qos: 1 });
    await until('it is in work', () => first.length === 1);
    await dying.close();
    const second: string[] = [];
    const next = consumer(async (m) => {
      second.push(m.sealed);
      return 'done';
    });
    await until('it is delivered again', () => second.length === 1);
    expect(second).toEqual([sealed]);
    // The receipt is sent once the message is handled. A later message that arrives proves that the receipt was sent.
    const after = sealed.replace('.x.', '.w.');
    await kiosk.publishAsync(upTopic(setup.serverId, setup.kiosk.secret.device), after, { qos: 1 });
    await until('the next one came', () => second.includes(after));
    await next.close();
    const third: string[] = [];
    const later = consumer(async (m) => {
      third.push(m.sealed);
      return 'done';
    });
    const last = sealed.replace('.x.', '.u.');
    await kiosk.publishAsync(upTopic(setup.serverId, setup.kiosk.secret.device), last, { qos: 1 });
    await until('the last one came', () => third.includes(last));
    expect(third, 'what was committed is not delivered a third time').not.toContain(sealed);
    await later.close();
    kiosk.end(true);
  });
});

test('a broker that disconnects at a subscription is retried, and the server keeps running', async () => {
  const serverId = randomUUID();
  const ca = await createCa(serverId, Date.now());
  const { certPem: cert, keyPem: key } = await issueServerCertificate(ca, ['127.0.0.1'], Date.now());
  const credentials = await issueServerClientCertificate(ca, brokerUser(serverId), Date.now());
  let asked = 0;
  const broker = await Aedes.createBroker({
    authorizeSubscribe: (client) => {
      asked += 1;
      client.conn.destroy();
    },
  });
  const listener = createServer({ cert, key }, broker.handle).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const log = pino({ enabled: false });
  const consumer = new BrokerConsumer({
    url: `mqtts://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    serverId,
    clientId: 'x',
    user: 'x',
    shared: false,
    credentials: () => credentials,
    cas: () => [ca.certPem],
    worker: { handle: async () => undefined, drop: () => undefined },
    log,
  });
  try {
    // An unhandled rejection would end the server; here it fails the run.
    await until('it subscribed on a second connection', () => asked >= 3);
  } finally {
    await consumer.close();
    listener.close();
    broker.close();
  }
});

test.skipIf(missing)('a Mosquitto started without its OpenSSL configuration still accepts no TLS 1.2', async () => {
  const [port, wssPort] = (await reservePorts(2)) as [number, number];
  const ca = await createCa(randomUUID(), Date.now());
  const certificate = await issueServerCertificate(ca, ['127.0.0.1'], Date.now());
  const broker = await startMosquitto(
    { serverId: randomUUID(), certificate, caPems: [ca.certPem], port, wssPort },
    { withoutOpensslConf: true },
  );
  try {
    for (const at of [port, wssPort]) {
      expect((await sClient(String(at), ['-tls1_2'])).output).toMatch(/Cipher is \(NONE\)/);
      expect((await sClient(String(at), ['-tls1_3'])).output).toMatch(/New, TLSv1\.3/);
    }
  } finally {
    await broker.remove();
  }
});
