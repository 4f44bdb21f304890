import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { Problem } from '../../../errors/problem.ts';

/** The system's own limit for who is not root (ip(7), ip_unprivileged_port_start). */
const FIRST_UNPRIVILEGED = 1024;

/** Why a port could not be taken, for the operator. @param setting the variable that names it */
export function notListening(cause: unknown, host: string, port: number, setting: string): Problem {
  const { code } = cause as NodeJS.ErrnoException;
  const address = `${host}:${port}`;
  if (code === 'EADDRINUSE') return new Problem('port-in-use', { address, setting, cause });
  if (code === 'EACCES' && port < FIRST_UNPRIVILEGED) return new Problem('port-is-roots', { address, setting, cause });
  return new Problem('can-not-listen', { address, reason: String(code), setting, cause });
}

/**
 * Listens.
 *
 * @param setting the variable that names the port
 * @returns the port
 * @throws Problem `port-in-use`, `port-is-roots`, `can-not-listen`
 */
export async function listenAt(server: Server, host: string, port: number, setting: string): Promise<number> {
  try {
    await once(server.listen(port, host), 'listening');
  } catch (cause) {
    throw notListening(cause, host, port, setting);
  }
  return (server.address() as AddressInfo).port;
}
