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
