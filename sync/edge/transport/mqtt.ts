import type { IPublishPacket, MqttClient } from 'mqtt';
import { Problem } from '../../errors/problem.ts';
import { limitPackets } from '../../protocol/mqtt/packet-limit.ts';
import { typOf } from '../../protocol/mqtt/payload.ts';
import { messageDigest, openRejection } from '../../protocol/seal/rejection.ts';
import { MAX_SEALED_BYTES, TYP } from '../../protocol/wire/batch.ts';
import { MAX_PAGE_BYTES } from '../../protocol/wire/changes.ts';
import { downTopic, NUDGE, presenceTopic, upTopic } from '../../protocol/wire/topics.ts';
import { aborted, connectionProblem } from '../tls/problems.ts';
import type { Transport, TransportOptions } from './interface.ts';
import { openBrokerStream } from './mqtt-stream.ts';

/** Largest packet accepted from a broker, bytes: a page with its topic and properties. */
const MAX_PACKET_BYTES = Math.max(MAX_SEALED_BYTES, MAX_PAGE_BYTES) + 1024;
/** How long the broker keeps our session and its messages while we are disconnected, s. */
const SESSION_S = 3600;
/** Expiry of a message to the server, s. By then the engine has sent another. */
const MESSAGE_S = 60;
/** More unexpected or wrong messages than this within FLOOD_MS count as a flood. */
const FLOOD_MESSAGES = 200;
const FLOOD_MS = 10_000;
/** Minimum interval between nudges passed on, ms. Nudges are unsigned, and each costs an ask. */
const NUDGE_MS = 1000;
/** Reason codes of MQTT 5 (§2.4) and return codes of 3.1.1 (§3.2.2.3). */
const RC = { oldBroker: 1, unsupportedVersion: 132, notAuthorized: 135, noSubscribers: 16 } as const;
const ANSWER = { batch: TYP.ack, ask: TYP.sealedPage } as const;

export interface MqttTransportOptions extends TransportOptions {
  /** mqtts:// or wss:// address of the broker. */
  readonly url: string;
  /** How long to wait for an answer, ms. */
  readonly silenceMs?: number;
  /** MQTT keep-alive, s. A dead connection is detected within 1.5 times this. */
  readonly keepaliveS?: number;
}

interface Waiting {
  readonly kind: 'batch' | 'ask';
  readonly digest: string;
  readonly accept: (answer: string) => Promise<boolean>;
  readonly settle: (outcome: { answer: string } | { problem: Problem }) => void;
}

/**
 * One exchange at a time over an MQTT broker, in a session that the broker keeps (QoS 1, fixed client id). Nothing is queued
 * here, since the outbox is the queue. It connects when asked or at the first exchange, and doesn't reconnect automatically:
 * FailoverTransport decides when. Uses MQTT 5, which reports when a publish was forbidden or has no subscriber, and falls back to
 * 3.1.1.
 */
export class MqttTransport implements Transport {
  readonly name = 'mqtt';
  onNudge: (() => void) | null = null;
  /** Called when the connection is lost. */
  onDown: ((why: Problem) => void) | null = null;
  readonly #o: MqttTransportOptions;
  readonly #silenceMs: number;
  #version: 4 | 5 = 5;
  #client: MqttClient | null = null;
  #connecting: Promise<void> | null = null;
  #waiting: Waiting | null = null;
  #flood = { since: 0, count: 0 };
  #nudgeTimer: NodeJS.Timeout | null = null;
  #lastNudge = Number.NEGATIVE_INFINITY;
  #closed = new AbortController();

  constructor(options: MqttTransportOptions) {
    this.#o = options;
    this.#silenceMs = options.silenceMs ?? 15_000;
  }

  get connected(): boolean {
    return this.#client !== null;
  }

  /** Host and port of the broker, for status. */
  get broker(): string {
    return new URL(this.#o.url).host;
  }

  /**
   * Connects and subscribes; safe to call again.
   *
   * @throws Problem `broker-unreachable`, `broker-refused`, and those of `connectVerified`
   */
  connect(): Promise<void> {
    if (this.#client) return Promise.resolve();
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  async exchange(
    kind: 'batch' | 'ask',
    sealed: string,
    signal: AbortSignal,
    accept: (answer: string) => Promise<boolean> = async () => true,
  ): Promise<string> {
    if (this.#waiting) throw busy();
    if (signal.aborted) throw aborted();
    await untilAbort(this.connect(), signal);
    if (this.#waiting) throw busy();
    const client = this.#client;
    if (!client) throw new Problem('broker-lost');
    return new Promise((resolve, reject) => {
      const settle: Waiting['settle'] = (outcome) => {
        if (this.#waiting !== waiting) return;
        this.#waiting = null;
        client.off('packetreceive', onReceipt);
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        if ('answer' in outcome) resolve(outcome.answer);
        else reject(outcome.problem);
      };
      const waiting: Waiting = { kind, digest: messageDigest(sealed), accept, settle };
      const onAbort = () => settle({ problem: aborted() });
      // mqtt.js passes our own packet to the callback of `publish`, not the receipt with its reason code.
      const onReceipt = (packet: { cmd?: string; messageId?: number; reasonCode?: number }) => {
        if (packet.cmd === 'puback' && packet.messageId === id && packet.reasonCode === RC.noSubscribers)
          this.#drop(client, away());
      };
      // Disconnects, since the message may be anywhere between here and the server. The next connection starts clean.
      const timer = setTimeout(() => this.#drop(client, new Problem('server-silent')), this.#silenceMs);
      signal.addEventListener('abort', onAbort);
      this.#waiting = waiting;
      client.publish(
        upTopic(this.#o.bundle.serverId, this.#o.device),
        sealed,
        { qos: 1, ...this.#v5({ messageExpiryInterval: MESSAGE_S }) },
        (error) => {
          if (error) this.#drop(client, publishProblem(error));
        },
      );
      const id = client.getLastMessageId();
      client.on('packetreceive', onReceipt);
    });
  }

  /** Disconnects cleanly, so that the broker does not publish our will. */
  async close(): Promise<void> {
    this.#closed.abort();
    if (this.#nudgeTimer) clearTimeout(this.#nudgeTimer);
    const client = this.#client;
    this.#client = null;
    this.#waiting?.settle({ problem: aborted() });
    if (!client) return;
    const topic = presenceTopic(this.#o.bundle.serverId, this.#o.device);
    client.publish(topic, 'offline', { qos: 1, retain: true });
    await new Promise<void>((resolve) => {
      // A broker that no longer answers must not hold up the kiosk.
      const force = setTimeout(() => client.end(true, {}, () => resolve()), 1000);
      client.end(false, {}, () => {
        clearTimeout(force);
        resolve();
      });
    });
  }

  async #open(): Promise<void> {
    if (this.#closed.signal.aborted) throw aborted();
    try {
      await this.#connectAs(this.#version);
    } catch (cause) {
      const code = ((cause as Problem).cause as { code?: unknown } | undefined)?.code;
      if (this.#version !== 5 || (code !== RC.oldBroker && code !== RC.unsupportedVersion)) throw cause;
      this.#version = 4;
      await this.#connectAs(4);
    }
  }

  async #connectAs(version: 4 | 5): Promise<void> {
    const { bundle, device, keepaliveS = 20 } = this.#o;
    // Imported here because it slows down the kiosk's start, and a kiosk without a broker doesn't need it.
    const { MqttClient, Store } = await import('mqtt');
    const stream = await openBrokerStream(this.#o.url, this.#o, this.#closed.signal);
    limitPackets(stream, MAX_PACKET_BYTES);
    const presence = presenceTopic(bundle.serverId, device);
    const client = new MqttClient(() => stream, {
      protocolVersion: version,
      clientId: device,
      clean: false,
      keepalive: keepaliveS,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      connectTimeout: this.#silenceMs,
      // Otherwise it throws on a receipt that was already read when the connection is dropped.
      outgoingStore: new Store({ clean: false }),
      incomingStore: new Store({ clean: false }),
      will: { topic: presence, payload: Buffer.from('offline'), qos: 1, retain: true },
      ...(version === 5 && {
        properties: { sessionExpiryInterval: SESSION_S, maximumPacketSize: MAX_PACKET_BYTES, receiveMaximum: 8 },
      }),
    });
    // The broker gets its receipt only after the message was checked, and sends no faster than that.
    client.handleMessage = (packet, done) => void this.#take(client, packet).then(() => done());
    const ready = (async () => {
      await event(client, 'connect');
      const topic = downTopic(bundle.serverId, device);
      const granted = await client.subscribeAsync(topic, { qos: 1 });
      if (granted.some((g) => g.qos > 2)) throw new Error('the subscription was refused');
    })();
    const broken = new Promise<never>((_, reject) => {
      client.on('error', (error) => reject(brokerProblem(error)));
      client.on('close', () => reject(new Problem('broker-lost')));
    });
    // Whichever promise loses the race below has nowhere else to report to.
    broken.catch(() => undefined);
    ready.catch(() => undefined);
    try {
      await Promise.race([ready, broken]);
    } catch (cause) {
      client.end(true);
      throw brokerProblem(cause);
    }
    if (this.#closed.signal.aborted) {
      client.end(true);
      throw aborted();
    }
    this.#client = client;
    broken.catch((problem: Problem) => this.#drop(client, problem));
    client.publish(presence, 'online', { qos: 1, retain: true });
  }

  /** Ends a connection, and fails the waiting exchange. */
  #drop(client: MqttClient, why: Problem): void {
    if (this.#client !== client) return;
    this.#client = null;
    client.end(true);
    this.#waiting?.settle({ problem: why });
    this.onDown?.(why);
  }

  async #take(client: MqttClient, packet: IPublishPacket): Promise<void> {
    if (packet.topic !== downTopic(this.#o.bundle.serverId, this.#o.device)) return;
    const text = packet.payload.toString('latin1');
    if (text === NUDGE) return this.#nudge();
    const typ = typOf(text);
    const waiting = this.#waiting;
    if (waiting && typ === TYP.rejection) {
      const problem = await this.#rejection(text, waiting.digest);
      if (problem) return waiting.settle({ problem });
    }
    if (waiting && typ === ANSWER[waiting.kind] && (await waiting.accept(text).catch(() => false)))
      return waiting.settle({ answer: text });
    this.#unasked(client);
  }

  /** Returns the server's rejection of the message just sent; null if it isn't one, or rejects another message. */
  async #rejection(text: string, digest: string): Promise<Problem | null> {
    try {
      const { code } = await openRejection(text, this.#o.keys().signing, { device: this.#o.device, digest });
      return new Problem('server-refused', { what: 'the message', reason: code }).withCode(code);
    } catch {
      // Forged, or for an earlier message: ignored and counted, like any other answer that isn't ours.
      return null;
    }
  }

  /** Counts unexpected answers. Late and repeated ones are normal; a flood means that someone is keeping the kiosk busy. */
  #unasked(client: MqttClient): void {
    const now = performance.now();
    if (now - this.#flood.since > FLOOD_MS) this.#flood = { since: now, count: 0 };
    if (++this.#flood.count <= FLOOD_MESSAGES) return;
    this.#flood.count = 0;
    this.#drop(client, new Problem('broker-floods'));
  }

  #nudge(): void {
    if (this.#nudgeTimer || this.#closed.signal.aborted) return;
    const wait = Math.max(0, this.#lastNudge + NUDGE_MS - performance.now());
    this.#nudgeTimer = setTimeout(() => {
      this.#nudgeTimer = null;
      this.#lastNudge = performance.now();
      this.onNudge?.();
    }, wait);
  }

  #v5<P>(properties: P): { properties: P } | undefined {
    return this.#version === 5 ? { properties } : undefined;
  }
}

/** Resolves with the first event of this name. */
function event(client: MqttClient, name: 'connect'): Promise<void> {
  return new Promise((resolve) => client.once(name, () => resolve()));
}

function untilAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(aborted());
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function brokerProblem(cause: unknown): Problem {
  if (cause instanceof Problem) return cause;
  const { code, message } = cause as { code?: number | string; message: string };
  if (typeof code === 'number' || /subscri/i.test(message))
    return new Problem('broker-refused', { reason: code ?? 'no subscription', cause });
  return connectionProblem(cause, 'broker');
}

function publishProblem(cause: Error & { code?: unknown }): Problem {
  if (cause.code !== RC.notAuthorized) return brokerProblem(cause);
  return new Problem('broker-forbids', { cause });
}

const away = () => new Problem('server-away');
const busy = () => new Problem('exchange-in-flight');
