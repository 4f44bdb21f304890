/** Returns https://host:port for a host name or address, with IPv6 in brackets. */
export function urlOf(hostname: string, port: number): string {
  return `https://${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`;
}
