/**
 * MQTT topics. Payloads are compact JOSE as ASCII: up, a sealed batch or ask; down, an ack, a sealed page or a rejection, which
 * the protected header's `typ` tells apart, or `NUDGE`. QoS 1 throughout, never retained, except presence.
 */
const ROOT = 'sp/v1';

/** A device publishes here, and nobody else may. */
export const upTopic = (server: string, device: string) => `${ROOT}/${server}/up/${device}`;
/** A device subscribes here, and nobody else may. */
export const downTopic = (server: string, device: string) => `${ROOT}/${server}/down/${device}`;
/** Retained `online`, and `offline` by will. */
export const presenceTopic = (server: string, device: string) => `${ROOT}/${server}/presence/${device}`;
/** What the server subscribes to. */
export const upFilter = (server: string) => upTopic(server, '+');
export const presenceFilter = (server: string) => presenceTopic(server, '+');

/** Down: "there is something for you, ask now". Unsigned: forged or lost, it costs one ask or a pause of seconds. */
export const NUDGE = 'nudge';

/** Device and kind of an up or presence topic of this server; null for any other topic. */
export function readTopic(server: string, topic: string): { kind: 'up' | 'presence'; device: string } | null {
  const [root, version, id, kind, device, ...rest] = topic.split('/');
  if (`${root}/${version}` !== ROOT || id !== server || rest.length > 0) return null;
  return device && (kind === 'up' || kind === 'presence') ? { kind, device } : null;
}
