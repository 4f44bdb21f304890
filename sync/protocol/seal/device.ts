import { Problem } from '../../errors/problem.ts';
import { type Ed25519PublicJwk, PROTOCOL_VERSION } from '../wire/batch.ts';
import { type Kind, type SealingKeyLookup, unsealMessage, verifyMessage } from './message.ts';

/** Returns the key that a device signs with; null if the device is unknown or may not send. */
export type DeviceKeyLookup = (device: string) => Promise<Ed25519PublicJwk | null>;

/** What the server knows about a message before it opens it. */
export interface Sender {
  readonly serverId: string;
  /** The sender according to the transport's own authentication. */
  readonly device: string;
  /** Accepted protocol versions; by default those that this build reads. */
  readonly versions?: readonly number[];
}

/** Returns the header of what a device signs for its server. */
export const headerFrom = <T extends string>(typ: T, from: { readonly device: string; readonly serverId: string }) =>
  ({ alg: 'EdDSA', typ, iss: from.device, aud: from.serverId, spv: PROTOCOL_VERSION }) as const;

/** The keys to open and verify a device's sealed message. */
export interface DeviceKeys {
  readonly sealing: SealingKeyLookup;
  readonly device: DeviceKeyLookup;
}

type Header = { readonly typ: string; readonly spv: number; readonly iss: string; readonly aud: string };

/** Opens and verifies a device's sealed message. @throws Problem as `unsealMessage`, `senderKey` and `verifyMessage` */
export async function openFromDevice<H extends Header, B>(
  kind: Kind<H, B>,
  sealed: string,
  keys: DeviceKeys,
  expect: Sender,
): Promise<{ header: H; body: B }> {
  const signed = await unsealMessage(kind, sealed, keys.sealing);
  return verifyMessage(kind, signed, (h) => senderKey(kind.noun, h, keys.device, expect), expect.versions);
}

/**
 * Returns the key that must have signed a device's message, after checking the header's claims: the registered key.
 *
 * @throws Problem `wrong-issuer`, `wrong-audience`, `unknown-device`
 */
async function senderKey(
  noun: string,
  header: { readonly iss: string; readonly aud: string },
  lookup: DeviceKeyLookup,
  expect: Sender,
): Promise<Ed25519PublicJwk> {
  if (header.iss !== expect.device) throw new Problem('wrong-issuer', { noun });
  if (header.aud !== expect.serverId) throw new Problem('wrong-audience', { noun });
  const key = await lookup(header.iss);
  if (!key) throw new Problem('unknown-device');
  return key;
}
