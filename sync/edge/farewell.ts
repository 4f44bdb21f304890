import { signFarewell } from '../protocol/seal/farewell.ts';
import { publicHalf } from '../protocol/seal/keys.ts';
import type { Ed25519PrivateJwk } from '../protocol/wire/batch.ts';
import { FAREWELL_PATH, type Farewell } from '../protocol/wire/farewell.ts';
import { VerifiedAgent } from './tls/agent.ts';
import { postSigned } from './tls/request.ts';

export interface FarewellTo {
  readonly server: { readonly id: string; readonly url: string; readonly caPem: readonly string[] };
  readonly device: string;
  readonly command: string;
  readonly what: Farewell['what'];
  /** A time that has certainly been reached, ms since 1970. */
  readonly trustedNow: () => number;
  readonly proxy?: string | undefined;
}

/**
 * Reports to the server that everything here is destroyed. No certificate is needed, and none exists any more.
 *
 * @param key the device's own while it is still in memory; otherwise the one that it announced
 * @throws Problem of the connection, or with the server's code: `unknown-device` if it accepts neither key
 */
export async function sayFarewell(
  to: FarewellTo,
  { key, own }: { readonly key: Ed25519PrivateJwk; readonly own: boolean },
  signal: AbortSignal,
): Promise<void> {
  const farewell: Farewell = { command: to.command, what: to.what, key: own ? null : publicHalf(key) };
  const body = await signFarewell(farewell, { device: to.device, serverId: to.server.id }, key);
  const agent = new VerifiedAgent({
    trustedNow: to.trustedNow,
    ...(to.proxy && { proxy: to.proxy }),
    credentials: () => null,
    keys: () => ({ caPem: [...to.server.caPem] }),
  });
  await postSigned(agent, new URL(FAREWELL_PATH, to.server.url), { body, what: 'the farewell' }, signal);
}
