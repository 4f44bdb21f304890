/** Why a peer was not reached: the system's code and, where it says so, which host or address. Null: it has no code. */
export function reasonOf(cause: unknown): string | null {
  const { code, hostname, address, port } = cause as NodeJS.ErrnoException & Record<string, unknown>;
  if (!code) return null;
  const peer = hostname ?? (address && port ? `${address}:${port}` : address);
  return peer ? `${code} ${peer}` : code;
}
