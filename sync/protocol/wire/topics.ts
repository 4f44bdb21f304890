/**
 * MQTT topics. Payloads are compact JOSE as ASCII. Up: a sealed batch or ask. Down: an ack, a sealed page or a rejection,
 * distinguished by `typ` in the protected header, or `NUDGE`. Always QoS 1; only presence is retained.
 */
const ROOT = 'sp/v1';

/** Only this device may publish here. */
export const upTopic = (server: string, device: string) => `${ROOT}/${server}/up/${device}`;
/** Only this device may subscribe here. */
export const downTopic = (server: string, device: string) => `${ROOT}/${server}/down/${device}`;
/** Retained: `online`, or `offline` as the client's will. */
export const presenceTopic = (server: string, device: string) => `${ROOT}/${server}/presence/${device}`;
/** The topic filters that the server subscribes to. */
export const upFilter = (server: string) => upTopic(server, '+');
export const presenceFilter = (server: string) => presenceTopic(server, '+');

/** Down: "something is waiting, ask now". Unsigned: if forged or lost, it costs one ask or a delay of seconds. */
export const NUDGE = 'nudge';

/** Returns the device and kind of an up or presence topic of this server; null for any other topic. */
export function readTopic(server: string, topic: string): { kind: 'up' | 'presence'; device: string } | null {
  const [root, version, id, kind, device, ...rest] = topic.split('/');
  if (`${root}/${version}` !== ROOT || id !== server || rest.length > 0) return null;
  return device && (kind === 'up' || kind === 'presence') ? { kind, device } : null;
}
