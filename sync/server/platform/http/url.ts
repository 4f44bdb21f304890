/** https://host:port of a host name or address; IPv6 in brackets. */
export function urlOf(hostname: string, port: number): string {
  return `https://${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`;
}
