import { z } from 'zod';

/** Variables of the environment that are about brokers; merged into the server's one schema (config.ts). */

const Port = z.coerce.number({ error: 'must be a port number' }).int().min(0).max(65535);
const list = (scheme: RegExp, requirement: string) =>
  z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((u) => u.trim())
        .filter(Boolean),
    )
    .pipe(
      z
        .array(
          z
            .string()
            .refine((u) => scheme.test(u) && URL.canParse(u) && new URL(u).username === '', `must be ${requirement}`),
        )
        .max(4),
    );

export const mqttVariables = {
  /** `embedded`: a broker inside this server. */
  SMARTPRESENCE_MQTT: z.enum(['off', 'embedded'], { error: 'must be off or embedded' }).default('off'),
  SMARTPRESENCE_MQTT_PORT: Port.default(8883),
  /** MQTT over WebSocket, for networks that let only web traffic through. */
  SMARTPRESENCE_MQTT_WSS_PORT: Port.optional(),
  /** Brokers that the operator runs, as this server reaches them. */
  SMARTPRESENCE_MQTT_URL: list(/^mqtts:\/\//, 'addresses that begin with mqtts://, comma-separated').optional(),
  /** Broker addresses that kiosks are given, in the order to try; without it: those that this server knows of. */
  SMARTPRESENCE_MQTT_KIOSK_URLS: list(/^(mqtts|wss):\/\//, 'mqtts:// or wss:// addresses, comma-separated').optional(),
  /** Distinguishes replicas at a broker; one server alone needs none. */
  SMARTPRESENCE_REPLICA: z
    .string()
    .regex(/^[a-z0-9-]{1,30}$/, 'must be up to 30 small letters, digits and hyphens')
    .optional(),
};

export interface MqttSettings {
  readonly embedded: { readonly port: number; readonly wssPort: number | null } | null;
  readonly brokers: readonly string[];
  readonly kioskUrls: readonly string[];
  /** Empty: one server alone. */
  readonly replica: string;
}

/** @param hostname under which kiosks reach this server */
export function mqttSettings(e: z.infer<z.ZodObject<typeof mqttVariables>>, hostname: string): MqttSettings {
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
    replica: e.SMARTPRESENCE_REPLICA ?? '',
  };
}
