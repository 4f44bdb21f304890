import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { Secret } from '../secrets/secret.ts';

/** How to reach a PostgreSQL server. TLS 1.3 with a verified certificate is mandatory. */
export interface PostgresAddress {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: Secret | null;
  /** PEM file of the CA that signed the database server's certificate. */
  readonly caFile: string;
  /** PEM files of our client certificate and key. Null if the database requires none. */
  readonly client: { readonly certFile: string; readonly keyFile: string } | null;
}

const KNOWN = new Set(['sslmode', 'sslrootcert', 'sslcert', 'sslkey']);

/**
 * Reads `postgres://user:password@host:port/database?sslmode=verify-full&sslrootcert=/path/ca.pem`, with `sslcert` and
 * `sslkey` if the database requires a client certificate. Pure.
 *
 * @returns the address, or a text that says what is wrong with the URL and never contains the password
 */
export function readDatabaseUrl(text: string): PostgresAddress | string {
  const url = URL.parse(text);
  if (!url || !/^postgres(ql)?:$/.test(url.protocol)) return 'must begin with postgres://';
  const unknown = [...url.searchParams.keys()].filter((key) => !KNOWN.has(key));
  if (unknown.length > 0) return `has unknown parameters: ${unknown.join(', ')}`;
  const host = decode(url.hostname).replace(/^\[|\]$/g, '');
  const user = decode(url.username);
  const database = decode(url.pathname.slice(1));
  if (!host) return 'names no host (a local socket has no TLS and is refused)';
  if (!user) return 'names no user';
  if (!database || database.includes('/')) return 'names no database: postgres://user:password@host:port/database';
  const mode = url.searchParams.get('sslmode');
  if (mode !== 'verify-full')
    return `must say sslmode=verify-full${mode ? ` (not ${mode})` : ''}: connections to the database must use verified TLS`;
  const ca = url.searchParams.get('sslrootcert');
  if (!ca || ca === 'system') return "must name the database CA's PEM file as sslrootcert=/path/ca.pem";
  const [cert, key] = [url.searchParams.get('sslcert'), url.searchParams.get('sslkey')];
  if (!cert !== !key) return 'needs sslcert and sslkey together';
  return {
    host: isIP(host) ? host : host.toLowerCase(),
    port: url.port ? Number(url.port) : 5432,
    database,
    user,
    password: url.password ? new Secret(Buffer.from(decode(url.password))) : null,
    caFile: resolve(ca),
    client: cert && key ? { certFile: resolve(cert), keyFile: resolve(key) } : null,
  };
}

/** Describes the database without secrets. @param url null for the embedded one */
export function databaseText(url: string | null | undefined): string {
  const address = url ? readDatabaseUrl(url) : null;
  return address === null || typeof address === 'string'
    ? 'embedded database'
    : `database ${address.database} at ${address.host}:${address.port}`;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
