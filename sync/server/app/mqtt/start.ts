import type { Logger } from 'pino';
import { NUDGE } from '../../../protocol/wire/topics.ts';
import type { IdentityContext } from '../../core/devices/join.ts';
import { issueServerClientCertificate, type KeyAndCertificate } from '../../platform/keys/certificates.ts';
import type { BrokerTrial } from '../checks/check.ts';
import { type MessageContext, refuseMessage, takeMessage } from '../devices/messages.ts';
import { identify } from '../devices/peer.ts';
import { connectBrokers } from './brokers.ts';
import { type EmbeddedBroker, startEmbeddedBroker } from './embedded.ts';
import { brokerUser } from './mosquitto.ts';
import { Presence } from './presence.ts';
import { keepNoted } from './replicas.ts';
import type { MqttSettings } from './settings.ts';
import { type Dropped, MqttWorker } from './worker.ts';

const NUDGES_AT_ONCE = 8;
/** At most one round of nudges in this time, ms. One ask of a kiosk fetches everything. */
const NUDGE_PAUSE_MS = 1000;
/** How often our client certificate for brokers is renewed, ms: well within its life, and below Node’s longest timer. */
const CREDENTIALS_MS = 20 * 86_400_000;

export interface MqttSide extends BrokerTrial {
  /** Notifies connected devices, by default all, that changes wait for them. Shortly after the call, not at once. */
  nudge(devices?: readonly string[]): void;
  readonly connectedDevices: ReadonlySet<string>;
  readonly dropped: Dropped;
  /** Ports of the embedded broker. Null: there is none. */
  readonly embedded: { readonly port: number; readonly wssPort: number | null } | null;
  close(): Promise<void>;
}

/**
 * Starts the server's side of MQTT: the embedded broker and a consumer for each external one, all with the same worker.
 *
 * @throws Problem `port-in-use`, `port-is-roots`, `can-not-listen`
 */
export async function startMqtt(o: {
  readonly settings: MqttSettings;
  readonly bind: string;
  readonly identity: Pick<IdentityContext, 'db' | 'keyring' | 'now'>;
  readonly messages: MessageContext;
  readonly log: Logger;
}): Promise<MqttSide> {
  const { settings, identity, messages, log } = o;
  const { keyring } = identity;
  const { serverId } = keyring;
  const presence = new Presence(identity.db);
  const worker = new MqttWorker({
    serverId,
    log,
    take: (message) => takeMessage(messages, message),
    refuse: (message, problem) => refuseMessage(messages, message, problem),
    presence: (device, online) => presence.set(device, online),
  });
  const certificates = settings.brokers.length > 0 ? await clientCertificates(o) : null;
  // Before we contact a broker, so that the command that writes its rules knows us.
  const unnoted = settings.brokers.length > 0 ? await keepNoted(identity.db, settings.replica, log) : null;
  const brokers = connectBrokers(settings, keyring, { credentials: () => certificates!.current, worker, log });
  let embedded: EmbeddedBroker | null = null;
  const closeAll = async () => {
    certificates?.stop();
    unnoted?.();
    await Promise.all([brokers.close(), embedded?.close()]);
    worker.close();
  };
  try {
    if (settings.embedded)
      embedded = await startEmbeddedBroker({
        bind: o.bind,
        ...settings.embedded,
        serverId,
        certificate: () => keyring.devices,
        cas: () => keyring.caPems,
        identify: async (socket) => (await identify(identity, socket)).id,
        worker,
        log,
      });
  } catch (cause) {
    await closeAll();
    throw cause;
  }
  const broker = embedded;
  keyring.onChange(() => {
    broker?.renew();
    certificates?.renew();
  });

  const senders = [...(broker ? [broker] : []), ...brokers.consumers];
  const due = new Set<string>();
  let timer: NodeJS.Timeout | null = null;
  let closed = false;
  let round: Promise<void> = Promise.resolve();
  const nudgeDue = async () => {
    timer = null;
    const waiting = [...due].filter((device) => presence.online.has(device));
    due.clear();
    await round;
    round = inParallel(waiting, NUDGES_AT_ONCE, async (device) => {
      // By every broker, as we don't know the device's. A repeated nudge is harmless; a lost one delays it until its next ask.
      await Promise.allSettled(senders.map((sender) => sender.send(device, NUDGE)));
    });
    await round;
  };
  return {
    nudge(devices = [...presence.online]) {
      for (const device of devices) due.add(device);
      if (due.size > 0 && !closed) timer ??= setTimeout(() => void nudgeDue(), NUDGE_PAUSE_MS);
    },
    connectedDevices: presence.online,
    get dropped() {
      return worker.dropped;
    },
    embedded: broker && { port: broker.port, wssPort: broker.wssPort },
    get connected() {
      return brokers.connected;
    },
    tryOut: brokers.tryOut,
    async close() {
      closed = true;
      if (timer) clearTimeout(timer);
      await closeAll();
    },
  };
}

/** Holds the client certificate with which this server connects to brokers. Renewed with a new CA, and before it expires. */
async function clientCertificates({
  settings,
  identity: { keyring, now },
}: {
  settings: MqttSettings;
  identity: Pick<IdentityContext, 'keyring' | 'now'>;
}) {
  const issue = async (): Promise<KeyAndCertificate> =>
    keyring.withChain(
      await issueServerClientCertificate(keyring.ca, brokerUser(keyring.serverId, settings.replica), now().getTime()),
    );
  let current = await issue();
  const renew = () =>
    void issue().then(
      (next) => {
        current = next;
      },
      // The current one stays in use; the next tick tries again.
      () => undefined,
    );

  const timer = setInterval(renew, CREDENTIALS_MS);
  timer.unref();
  return {
    get current() {
      return current;
    },
    renew,
    stop: () => clearInterval(timer),
  };
}

async function inParallel<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  await Promise.all(
    Array.from({ length: Math.min(atOnce, left.length) }, async () => {
      for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
    }),
  );
}
