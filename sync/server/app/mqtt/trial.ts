import { pino } from 'pino';
import { issueServerClientCertificate } from '../../platform/keys/certificates.ts';
import type { Keyring } from '../../platform/keys/keyring.ts';
import type { BrokerTrial } from '../checks/check.ts';
import { BrokerConsumer } from './consumer.ts';
import { brokerUser } from './mosquitto.ts';
import type { MqttSettings } from './settings.ts';

/** Within this a broker that works has let us in, ms. */
const CONNECT_MS = 8000;

/**
 * This replica at its brokers, while its server does not run: connects, takes part in no work, and leaves what waits there
 * for the server as it is. Null: there are no brokers of the operator's.
 */
export async function openBrokerTrial(
  settings: MqttSettings,
  keyring: Keyring,
  now: Date,
): Promise<(BrokerTrial & { close(): Promise<void> }) | null> {
  if (settings.brokers.length === 0) return null;
  const user = brokerUser(keyring.serverId, settings.replica);
  const credentials = keyring.withChain(await issueServerClientCertificate(keyring.ca, user, now.getTime()));
  const consumers = settings.brokers.map(
    (url) =>
      new BrokerConsumer({
        url,
        serverId: keyring.serverId,
        user,
        clientId: `sp-${user}`,
        shared: settings.replica !== '',
        trialOnly: true,
        credentials: () => credentials,
        cas: () => keyring.caPems,
        // Never done: what the broker hands out stays its own.
        worker: { handle: () => new Promise(() => undefined), drop: () => undefined },
        log: pino({ level: 'silent' }),
      }),
  );
  const all = () => consumers.every((c) => c.connected);
  const end = performance.now() + CONNECT_MS;
  while (!all() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
  return {
    get connected() {
      return all();
    },
    async tryOut() {
      const tried = await Promise.all(consumers.map((c) => c.tryOut()));
      return { reads: tried.every((t) => t.reads), writes: tried.every((t) => t.writes) };
    },
    close: async () => void (await Promise.all(consumers.map((c) => c.close()))),
  };
}
