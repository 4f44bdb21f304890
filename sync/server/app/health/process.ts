import { Gauge, Registry } from 'prom-client';

/** What a running server holds just now, beside what it counts. */
export interface Held {
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
export function heldRegistry({ liveScreens, mqtt, pool }: Held): Registry {
  const registry = new Registry();
  const gauge = (name: string, help: string, values: Readonly<Record<string, number>>, label: string) => {
    const made = new Gauge({ name: `smartpresence_${name}`, help, labelNames: [label], registers: [registry] });
    for (const [key, value] of Object.entries(values)) made.set({ [label]: key }, value);
  };
  const one = (name: string, help: string, value: number) =>
    new Gauge({ name: `smartpresence_${name}`, help, registers: [registry] }).set(value);
  one('live_screens', 'Consoles that are notified of changes at once.', liveScreens);
  one('broker_connected', '1 while every broker of the operator’s is connected.', Number(mqtt.connected));
  one('mqtt_devices', 'Kiosks that are connected over MQTT.', mqtt.devices);
  gauge('mqtt_dropped', 'Messages from a broker that were dropped since the start, by code.', mqtt.dropped, 'code');
  if (pool)
    gauge('database_connections', 'Connections of the pool, and queries that wait for one.', { ...pool }, 'state');
  return registry;
}
