import { createHmac } from 'node:crypto';
import { BlockList, isIP } from 'node:net';

/** Pauses after each failed attempt, ms, about three days in total. After the last one a message is given up. */
const PAUSES_MS = [10_000, 60_000, 5 * 60_000, 30 * 60_000, 2, 6, 12, 24, 24].map((n) =>
  n < 1000 ? n * 3_600_000 : n,
);

/** Longest pause for a receiver that doesn't answer, ms. */
const LONGEST_REST_MS = 3_600_000;

/**
 * Returns the pause before a failed message is sent again. Pure.
 *
 * @param attempts attempts so far, at least 1
 * @param random 0..1, varies the pause by up to a tenth either way, so that retries don't coincide
 * @returns ms; null: the message is given up
 */
export function pauseAfter(attempts: number, random: number): number | null {
  const pause = PAUSES_MS[attempts - 1];
  return pause === undefined ? null : Math.round(pause * (0.9 + 0.2 * random));
}

/** Returns how long to leave a receiver alone after a failure, ms, since the rest of its queue would fail too. Pure. */
export const restAfter = (attempts: number): number =>
  Math.min(PAUSES_MS[Math.min(attempts, PAUSES_MS.length) - 1]!, LONGEST_REST_MS);

/**
 * Signs a message (Standard Webhooks 1.0.0, symmetric): HMAC-SHA256 over `id.timestamp.body`. Pure.
 *
 * @param secrets newest first; one signature each, since receivers may still use the old one while it is being replaced
 * @param timestamp seconds since 1970
 */
export function sign(secrets: readonly Uint8Array[], id: string, timestamp: number, body: string): string {
  return secrets
    .map((secret) => `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`)
    .join(' ');
}

/** Addresses that no receiver may have: unspecified, link-local, multicast, reserved, or with an embedded IPv4 address. */
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
  // Embedded IPv4 addresses, which the rules above would miss: IPv4-compatible (RFC 4291 §2.5.5.1), NAT64 (RFC 6052 and
  // 8215), 6to4 (RFC 3056), Teredo (RFC 4380). BlockList itself applies the IPv4 rules to IPv4-mapped addresses.
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
 * Whether a message may go to an address. Rejects this machine, link-local addresses (which clouds use for metadata) and
 * multicast. Private networks are allowed, since payroll programs are there. Pure.
 *
 * @param own addresses of this machine's network interfaces
 * @param loopback whether the operator allows receivers on this machine
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
