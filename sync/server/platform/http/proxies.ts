import { isIP } from 'node:net';
import { z } from 'zod';
import { listOf } from '../variables.ts';

/**
 * Reverse proxies in front of the people listener. Their `X-Forwarded-For` determines the client's address for limits and
 * the audit log. From anyone else the header is ignored.
 */
export const proxyVariables = {
  SMARTPRESENCE_TRUSTED_PROXIES: listOf(
    z.string().refine(isNetwork, 'must be IP addresses and networks, comma-separated, e.g. 192.0.2.7,10.0.0.0/24'),
  ).prefault(''),
};

/** Accepts an address or a network as address/bits. With `/0`, every client could choose its own address. */
function isNetwork(text: string): boolean {
  const [address, bits, ...more] = text.split('/');
  const family = isIP(address!);
  if (family === 0 || address!.includes('%') || more.length > 0) return false;
  if (bits === undefined) return true;
  return /^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
}
