import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { MqttClient, Store } from 'mqtt';
import type { Logger } from 'pino';
import { limitPackets } from '../../../protocol/mqtt/packet-limit.ts';
import { MAX_SEALED_BYTES } from '../../../protocol/wire/batch.ts';
import { downTopic, presenceFilter, presenceTopic, upFilter, upTopic } from '../../../protocol/wire/topics.ts';
import type { KeyAndCertificate } from '../../platform/keys/certificates.ts';
import type { MqttWorker } from './worker.ts';

/** Longest packet accepted from a broker, bytes. */
const MAX_PACKET_BYTES = MAX_SEALED_BYTES + 1024;
/** Unacknowledged messages that the broker may send us: twice what the worker handles at once. */
const WINDOW = 16;
/** The same for a broker without MQTT 5, which applies a limit of its own (Mosquitto: 20). */
const OLD_WINDOW = 64;
/** How long the broker keeps our session after a disconnect, s. Messages it drops after that are sent again by the kiosks. */
const SESSION_S = 600;
/** How long an answer is of use to the kiosk, s. */
const ANSWER_S = 60;
const KEEPALIVE_S = 20;
const CONNECT_MS = 15_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** How long we wait for a message to ourselves to come back, ms. */
const TRIAL_MS = 5000;
/** How often a replica that the broker's rules don't name yet checks whether they do, ms. */
const JOIN_EVERY_MS = 5000;
/** Return codes by which a broker says that it doesn't speak MQTT 5. */
const OLD_BROKER = [1, 132];

/** Whether our own message came back on the topics that a server reads, and on the one that it writes. */
interface Tried {
  readonly reads: boolean;
  readonly writes: boolean;
}

export interface ConsumerOptions {
  /** mqtts:// address of the broker. */
  readonly url: string;
  readonly serverId: string;
  /** User name of this replica at the broker, taken from its certificate. */
  readonly user: string;
  /** Client id of this replica, which identifies its session at the broker. */
  readonly clientId: string;
  /**
   * Whether other replicas may share the work. If so, our session ends with our connection: Mosquitto keeps assigning
   * messages of a shared subscription to a member that is away, and nobody would answer those. For the same reason a server
   * that runs alone, whose session outlives its connection, uses an ordinary subscription. If replicas replace it later, the
   * session it leaves at the broker takes no messages from them.
   */
  readonly shared: boolean;
  /** Our client certificate, from which the broker takes our user name. Read at each connection. */
  readonly credentials: () => KeyAndCertificate;
  /** CAs that may have issued the broker's certificate, PEM. */
  readonly cas: () => readonly string[];
  readonly worker: Pick<MqttWorker, 'handle' | 'drop'>;
  /** Receives only our own messages to ourselves (`tryOut`). */
  readonly trialOnly?: boolean;
  readonly log: Logger;
  readonly random?: () => number;
}

/**
 * The server's side of one broker. Replicas split the work through a shared subscription if the broker supports it. A message
 * is acknowledged to the broker only once it was committed and answered. If this process dies first, the broker delivers it
 * again (to a server that runs alone; with replicas, the kiosk sends it again). A limited number of messages is handled at
 * once. Reconnects automatically and never gives up.
 */
export class BrokerConsumer {
  readonly #o: ConsumerOptions;
  #client: MqttClient | null = null;
  #version: 4 | 5 = 5;
  #closed = new AbortController();
  /** The test that is running now, and its result. Null if none is running. */
  #trying: Promise<Tried> | null = null;
  #trial: { readonly nonce: string; readonly left: Set<string>; readonly done: () => void } | null = null;
  readonly #running: Promise<void>;

  constructor(options: ConsumerOptions) {
    this.#o = options;
    this.#running = this.#run();
  }

  get connected(): boolean {
    return this.#client !== null;
  }

  /** Publishes to a device. @throws if there is no connection, or it ends before the broker has acknowledged the message */
  async send(device: string, text: string): Promise<void> {
    const client = this.#client;
    if (!client) throw new Error('not connected to the broker');
    const { promise: gone, reject } = Promise.withResolvers<never>();
    const onClose = () => reject(new Error('the connection to the broker ended'));
    client.once('close', onClose);
    try {
      await Promise.race([
        gone,
        client.publishAsync(downTopic(this.#o.serverId, device), text, {
          qos: 1,
          ...(this.#version === 5 && { properties: { messageExpiryInterval: ANSWER_S } }),
        }),
      ]);
    } finally {
      client.off('close', onClose);
    }
  }

  /**
   * Publishes to ourselves as a kiosk and as a server would, and waits for the messages to come back. Nothing less proves our
   * rights: Mosquitto grants every subscription and delivers nothing where its rules don't allow it. Every broker lets a
   * client write `up` and presence under its own name and read its own `down`, so what comes back proves the server's rights.
   */
  async tryOut(limitMs = TRIAL_MS): Promise<Tried> {
    const client = this.#client;
    if (!client) return { reads: false, writes: false };
    // Only one test at a time. Further callers share its result.
    this.#trying ??= this.#tryOut(client, limitMs).finally(() => {
      this.#trying = null;
    });
    return this.#trying;
  }

  async #tryOut(client: MqttClient, limitMs: number): Promise<Tried> {
    const own = this.#ownTopics();
    const { promise, resolve } = Promise.withResolvers<void>();
    const trial = { nonce: `check ${randomUUID()}`, left: new Set(Object.values(own)), done: resolve };
    this.#trial = trial;
    const timer = setTimeout(resolve, limitMs);
    client.once('close', resolve);
    try {
      // If it is refused or lost, it doesn't come back either.
      for (const topic of Object.values(own))
        client.publishAsync(topic, trial.nonce, { qos: 1 }).catch(() => undefined);
      await promise;
    } finally {
      clearTimeout(timer);
      client.off('close', resolve);
      this.#trial = null;
    }
    return { reads: !trial.left.has(own.up) && !trial.left.has(own.presence), writes: !trial.left.has(own.down) };
  }

  #ownTopics() {
    const { serverId, user } = this.#o;
    return { up: upTopic(serverId, user), presence: presenceTopic(serverId, user), down: downTopic(serverId, user) };
  }

  /** @returns whether it was a replica's message to itself, which the worker doesn't handle */
  #isTrial(topic: string, payload: Buffer): boolean {
    if (!topic.split('/').at(-1)!.startsWith('server.')) return false;
    const trial = this.#trial;
    if (trial && payload.toString('latin1') === trial.nonce && trial.left.delete(topic) && trial.left.size === 0)
      trial.done();
    return true;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    const client = this.#client;
    this.#client = null;
    // Not `end(false)`: messages still being handled must stay unacknowledged to be delivered again.
    client?.end(true);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { log, url, random = Math.random } = this.#o;
    const broker = new URL(url).host;
    let failures = 0;
    while (!this.#closed.signal.aborted) {
      try {
        const { ended } = await this.#connect();
        log.info({ broker, version: this.#version }, 'broker connected');
        failures = 0;
        await ended;
        log.warn({ broker, code: 'broker-lost' }, 'The connection to the broker ended.');
      } catch (cause) {
        const { code } = cause as { code?: unknown };
        if (this.#version === 5 && OLD_BROKER.includes(code as number)) {
          this.#version = 4;
          continue;
        }
        if (failures === 0)
          log.warn({ broker, code: 'broker-unreachable', cause: code }, "The broker can't be reached.");
      }
      failures += 1;
      const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10));
      await pause(ceiling * (0.25 + 0.75 * random()), this.#closed.signal);
    }
  }

  /** @returns `ended`: resolves when the connection ends. In an object, since a bare promise would be awaited. */
  async #connect(): Promise<{ ended: Promise<void> }> {
    const { serverId, clientId } = this.#o;
    const version = this.#version;
    const socket = await this.#dial();
    limitPackets(socket, MAX_PACKET_BYTES);
    const client = new MqttClient(() => socket, {
      protocolVersion: version,
      clientId,
      clean: false,
      keepalive: KEEPALIVE_S,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      connectTimeout: CONNECT_MS,
      // With the default store, mqtt.js throws at an acknowledgement that was already read when we end the connection.
      outgoingStore: new Store({ clean: false }),
      incomingStore: new Store({ clean: false }),
      ...(version === 5 && {
        properties: {
          sessionExpiryInterval: this.#o.shared ? 0 : SESSION_S,
          receiveMaximum: WINDOW,
          maximumPacketSize: MAX_PACKET_BYTES,
        },
      }),
    });
    this.#handle(client);
    const ended = new Promise<void>((resolve) => client.on('close', resolve));
    const failed = new Promise<never>((_, reject) => {
      client.on('error', reject);
      client.on('close', () => reject(new Error('the broker closed the connection')));
    });
    failed.catch(() => undefined);
    const ready = (async () => {
      const shared = await new Promise<boolean>((resolve) =>
        client.once('connect', (packet) =>
          // 3.1.1 has no shared subscriptions: a broker may treat the filter as an ordinary one, which nothing matches.
          resolve(this.#o.shared && version === 5 && packet.properties?.sharedSubscriptionAvailable !== false),
        ),
      );
      const up = upFilter(serverId);
      const own = this.#ownTopics();
      // Only for `tryOut`. Not shared, so our own message reaches us and no other replica.
      const forTrial = client.subscribeAsync(this.#o.trialOnly ? Object.values(own) : [own.up, own.down], { qos: 1 });
      // If the next subscription fails first, nothing awaits this one, and its unhandled rejection would end the server.
      forTrial.catch(() => undefined);
      if (this.#o.trialOnly) {
        await forTrial;
        this.#client = client;
        return;
      }
      // Set before the first message can arrive, since its answer needs it.
      this.#client = client;
      await subscribe(client, [...(shared ? [] : [up]), presenceFilter(serverId)]);
      await forTrial.catch(() => undefined);
      if (shared && !(await this.#join(client))) void this.#joinLater(client);
    })();
    ready.catch(() => undefined);
    try {
      await Promise.race([ready, failed]);
      if (this.#closed.signal.aborted) throw new Error('closing');
    } catch (cause) {
      this.#client = null;
      client.end(true);
      throw cause;
    }
    return {
      ended: ended.then(() => {
        if (this.#client === client) this.#client = null;
      }),
    };
  }

  /**
   * Joins the shared subscription once a message to ourselves has come back. Mosquitto assigns messages to every member of a
   * shared subscription, even to one without the right to read them, and those messages would reach nobody.
   *
   * @returns whether we joined
   */
  async #join(client: MqttClient): Promise<boolean> {
    const { reads, writes } = await this.tryOut();
    if (!reads || !writes || this.#client !== client) return false;
    await subscribe(client, [`$share/sp/${upFilter(this.#o.serverId)}`]);
    return true;
  }

  async #joinLater(client: MqttClient): Promise<void> {
    const { log, url } = this.#o;
    const broker = new URL(url).host;
    log.warn(
      { broker, code: 'broker-not-readable' },
      'The broker’s rules do not name this replica, so it receives no messages there yet.',
    );
    while (this.#client === client) {
      await pause(JOIN_EVERY_MS, this.#closed.signal);
      // If the connection ended meanwhile, the next one joins.
      if (!(await this.#join(client).catch(() => false))) continue;
      log.info({ broker }, 'the broker now lets this replica receive messages');
      return;
    }
  }

  #dial(): Promise<TLSSocket> {
    const { hostname, port } = new URL(this.#o.url);
    const host = hostname.replace(/^\[|\]$/g, '');
    const { certPem, keyPem } = this.#o.credentials();
    return new Promise((resolve, reject) => {
      const socket = tlsConnect({
        host,
        port: Number(port || 8883),
        ...(isIP(host) === 0 && { servername: host }),
        ca: [...this.#o.cas()],
        cert: certPem,
        key: keyPem,
        minVersion: 'TLSv1.3',
        rejectUnauthorized: true,
      });
      const limit = AbortSignal.any([AbortSignal.timeout(CONNECT_MS), this.#closed.signal]);
      const onLimit = () => socket.destroy(new Error('no connection in time'));
      limit.addEventListener('abort', onLimit);
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('closed')));
      socket.once('secureConnect', () => {
        limit.removeEventListener('abort', onLimit);
        resolve(socket);
      });
    });
  }

  /**
   * Never lets reading wait for the work: the work waits for the broker's acknowledgements of our answers, which arrive in
   * the same stream. The broker knows our window and limits unacknowledged messages by it. We disconnect if it sends more.
   */
  #handle(client: MqttClient): void {
    const { worker } = this.#o;
    const window = this.#version === 5 ? WINDOW : OLD_WINDOW;
    // Each answer being sent also listens for the end of the connection.
    client.setMaxListeners(2 * OLD_WINDOW);
    const unacknowledged: { id: number; done: boolean }[] = [];
    let unasked = 0;
    const settle = () => {
      // In the order of arrival, as MQTT 5 §4.6 requires.
      while (unacknowledged[0]?.done) {
        const { id } = unacknowledged.shift()!;
        // PUBACK (§3.4), the same four bytes in both versions. To send it, mqtt.js would hold up every other message.
        if (client.connected) client.stream.write(Buffer.from([0x40, 2, id >> 8, id & 0xff]));
      }
    };
    const work = (topic: string, payload: Buffer) =>
      worker.handle(topic, payload, (device, answer) => this.send(device, answer));
    client.handleMessage = (packet, done) => {
      const payload = packet.payload as Buffer;
      if (this.#isTrial(packet.topic, payload)) {
        if (packet.qos > 0) {
          unacknowledged.push({ id: packet.messageId ?? 0, done: true });
          settle();
        }
      } else if (packet.qos === 0) {
        // No kiosk sends with QoS 0, and the window doesn't limit it.
        if (unasked >= WINDOW) worker.drop('too-many-at-once');
        else {
          unasked += 1;
          void work(packet.topic, payload).then(() => {
            unasked -= 1;
          });
        }
      } else if (unacknowledged.length >= window) {
        worker.drop('broker-exceeds-window');
        client.end(true);
      } else {
        const entry = { id: packet.messageId ?? 0, done: false };
        unacknowledged.push(entry);
        void work(packet.topic, payload).then(() => {
          entry.done = true;
          settle();
        });
      }
      // An error makes mqtt.js continue without acknowledging.
      done(new Error('acknowledged later'));
    };
  }
}

async function subscribe(client: MqttClient, filters: string[]): Promise<void> {
  const granted = await client.subscribeAsync(filters, { qos: 1 });
  if (granted.some((g) => g.qos > 2)) throw Object.assign(new Error('subscription refused'), { code: 'refused' });
}

/** Waits, and returns at once when the signal aborts. */
const pause = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal }).catch(() => undefined);
