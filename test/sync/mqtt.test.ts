import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { revokeDevice } from '../../sync/protocol/api/devices.ts';
import { TYP } from '../../sync/protocol/wire/batch.ts';
import { downTopic, upTopic } from '../../sync/protocol/wire/topics.ts';
import { createCa } from '../../sync/server/platform/keys/certificates.ts';
import {
  type BrokerSetup,
  bareClient,
  engineOf,
  foreignCertificate,
  mqttTransport,
  newBroker,
  sClient,
} from '../kit/broker.ts';
import { codeOf } from '../kit/client.ts';
import { ackOf, sealOutbox } from '../kit/kiosk.ts';
import { MemoryOutbox } from '../kit/outbox.ts';
import { never, until } from '../kit/wait.ts';
import { connectProxy } from '../services/connect-proxy.ts';
import { mosquittoMissing } from '../services/mosquitto.ts';
import { tcpProxy } from '../services/tcp-proxy.ts';

const missing = mosquittoMissing();
if (missing) console.log(`SKIPPED: MQTT over Mosquitto: ${missing}`);

describe.each(['mosquitto', 'embedded'] as const)('MQTT over %s', (kind) => {
  if (kind === 'mosquitto' && missing) return test.skip(missing, () => undefined);
  let setup: BrokerSetup;
  beforeAll(async () => {
    setup = await newBroker(kind);
  });
  afterAll(() => setup?.close());

  /** Sends the pending events and returns the server's committed mark. */
  const deliver = async (who = setup.kiosk, url = setup.urls.mqtts) => {
    const transport = mqttTransport(who, url);
    try {
      return (await ackOf(await transport.exchange('batch', await sealOutbox(who), never), who)).committed;
    } finally {
      await transport.close();
    }
  };

  test.each(['mqtts', 'wss'] as const)(
    'events travel from the outbox through %s to the commit, and the ack returns',
    async (scheme) => {
      setup.kiosk.box.checkin(setup.kiosk.box.person('Ada'));
      const { engine, transport } = engineOf(setup.kiosk, { mqttUrls: [setup.urls[scheme]] });
      engine.start();
      await until('the outbox is empty', () => setup.kiosk.box.pendingCount() === 0);
      expect(engine.status).toMatchObject({ online: true, problem: null, transport: 'mqtt' });
      expect(transport.state).toMatchObject({ using: 'mqtt', why: null });
      await engine.stop();
    },
  );

  test.each(['mqtts', 'wss'] as const)(
    '%s works through a proxy, whose credentials are sent only to it',
    async (scheme) => {
      const proxy = await connectProxy();
      const transport = mqttTransport(setup.kiosk, setup.urls[scheme], { proxy: proxy.url });
      try {
        setup.kiosk.box.person(`By proxy, ${scheme}`);
        const answer = await transport.exchange('batch', await sealOutbox(setup.kiosk), never);
        const marks = await ackOf(answer, setup.kiosk);
        expect(marks.committed).toBe(setup.kiosk.box.events.length);
        setup.kiosk.box.acknowledge(setup.kiosk.box.epoch, marks);
        // The proxy is asked twice if the broker only supports MQTT 3.1.1.
        expect(new Set(proxy.asked)).toEqual(new Set([new URL(setup.urls[scheme]).host]));
      } finally {
        await transport.close();
        await proxy.close();
      }
    },
  );

  test('an event sent twice is stored once and gets the same marks', async () => {
    setup.kiosk.box.person('Grace');
    const transport = mqttTransport(setup.kiosk, setup.urls.mqtts);
    const sealed = await sealOutbox(setup.kiosk);
    const first = await ackOf(await transport.exchange('batch', sealed, never), setup.kiosk);
    const second = await ackOf(await transport.exchange('batch', sealed, never), setup.kiosk);
    expect(second.committed).toBe(first.committed);
    setup.kiosk.box.acknowledge(setup.kiosk.box.epoch, second);
    await transport.close();
  });

  test('every port refuses TLS 1.2 and accepts TLS 1.3', async () => {
    for (const url of Object.values(setup.urls)) {
      const { port } = new URL(url);
      const old = await sClient(port, ['-tls1_2']);
      expect(old.output).toMatch(/alert protocol version/);
      expect(old.output).toMatch(/Cipher is \(NONE\)/);
      expect((await sClient(port, ['-tls1_3'])).output).toMatch(/New, TLSv1\.3/);
    }
  });

  test('nobody can connect without a certificate, or with one of another CA', async () => {
    const elsewhere = await createCa(randomUUID(), Date.now());
    const certPem = await foreignCertificate(setup.kiosk, elsewhere);
    for (const url of Object.values(setup.urls)) {
      const stranger = mqttTransport(setup.kiosk, url, {
        credentials: () => ({ certPem, keyPem: setup.kiosk.secret.tlsKeyPem }),
      });
      expect(await codeOf(stranger.connect())).toMatch(
        /^(kiosk-certificate-refused|broker-unreachable|broker-lost|server-unreachable)$/,
      );
    }
    const nobody = await bareClient(setup, setup.kiosk, { cert: undefined!, key: undefined! });
    const outcome = await new Promise<string>((resolve) => {
      nobody.on('connect', () => resolve('CONNECTED'));
      nobody.on('error', (e) => resolve(String((e as { code?: unknown }).code ?? e)));
      nobody.on('close', () => resolve('closed'));
    });
    nobody.end(true);
    expect(outcome).not.toBe('CONNECTED');
  });

  test('a publish under another device’s topic has no effect, not even with that device’s own signed batch', async () => {
    setup.other.box.person('Mallory’s victim');
    const sealed = await sealOutbox(setup.other);
    const before = setup.server.logged;
    const thief = await bareClient(setup, setup.kiosk);
    const heard: string[] = [];
    thief.on('error', () => undefined);
    thief.on('message', (topic) => heard.push(topic));
    await new Promise((resolve) => thief.once('connect', resolve));
    const refused: unknown[] = [];
    await new Promise<void>((resolve) => {
      thief.subscribe(downTopic(setup.serverId, setup.other.secret.device), { qos: 1 }, (error, granted) => {
        refused.push(error ? 'refused' : granted?.map((g) => g.qos));
        resolve();
      });
      thief.on('close', resolve);
    });
    thief.end(true);
    const again = await bareClient(setup, setup.kiosk);
    again.on('error', () => undefined);
    await new Promise((resolve) => again.once('connect', resolve));
    const outcome = await new Promise<string>((resolve) => {
      again.publish(upTopic(setup.serverId, setup.other.secret.device), sealed, { qos: 1 }, (error) =>
        resolve(error ? String((error as { code?: unknown }).code) : 'ACCEPTED'),
      );
      again.on('close', () => resolve('closed'));
    });
    again.end(true);
    expect(outcome).toBe(kind === 'mosquitto' ? '135' : 'closed');
    // A device's messages are handled in order, whatever their topic. An answer to junk therefore proves that the batch
    // before it was handled.
    const header = Buffer.from(JSON.stringify({ typ: TYP.sealedBatch })).toString('base64url');
    const marker = mqttTransport(setup.other, setup.urls.mqtts);
    expect(await codeOf(marker.exchange('batch', `${header}.x.y.z`, never))).toBe('batch-malformed');
    await marker.close();
    expect(setup.server.logged.slice(before.length)).not.toContain('events stored');
    expect(heard).toEqual([]);
    // The same batch is accepted under its own topic.
    expect(await deliver(setup.other)).toBe(setup.other.box.events.length);
    expect(setup.server.logged.slice(before.length)).toContain('events stored');
  });

  test('a batch of another device under one’s own topic is refused, signed and with its code', async () => {
    const box = new MemoryOutbox(setup.other.box.device);
    box.person('X');
    const transport = mqttTransport(setup.kiosk, setup.urls.mqtts);
    const sealed = await sealOutbox({ ...setup.other, box });
    expect(await codeOf(transport.exchange('batch', sealed, never))).toBe('wrong-issuer');
    await transport.close();
  });

  test('junk is dropped and logged, and the next message is accepted', async () => {
    const transport = mqttTransport(setup.kiosk, setup.urls.mqtts, { silenceMs: 700 });
    const header = Buffer.from(JSON.stringify({ typ: TYP.sealedBatch })).toString('base64url');
    expect(await codeOf(transport.exchange('batch', randomBytes(2000).toString('latin1'), never))).toBe(
      'server-silent',
    );
    expect(await codeOf(transport.exchange('batch', 'no.header.at.all', never))).toBe('server-silent');
    expect(await codeOf(transport.exchange('batch', `${header}.x.y.z`, never))).toBe('batch-malformed');
    await transport.close();
    expect(setup.server.logged).toMatch(/unknown-message/);
    setup.kiosk.box.person('After junk');
    const committed = await deliver();
    expect(committed).toBe(setup.kiosk.box.events.length);
    setup.kiosk.box.acknowledge(setup.kiosk.box.epoch, { committed, safe: 0 });
  });

  test('an oversized message reaches nobody, and the next one is accepted', async () => {
    const transport = mqttTransport(setup.kiosk, setup.urls.mqtts, { silenceMs: 3000 });
    expect(await codeOf(transport.exchange('batch', 'A'.repeat(2_000_000), never))).toMatch(/^(broker-|server-silent)/);
    await transport.close();
    setup.kiosk.box.person('After a large one');
    const committed = await deliver();
    expect(committed).toBe(setup.kiosk.box.events.length);
    setup.kiosk.box.acknowledge(setup.kiosk.box.epoch, { committed, safe: 0 });
  });

  test('a silently dead connection is detected by keep-alive', async () => {
    const proxy = await tcpProxy(Number(new URL(setup.urls.mqtts).port));
    const transport = mqttTransport(setup.kiosk, `mqtts://127.0.0.1:${proxy.port}`, { keepaliveS: 1 });
    await transport.connect();
    let down = '';
    transport.onDown = (why) => {
      down = why.code;
    };
    proxy.freeze();
    await until('the dead connection is found', () => down !== '');
    expect(transport.connected).toBe(false);
    await transport.close();
    await proxy.close();
  });

  test('a change on the server nudges a connected kiosk', async () => {
    const transport = mqttTransport(setup.other, setup.urls.mqtts);
    let nudges = 0;
    transport.onNudge = () => {
      nudges += 1;
    };
    await transport.connect();
    // The server learns of a connection with a delay, and only changes after that send a nudge.
    await until('a nudge comes', async () => {
      setup.kiosk.box.person('Someone new');
      const committed = await deliver();
      setup.kiosk.box.acknowledge(setup.kiosk.box.epoch, { committed, safe: 0 });
      return nudges > 0;
    });
    await transport.close();
  });

  test('a revoked device is refused at its next message on its open connection', async () => {
    const transport = mqttTransport(setup.other, setup.urls.mqtts);
    setup.other.box.person('In time');
    const before = await ackOf(await transport.exchange('batch', await sealOutbox(setup.other), never), setup.other);
    expect(before.committed).toBe(setup.other.box.events.length);
    setup.other.box.acknowledge(setup.other.box.epoch, before);
    await setup.server.call(revokeDevice, { params: { device: setup.other.secret.device } });
    setup.other.box.person('Late');
    expect(await codeOf(transport.exchange('batch', await sealOutbox(setup.other), never))).toBe('device-revoked');
    expect(transport.connected).toBe(true);
    await transport.close();
  });
});
