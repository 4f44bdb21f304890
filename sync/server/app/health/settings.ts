import { BlockList, isIP } from 'node:net';
import { z } from 'zod';
import { Secret } from '../../platform/secrets/secret.ts';
import { IpAddress, Port, wholeNumber } from '../../platform/variables.ts';

/** Variables of the environment that are about operating the server; merged into the server's one schema (config.ts). */
export const operationsVariables = {
  /** `/healthz`, `/readyz` and `/metrics` answer there. Unset: nowhere. */
  SMARTPRESENCE_OPERATIONS_PORT: Port.optional(),
  SMARTPRESENCE_OPERATIONS_BIND: IpAddress.default('127.0.0.1'),
  /** What a scraper sends as `Authorization: Bearer …`. */
  SMARTPRESENCE_OPERATIONS_TOKEN: z
    .string()
    .regex(/^[\w.~+/=-]{32,200}$/, 'must be 32 to 200 letters and digits. Make one with: openssl rand -base64 32')
    .transform((text) => new Secret(Buffer.from(text)))
    .optional(),
  /** After SIGTERM, seconds in which the server says that it is not ready, and serves on. */
  SMARTPRESENCE_DRAIN_SECONDS: wholeNumber('seconds', 0, 300).default(0),
};

type Variables = z.infer<z.ZodObject<typeof operationsVariables>>;

export type OperationsSettings = Readonly<NonNullable<ReturnType<typeof operationsSettings>>>;

/** @returns null where nothing is to answer */
export function operationsSettings(e: Variables) {
  if (e.SMARTPRESENCE_OPERATIONS_PORT === undefined) return null;
  return {
    port: e.SMARTPRESENCE_OPERATIONS_PORT,
    bind: e.SMARTPRESENCE_OPERATIONS_BIND,
    // Plain HTTP is for this machine alone; elsewhere TLS 1.3 and the token.
    plain: isLoopback(e.SMARTPRESENCE_OPERATIONS_BIND),
    token: e.SMARTPRESENCE_OPERATIONS_TOKEN ?? null,
  };
}

/** What is wrong with them together. */
export function operationsIssue(e: Partial<Variables>): string | null {
  const bind = e.SMARTPRESENCE_OPERATIONS_BIND;
  if (e.SMARTPRESENCE_OPERATIONS_PORT === undefined || !bind || isIP(bind) === 0) return null;
  if (isLoopback(bind) || e.SMARTPRESENCE_OPERATIONS_TOKEN) return null;
  return 'is required unless SMARTPRESENCE_OPERATIONS_BIND is this machine only. Make one with: openssl rand -base64 32';
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

function isLoopback(address: string): boolean {
  return LOOPBACK.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
