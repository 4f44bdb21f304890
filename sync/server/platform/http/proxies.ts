import { isIP } from 'node:net';
import { z } from 'zod';
import { listOf } from '../variables.ts';

/**
 * Reverse proxies that people's requests come through. What they say of where a request comes from (`X-Forwarded-For`)
 * decides who a limit holds for and what the audit log says; said by anyone else it counts for nothing.
 */
export const proxyVariables = {
  SMARTPRESENCE_TRUSTED_PROXIES: listOf(
    z.string().refine(isNetwork, 'must be IP addresses and networks, comma-separated, e.g. 192.0.2.7,10.0.0.0/24'),
  ).prefault(''),
};

/** An address, or a network as address/bits. A network of everything would let each client choose its own address. */
function isNetwork(text: string): boolean {
  const [address, bits, ...more] = text.split('/');
  const family = isIP(address!);
  if (family === 0 || address!.includes('%') || more.length > 0) return false;
  if (bits === undefined) return true;
  return /^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
}
