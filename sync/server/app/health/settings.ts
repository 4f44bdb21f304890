import { BlockList, isIP } from 'node:net';
import { z } from 'zod';
import { Secret } from '../../platform/secrets/secret.ts';
import { IpAddress, Port, wholeNumber } from '../../platform/variables.ts';

/** Environment variables for operating the server, merged into the server's schema (config.ts). */
export const operationsVariables = {
  /** Port of `/healthz`, `/readyz` and `/metrics`. Unset: they are off. */
  SMARTPRESENCE_OPERATIONS_PORT: Port.optional(),
  SMARTPRESENCE_OPERATIONS_BIND: IpAddress.default('127.0.0.1'),
  /** Token that a scraper sends as `Authorization: Bearer …`. */
  SMARTPRESENCE_OPERATIONS_TOKEN: z
    .string()
    .regex(/^[\w.~+/=-]{32,200}$/, 'must be 32 to 200 letters and digits. Make one with: openssl rand -base64 32')
    .transform((text) => new Secret(Buffer.from(text)))
    .optional(),
  /** Seconds after SIGTERM in which the server reports that it is not ready but keeps serving. */
  SMARTPRESENCE_DRAIN_SECONDS: wholeNumber('seconds', 0, 300).default(0),
};

type Variables = z.infer<z.ZodObject<typeof operationsVariables>>;

export type OperationsSettings = Readonly<NonNullable<ReturnType<typeof operationsSettings>>>;

/** @returns null if no port is set */
export function operationsSettings(e: Variables) {
  if (e.SMARTPRESENCE_OPERATIONS_PORT === undefined) return null;
  return {
    port: e.SMARTPRESENCE_OPERATIONS_PORT,
    bind: e.SMARTPRESENCE_OPERATIONS_BIND,
    // Plain HTTP only on this machine; elsewhere TLS 1.3 and the token.
    plain: isLoopback(e.SMARTPRESENCE_OPERATIONS_BIND),
    token: e.SMARTPRESENCE_OPERATIONS_TOKEN ?? null,
  };
}

/** Returns what is wrong with their combination; null if nothing. */
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
