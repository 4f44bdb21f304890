/** Returns why a peer was not reached: the system's error code and, if known, the host or address. Null if there is no code. */
export function reasonOf(cause: unknown): string | null {
  const { code, hostname, address, port } = cause as NodeJS.ErrnoException & Record<string, unknown>;
  if (!code) return null;
  const peer = hostname ?? (address && port ? `${address}:${port}` : address);
  return peer ? `${code} ${peer}` : code;
}
