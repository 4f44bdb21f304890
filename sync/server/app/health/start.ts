import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import type { Db } from '../../platform/database/schema.ts';
import type { KeyAndCertificate } from '../../platform/keys/certificates.ts';
import { measureProcess, registry } from '../../platform/logs/meter.ts';
import type { Watch } from '../checks/watch.ts';
import { fleetRegistry, gaugesIn } from './fleet.ts';
import { listenForOperations } from './listener.ts';
import type { OperationsSettings } from './settings.ts';

export interface Operations {
  /** Of the operations listener; null: none was asked for. */
  readonly port: number | null;
  renewCertificate(renewed: KeyAndCertificate): void;
  close(): Promise<void>;
}

/**
 * What shows operators how the server is.
 *
 * @param o `held`: asked at each scrape
 * @throws Problem `port-in-use`, `port-is-roots`, `can-not-listen`
 */
export async function startOperations(o: {
  readonly settings: OperationsSettings | null;
  readonly db: Db;
  readonly readiness: Watch;
  readonly certificate: KeyAndCertificate;
  readonly held: () => Held;
  readonly log: Logger;
  readonly now: () => Date;
}): Promise<Operations> {
  const { settings, db, now } = o;
  if (!settings) return { port: null, renewCertificate: () => undefined, close: async () => undefined };
  measureProcess();
  const metrics = async () => {
    const all = [registry, heldRegistry(o.held())];
    try {
      all.push(await fleetRegistry(db, now()));
    } catch (err) {
      // What the process counts is reported also while the database is away: that is when it is looked at.
      o.log.warn({ code: 'fleet-not-read', err }, 'statistics of the database could not be read');
    }
    return Registry.merge(all).metrics();
  };
  return listenForOperations({ ...o, settings, metrics });
}

/** What a running server holds just now, beside what it counts. */
interface Held {
  readonly liveScreens: number;
  readonly mqtt: {
    readonly connected: boolean;
    readonly devices: number;
    readonly dropped: Readonly<Record<string, number>>;
  };
  /** Connections to the database; null: the embedded one. */
  readonly pool: { readonly total: number; readonly idle: number; readonly waiting: number } | null;
}

/** As gauges, in a registry of its own. */
function heldRegistry({ liveScreens, mqtt, pool }: Held): Registry {
  const registry = new Registry();
  const { one, by } = gaugesIn(registry);
  one('live_screens', 'Open live screens of the console.', liveScreens);
  one('broker_connected', '1 while every broker of the operator’s is connected.', Number(mqtt.connected));
  one('mqtt_devices', 'Kiosks that are connected over MQTT.', mqtt.devices);
  by('code', 'mqtt_dropped', 'Messages from brokers dropped since the start, by code.', Object.entries(mqtt.dropped));
  if (pool)
    by('state', 'database_connections', 'Connections of the pool, and queries waiting for one.', Object.entries(pool));
  return registry;
}
