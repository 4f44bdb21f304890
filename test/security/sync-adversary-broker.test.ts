import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect as tcpConnect } from 'node:net';
import { join } from 'node:path';
import { connect, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SyncEngine } from '../../sync/edge/engine.ts';
import { newSigningKey } from '../../sync/protocol/seal/keys.ts';
import { upTopic } from '../../sync/protocol/wire/topics.ts';
import { issueServerCertificate, issueServerClientCertificate } from '../../sync/server/platform/keys/certificates.ts';
import { printedRandom } from '../chance.ts';
import { type BrokerSetup, engineOf, mqttTransport, newBroker, OPERATOR } from '../kit/broker.ts';
import { temporaryFolder } from '../kit/folder.ts';
import type { Kiosk } from '../kit/kiosk.ts';
import { until } from '../kit/wait.ts';
import { type Mosquitto, mosquittoMissing, startMosquitto } from '../services/mosquitto.ts';
import { reservePorts } from '../services/ports.ts';
import { flipped, json, padded, rawJwe, rawJws } from './raw-messages.ts';

const random = printedRandom('pauses of the kiosks’ engines');

const missing = mosquittoMissing();
if (missing) console.log(`SKIPPED: the broker's operator as an adversary: ${missing}`);

/** What the operator can do to a message in transit. */
const DEEDS = ['drop', 'double', 'hold', 'swap', 'cut', 'flip', 'forge', 'old', 'grow'] as const;
type Deed = (typeof DEEDS)[number];

/**
 * A malicious broker operator between kiosks and server. The kiosks use one real Mosquitto, the server another, and the
 * operator forwards messages between them as they please.
 */
class Operator {
  readonly done = new Map<string, number>();
  /** What to do with the next messages in each direction. When empty, messages are passed on. */
  readonly plan: { up: Deed[]; down: Deed[] } = { up: [], down: [] };
  readonly #kiosks: MqttClient;
  readonly #server: MqttClient;
  readonly #devices: readonly string[];
  readonly #seen: string[] = [];
  #held: { to: MqttClient; topic: string; payload: string }[] = [];

  constructor(kiosks: MqttClient, server: MqttClient, devices: readonly string[]) {
    this.#kiosks = kiosks;
    this.#server = server;
    this.#devices = devices;
    kiosks.on('message', (topic, payload) => void this.#carry(server, topic, payload.toString('latin1')));
    server.on('message', (topic, payload) => void this.#carry(kiosks, topic, payload.toString('latin1')));
  }

  async start(): Promise<void> {
    await this.#kiosks.subscribeAsync(['sp/v1/+/up/+', 'sp/v1/+/presence/+'], { qos: 1 });
    await this.#server.subscribeAsync('sp/v1/+/down/+', { qos: 1 });
  }

  #other(topic: string): string {
    const [one, two] = this.#devices as [string, string];
    return topic.includes(one) ? topic.replace(one, two) : topic.replace(two, one);
  }

  async #carry(to: MqttClient, topic: string, payload: string): Promise<void> {
    const send = (t: string, p: string) => void to.publish(t, Buffer.from(p, 'latin1'), { qos: 1 });
    if (topic.includes('/presence/')) return send(topic, payload);
    const direction = topic.includes('/up/') ? 'up' : 'down';
    const deed = this.plan[direction].shift();
    const before = this.#seen[this.#seen.length >> 1];
    this.#seen.push(payload);
    if (deed) this.done.set(`${deed} ${direction}`, (this.done.get(`${deed} ${direction}`) ?? 0) + 1);
    switch (deed) {
      case 'drop':
        return;
      case 'double':
        send(topic, payload);
        return send(topic, payload);
      case 'hold':
        this.#held.push({ to, topic, payload });
        return;
      case 'swap':
        return send(this.#other(topic), payload);
      case 'cut':
        return send(topic, payload.slice(0, payload.length >> 1));
      case 'flip':
        return send(topic, flipped(payload, payload.length * 4 + 1));
      case 'forge':
        return send(topic, forged(payload));
      case 'old':
        return send(topic, before ?? payload);
      case 'grow':
        return send(topic, `${payload}A`);
      case undefined: {
        send(topic, payload);
        // A held message arrives late, behind messages that were sent after it.
        const late = this.#held;
        this.#held = [];
        for (const { to: affected, topic: t, payload: p } of late)
          affected.publish(t, Buffer.from(p, 'latin1'), { qos: 1 });
      }
    }
  }

  end(): void {
    this.#kiosks.end(true);
    this.#server.end(true);
  }
}

/** Returns a message of the same kind, made with someone else's key. */
function forged(payload: string): string {
  const [header, ...rest] = payload.split('.');
  if (rest.length !== 2) return [header, ...rest].with(-1, 'AAAAAAAAAAAAAAAAAAAAAA').join('.');
  return rawJws(Buffer.from(header!, 'base64url').toString(), Buffer.from(rest[0]!, 'base64url'), newSigningKey());
}

describe.skipIf(missing)('the operator of a broker', () => {
  let setup: BrokerSetup;
  let front: Mosquitto;
  let url: string;
  let operator: Operator;
  beforeAll(async () => {
    setup = await newBroker('mosquitto');
    const [port, wssPort] = (await reservePorts(2)) as [number, number];
    front = await startMosquitto(
      {
        serverId: setup.serverId,
        certificate: await issueServerCertificate(setup.ca, ['127.0.0.1'], Date.now()),
        caPems: [setup.ca.certPem],
        port,
        wssPort,
      },
      { acl: `\nuser ${OPERATOR}\ntopic readwrite #\n` },
    );
    url = `mqtts://127.0.0.1:${port}`;
    const own = await issueServerClientCertificate(setup.ca, OPERATOR, Date.now());
    const client = (address: string) =>
      connect(address, {
        ca: setup.ca.certPem,
        cert: own.certPem,
        key: own.keyPem,
        clientId: OPERATOR,
        protocolVersion: 5,
        clean: true,
      });
    operator = new Operator(client(url), client(setup.urls.mqtts), [
      setup.kiosk.secret.device,
      setup.other.secret.device,
    ]);
    await operator.start();
  });
  afterAll(async () => {
    operator?.end();
    await front?.remove();
    await setup?.close();
  });

  const engineFor = (kiosk: Kiosk) =>
    new SyncEngine({
      secret: kiosk.secret,
      bundle: kiosk.bundle,
      source: kiosk.box,
      batchEvents: 4,
      transport: mqttTransport(kiosk, url, { silenceMs: 1000 }),
      // Like the real runtime, except that pauses are capped, because a test can't wait for minutes.
      runtime: {
        now: Date.now,
        random,
        after: (ms, wake) => {
          const timer = setTimeout(wake, Math.min(ms, 400));
          return () => clearTimeout(timer);
        },
      },
    });

  test('can only cause delay by dropping, duplicating, delaying, swapping, truncating, altering, forging and replaying', async () => {
    const kiosks = [setup.kiosk, setup.other];
    const engines = kiosks.map(engineFor);
    const codes = new Set<string>();
    for (const kiosk of kiosks) kiosk.box.checkin(kiosk.box.person('Ada Lovelace'));
    for (const engine of engines) engine.start();
    // Run honestly first, so there is something to replay.
    await until('all is there', () => kiosks.every((k) => k.box.pendingCount() === 0));
    for (const direction of ['up', 'down'] as const)
      for (const deed of DEEDS) {
        operator.plan[direction].push(deed);
        for (const [i, { box }] of kiosks.entries()) {
          box.person(`${deed} ${direction}`);
          engines[i]!.nudge();
        }
        await until(`the deed was done: ${deed}`, () => operator.plan[direction].length === 0);
        for (const { status } of engines) if (status.problem) codes.add(status.problem.code);
      }
    // Then all of them in a row, on a backlog.
    operator.plan.up.push(...DEEDS);
    operator.plan.down.push(...[...DEEDS].reverse());
    for (const [i, { box }] of kiosks.entries()) {
      for (let n = 0; n < 20; n++) box.person(`Backlog ${n}`);
      engines[i]!.nudge();
    }
    await until('all is there', () => kiosks.every((k) => k.box.pendingCount() === 0));
    for (const engine of engines) await engine.stop();
    for (const direction of ['up', 'down'])
      for (const deed of DEEDS) expect(operator.done.get(`${deed} ${direction}`) ?? 0, deed).toBeGreaterThanOrEqual(2);
    // Each shows in the server's log or the kiosk's status.
    const logged = [...setup.server.logged.matchAll(/"code":"([a-z-]+)"/g)].map((m) => m[1]);
    for (const code of [/^wrong-issuer$/, /^(batch|ask)-undecryptable$/, /^(batch|ask)-malformed$|^unknown-message$/])
      expect(
        logged.some((l) => code.test(l!)),
        `${code} in ${[...new Set(logged)]}`,
      ).toBe(true);
    expect(codes).toContain('server-silent');

    await setup.server.offline(async ({ db }) => {
      for (const { box } of kiosks) {
        const rows = await db
          .selectFrom('event')
          .select(['seq', 'id', 'chain'])
          .where('device', '=', box.device)
          .orderBy('seq')
          .execute();
        expect(rows.map((r) => [Number(r.seq), r.id, r.chain])).toEqual(
          box.events.map((e) => [e.header.seq, e.header.id, 'whole']),
        );
        const held = await db.selectFrom('quarantine').select('reason').where('device', '=', box.device).execute();
        expect(held).toEqual([]);
      }
    });
  }, 240_000);

  test('can’t get own messages under a kiosk’s topic into the server', async () => {
    const { secret, bundle } = setup.kiosk;
    const own = await issueServerClientCertificate(setup.ca, OPERATOR, Date.now());
    const client = connect(setup.urls.mqtts, {
      ca: setup.ca.certPem,
      cert: own.certPem,
      key: own.keyPem,
      clientId: `${OPERATOR}`,
      protocolVersion: 5,
      clean: true,
      reconnectPeriod: 0,
    });
    const before = setup.server.logged.length;
    const header = {
      alg: 'EdDSA',
      typ: 'sp-batch+jws',
      iss: secret.device,
      aud: bundle.serverId,
      epoch: crypto.randomUUID(),
      first: 1,
      last: 1,
      spv: 1,
    };
    const body = json({ sentAt: new Date().toISOString(), events: [1] });
    const sealed = await rawJwe(padded(rawJws(header, body, newSigningKey())), bundle.keys.sealing);
    await client.publishAsync(upTopic(setup.serverId, secret.device), sealed, { qos: 1 });
    await until('it left its trace', () => setup.server.logged.slice(before).includes('"bad-signature"'));
    client.end(true);
    await setup.server.offline(async ({ db }) => {
      const rows = await db.selectFrom('ack_mark').select('epoch').where('epoch', '=', header.epoch).execute();
      expect(rows).toEqual([]);
    });
  });

  test('and an eavesdropper on the wire can’t read events', async (context) => {
    if (process.getuid?.() !== 0 || spawnSync('which', ['tcpdump']).status !== 0)
      return context.skip('SKIPPED: capture on loopback: it takes root and tcpdump');
    const home = temporaryFolder();
    const file = join(home.path, 'capture.pcap');
    const kiosk = setup.other;
    const ports = [new URL(setup.urls.mqtts).port, new URL(kiosk.bundle.serverUrl).port];
    const dump = spawn('tcpdump', ['-i', 'lo', '-U', '-Z', 'root', '-w', file, `port ${ports.join(' or port ')}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    try {
      await listening(dump);
      const people = ['Zyxwvut Qponmlk', 'Mnbvcxz Lkjhgfd'].map((name) => [name, kiosk.box.person(name)] as const);
      const before = kiosk.box.events.length - people.length;
      for (const options of [{ mqttUrls: [setup.urls.mqtts] }, { mqttUrls: [], https: true }]) {
        for (const [, id] of people) kiosk.box.checkin(id);
        const { engine } = engineOf(kiosk, options);
        engine.start();
        await until('all is there', () => kiosk.box.pendingCount() === 0);
        await engine.stop();
      }
      // The capture lags behind: once it contains this text, it contains everything sent before.
      const ends = 'here the capture ends';
      const marker = tcpConnect(Number(ports[0]), '127.0.0.1');
      marker.on('error', () => undefined).write(ends);
      await until('the capture is written', () => readFileSync(file).includes(ends));
      marker.destroy();
      dump.kill('SIGINT');
      await once(dump, 'exit');
      const events = kiosk.box.events.slice(before);
      const bytes = readFileSync(file);
      // The capture covers the traffic: both ports, and more bytes than the events themselves.
      expect(bytes.length).toBeGreaterThan(JSON.stringify(events).length);
      const uuids = [...people.map(([, id]) => id), ...events.map((e) => e.header.id), kiosk.box.epoch];
      const salts = events.flatMap((e) => Object.values(e.personal).map((v) => v.salt));
      const texts = [
        ...people.flatMap(([name]) => name.split(' ')),
        ...uuids,
        ...salts,
        ...['"checkin"', 'direction', 'commitments', 'personal'],
      ];
      const whole = [bytes, Buffer.from(setup.mosquitto!.log()), Buffer.from(front.log())];
      for (const text of texts)
        for (const form of [
          Buffer.from(text),
          Buffer.from(text, 'utf16le'),
          Buffer.from(text)
            .subarray(0, Math.floor(text.length / 3) * 3)
            .toString('base64url')
            .slice(0, -1),
        ])
          for (const where of whole) expect(where.includes(form), text).toBe(false);
      for (const uuid of uuids) expect(bytes.includes(Buffer.from(uuid.replaceAll('-', ''), 'hex')), uuid).toBe(false);
      // The server's log may name devices, but neither people nor events.
      for (const text of [...people.flat().flatMap((t) => t.split(' ')), ...salts])
        expect(setup.server.logged, text).not.toContain(text);
    } finally {
      dump.kill('SIGKILL');
      home.remove();
    }
    expect(existsSync(file)).toBe(false);
  });
});

async function listening(dump: ChildProcess): Promise<void> {
  let said = '';
  dump.stderr!.on('data', (chunk) => {
    said += chunk;
  });
  await until('tcpdump listens', () => said.includes('listening on'));
}
