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
  /** Port of the operations listener. Null: none is configured. */
  readonly port: number | null;
  renewCertificate(renewed: KeyAndCertificate): void;
  close(): Promise<void>;
}

/**
 * Starts the operations listener with the server's metrics, if it is configured.
 *
 * @param o `held`: called at each scrape
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
      // The process's own metrics are reported even while the database is unavailable: they are needed most then.
      o.log.warn({ code: 'fleet-not-read', err }, 'statistics of the database could not be read');
    }
    return Registry.merge(all).metrics();
  };
  return listenForOperations({ ...o, settings, metrics });
}

/** Current state of a running server, beside its counters. */
interface Held {
  readonly liveScreens: number;
  readonly mqtt: {
    readonly connected: boolean;
    readonly devices: number;
    readonly dropped: Readonly<Record<string, number>>;
  };
  /** Connections to the database. Null: it is embedded. */
  readonly pool: { readonly total: number; readonly idle: number; readonly waiting: number } | null;
}

/** Returns the current state as gauges, in a registry of its own. */
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
