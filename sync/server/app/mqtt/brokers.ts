import { pino } from 'pino';
import { issueServerClientCertificate } from '../../platform/keys/certificates.ts';
import type { Keyring } from '../../platform/keys/keyring.ts';
import type { BrokerTrial } from '../checks/check.ts';
import { BrokerConsumer, type ConsumerOptions } from './consumer.ts';
import { brokerUser } from './mosquitto.ts';
import type { MqttSettings } from './settings.ts';

/** How long we wait for a broker to accept our connection, ms. */
const CONNECT_MS = 8000;

/** This replica's connections to all brokers of the operator. */
export interface Brokers extends BrokerTrial {
  readonly consumers: readonly BrokerConsumer[];
  close(): Promise<void>;
}

export function connectBrokers(
  { brokers, replica }: MqttSettings,
  keyring: Keyring,
  o: Pick<ConsumerOptions, 'credentials' | 'worker' | 'trialOnly' | 'log'>,
): Brokers {
  const { serverId } = keyring;
  const user = brokerUser(serverId, replica);
  const own = { serverId, user, clientId: `sp-${user}`, shared: replica !== '', cas: () => keyring.caPems };
  const consumers = brokers.map((url) => new BrokerConsumer({ url, ...own, ...o }));
  return {
    consumers,
    get connected() {
      return consumers.every((c) => c.connected);
    },
    async tryOut() {
      const tried = await Promise.all(consumers.map((c) => c.tryOut()));
      return { reads: tried.every((t) => t.reads), writes: tried.every((t) => t.writes) };
    },
    close: async () => void (await Promise.all(consumers.map((c) => c.close()))),
  };
}

/**
 * Connects this replica to its brokers while its server is not running. Takes no messages, so those waiting there are left for
 * the server. Null: the operator has no brokers.
 */
export async function openBrokerTrial(settings: MqttSettings, keyring: Keyring, now: Date): Promise<Brokers | null> {
  if (settings.brokers.length === 0) return null;
  const user = brokerUser(keyring.serverId, settings.replica);
  const credentials = keyring.withChain(await issueServerClientCertificate(keyring.ca, user, now.getTime()));
  const brokers = connectBrokers(settings, keyring, {
    trialOnly: true,
    credentials: () => credentials,
    // Never resolves, so that messages stay unacknowledged and remain at the broker.
    worker: { handle: () => new Promise(() => undefined), drop: () => undefined },
    log: pino({ level: 'silent' }),
  });
  const end = performance.now() + CONNECT_MS;
  while (!brokers.connected && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
  return brokers;
}
