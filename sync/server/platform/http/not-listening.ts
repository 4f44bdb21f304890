import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { Problem } from '../../../errors/problem.ts';

/** First port that users other than root may use, by default (ip(7), ip_unprivileged_port_start). */
const FIRST_UNPRIVILEGED = 1024;

/** Explains to the operator why listening failed. @param setting name of the port's environment variable */
export function notListening(cause: unknown, host: string, port: number, setting: string): Problem {
  const { code } = cause as NodeJS.ErrnoException;
  const address = `${host}:${port}`;
  if (code === 'EADDRINUSE') return new Problem('port-in-use', { address, setting, cause });
  if (code === 'EACCES' && port < FIRST_UNPRIVILEGED) return new Problem('port-is-roots', { address, setting, cause });
  return new Problem('can-not-listen', { address, reason: String(code), setting, cause });
}

/**
 * Makes a server listen.
 *
 * @param setting name of the port's environment variable
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
