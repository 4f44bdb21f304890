import { connectAsync, type MqttClient } from 'mqtt';
import { upFilter } from '../../sync/protocol/wire/topics.ts';
import type { KeyAndCertificate } from '../../sync/server/platform/keys/certificates.ts';
import { seededRandom } from '../bench/harness.ts';

/** Most messages remembered. */
const MEMORY = 200;

export interface OperatorOptions {
  readonly port: number;
  readonly serverId: string;
  readonly credentials: KeyAndCertificate;
  readonly caPems: readonly string[];
  readonly seed: number;
}

/**
 * The broker's operator: sees every message that passes, keeps them, and publishes them again at will. All it has
 * are ciphertexts; what it repeats must have no effect.
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

  /** How many messages the broker has taken from kiosks. */
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

  /** Publishes the newest `count` messages again: as they came, or in another order. @returns how many went out */
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
