import { createHmac } from 'node:crypto';
import { BlockList, isIP } from 'node:net';

/** Pauses after each failed try; after the last one a message is given up. About three days in all. */
const PAUSES_MS = [10_000, 60_000, 5 * 60_000, 30 * 60_000, 2, 6, 12, 24, 24].map((n) =>
  n < 1000 ? n * 3_600_000 : n,
);

/** Longest pause of a receiver that does not answer, ms. */
const LONGEST_REST_MS = 3_600_000;

/**
 * When a message that failed is tried again. Pure.
 *
 * @param attempts tries so far, at least 1
 * @param random 0..1: a tenth either way, so that not everything comes back at once
 * @returns ms; null: it is given up
 */
export function pauseAfter(attempts: number, random: number): number | null {
  const pause = PAUSES_MS[attempts - 1];
  return pause === undefined ? null : Math.round(pause * (0.9 + 0.2 * random));
}

/** How long a receiver is not contacted after a failed message, ms: the rest of its queue would fail as well. Pure. */
export const restAfter = (attempts: number): number =>
  Math.min(PAUSES_MS[Math.min(attempts, PAUSES_MS.length) - 1]!, LONGEST_REST_MS);

/**
 * Signature of a message (Standard Webhooks 1.0.0, symmetric): HMAC-SHA256 over `id.timestamp.body`. Pure.
 *
 * @param secrets each gives a signature, the newest first: while one is exchanged, receivers may know either
 * @param timestamp seconds since 1970
 */
export function sign(secrets: readonly Uint8Array[], id: string, timestamp: number, body: string): string {
  return secrets
    .map((secret) => `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`)
    .join(' ');
}

/** No receiver is ever here: what is link-local, many at once, or an IPv4 address in disguise. */
const NEVER = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  NEVER.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['fe80::', 10],
  ['ff00::', 8],
  // An IPv4 address inside, which the rules above would not see: IPv4-compatible (RFC 4291 §2.5.5.1), NAT64 (RFC 6052 and
  // 8215), 6to4 (RFC 3056), Teredo (RFC 4380). IPv4-mapped ones are held against the rules for IPv4 by BlockList itself.
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2002::', 16],
  ['2001::', 32],
] as const)
  NEVER.addSubnet(net, bits, 'ipv6');
// Amazon's instance metadata over IPv6.
NEVER.addAddress('fd00:ec2::254', 'ipv6');
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Whether a message may go to an address: never to this machine itself, to what is link-local (where clouds keep their
 * metadata) or to many at once; private networks are where payroll programs are. Pure.
 *
 * @param own addresses of this machine's network interfaces
 * @param loopback the operator allows receivers on this machine
 */
export function mayReach(
  address: string,
  { own, loopback }: { readonly own: readonly string[]; readonly loopback: boolean },
): boolean {
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  if (isIP(address) === 0) return false;
  const here = new BlockList();
  for (const one of own) here.addAddress(one, isIP(one) === 4 ? 'ipv4' : 'ipv6');
  if (LOOPBACK.check(address, family) || here.check(address, family)) return loopback;
  return !NEVER.check(address, family);
}
