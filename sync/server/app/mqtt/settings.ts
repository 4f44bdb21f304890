import { z } from 'zod';
import { listOf, Port } from '../../platform/variables.ts';

/** Environment variables for brokers, merged into the server's schema (config.ts). */

const addresses = (scheme: RegExp, requirement: string) =>
  listOf(
    z.string().refine((u) => scheme.test(u) && URL.canParse(u) && new URL(u).username === '', `must be ${requirement}`),
    4,
  );

export const mqttVariables = {
  /** `embedded`: a broker inside this server. */
  SMARTPRESENCE_MQTT: z.enum(['off', 'embedded'], { error: 'must be off or embedded' }).default('off'),
  SMARTPRESENCE_MQTT_PORT: Port.default(8883),
  /** MQTT over WebSocket, for networks that let only web traffic through. */
  SMARTPRESENCE_MQTT_WSS_PORT: Port.optional(),
  /** Brokers that the operator runs, as this server reaches them. */
  SMARTPRESENCE_MQTT_URL: addresses(/^mqtts:\/\//, 'addresses that begin with mqtts://, comma-separated').optional(),
  /** Broker addresses for kiosks, in the order to try. Unset: those of the embedded broker and SMARTPRESENCE_MQTT_URL. */
  SMARTPRESENCE_MQTT_KIOSK_URLS: addresses(
    /^(mqtts|wss):\/\//,
    'mqtts:// or wss:// addresses, comma-separated',
  ).optional(),
  /** Distinguishes replicas at a broker. A single server needs none. */
  SMARTPRESENCE_REPLICA: z
    .string()
    .regex(/^[a-z0-9-]{1,30}$/, 'must be up to 30 small letters, digits and hyphens')
    .optional(),
};

export type MqttSettings = Readonly<ReturnType<typeof mqttSettings>>;

/** @param hostname host name by which kiosks reach this server */
export function mqttSettings(e: z.infer<z.ZodObject<typeof mqttVariables>>, hostname: string) {
  const wssPort = e.SMARTPRESENCE_MQTT_WSS_PORT ?? null;
  const embedded = e.SMARTPRESENCE_MQTT === 'embedded' ? { port: e.SMARTPRESENCE_MQTT_PORT, wssPort } : null;
  const brokers = e.SMARTPRESENCE_MQTT_URL ?? [];
  const host = hostname.includes(':') ? `[${hostname}]` : hostname;
  const own = embedded
    ? [`mqtts://${host}:${embedded.port}`, ...(wssPort === null ? [] : [`wss://${host}:${wssPort}/mqtt`])]
    : [];
  return {
    embedded,
    brokers,
    kioskUrls: e.SMARTPRESENCE_MQTT_KIOSK_URLS ?? [...own, ...brokers].slice(0, 4),
    // Empty: a single server.
    replica: e.SMARTPRESENCE_REPLICA ?? '',
  };
}
