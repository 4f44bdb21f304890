import { Problem } from '../../errors/problem.ts';
import type { Ed25519PublicJwk } from '../wire/batch.ts';

/** Which key a device signs with; null when the device is unknown or may not send. */
export type DeviceKeyLookup = (device: string) => Promise<Ed25519PublicJwk | null>;

/** What the server knows of a message before it opens it. */
export interface Sender {
  readonly serverId: string;
  /** Who the transport's own authentication says is speaking. */
  readonly device: string;
  /** Protocol versions to take; the default is what this build reads. */
  readonly versions?: readonly number[];
}

/**
 * The key that a message from a device must be signed with: the registration's, after its claims were held against what we know.
 *
 * @throws Problem `wrong-issuer`, `wrong-audience`, `unknown-device`
 */
export async function senderKey(
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
