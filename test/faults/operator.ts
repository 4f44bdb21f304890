import { connectAsync, type MqttClient } from 'mqtt';
import { upFilter } from '../../sync/protocol/wire/topics.ts';
import type { KeyAndCertificate } from '../../sync/server/platform/keys/certificates.ts';
import { seededRandom } from '../bench/harness.ts';

/** Maximum number of messages kept. */
const MEMORY = 200;

export interface OperatorOptions {
  readonly port: number;
  readonly serverId: string;
  readonly credentials: KeyAndCertificate;
  readonly caPems: readonly string[];
  readonly seed: number;
}

/**
 * The broker's operator. It sees and keeps every message, and can republish them. All of them are ciphertexts, and repeating them
 * must have no effect.
 */
export class Operator {
  readonly #o: OperatorOptions;
  readonly #random: () => number;
  #client: MqttClient | null = null;
  #heard = 0;
  #seen: { readonly topic: string; readonly payload: Buffer }[] = [];

  constructor(options: OperatorOptions) {
    this.#o = options;
    this.#random = seededRandom(options.seed + 99);
  }

  /** Number of messages that the broker has accepted from kiosks. */
  get heard(): number {
    return this.#heard;
  }

  async start(): Promise<void> {
    const { port, caPems, credentials, serverId } = this.#o;
    const client = await connectAsync(`mqtts://127.0.0.1:${port}`, {
      ca: [...caPems],
      cert: credentials.certPem,
      key: credentials.keyPem,
      protocolVersion: 5,
      clean: true,
      reconnectPeriod: 200,
    });
    client.on('error', () => undefined);
    client.on('message', (topic, payload) => {
      this.#heard += 1;
      this.#seen.push({ topic, payload });
      if (this.#seen.length > MEMORY) this.#seen.shift();
    });
    await client.subscribeAsync(upFilter(serverId), { qos: 1 });
    this.#client = client;
  }

  /** Republishes the newest `count` messages, in the same or in a different order. @returns how many were sent */
  async repeat(count: number, order: 'same' | 'shuffled'): Promise<number> {
    const client = this.#client;
    if (!client?.connected) return 0;
    const picked = this.#seen.slice(-count);
    if (order === 'shuffled') picked.sort(() => this.#random() - 0.5);
    let sent = 0;
    for (const { topic, payload } of picked) {
      const published = await client.publishAsync(topic, payload, { qos: 1 }).then(
        () => true,
        () => false,
      );
      if (published) sent += 1;
    }
    return sent;
  }

  async close(): Promise<void> {
    await this.#client?.endAsync(true);
  }
}
