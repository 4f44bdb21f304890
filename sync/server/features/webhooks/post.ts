import { lookup } from 'node:dns';
import { request } from 'node:https';
import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { mayReach } from './rules.ts';

/** Whole exchange, ms. */
const TIMEOUT_MS = 10_000;

export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** PEM; null: the public authorities. */
  readonly ca: string | null;
  /** Receivers on this machine are allowed. */
  readonly loopback: boolean;
  readonly signal: AbortSignal;
}

/**
 * Posts over verified TLS (1.2 or newer: receivers are not ours) and reads no answer but its status. Follows no redirect.
 * The address is checked when it is connected to, so that a name that changes leads nowhere else.
 *
 * @returns the status, or a code of why there was none: `address-not-allowed`, `timed-out`, or the system's
 */
export function post({ url, headers, body, ca, loopback, signal }: Post): Promise<number | string> {
  const { hostname } = new URL(url);
  const bare = hostname.replace(/^\[|\]$/g, '');
  const reachable = (address: string) => mayReach(address, { own: ownAddresses(), loopback });
  if (isIP(bare) !== 0 && !reachable(bare)) return Promise.resolve('address-not-allowed');
  const guarded: LookupFunction = (name, options, done) =>
    lookup(name, { ...options, all: true }, (error, found) => {
      if (error) return done(error, []);
      const allowed = found.filter(({ address }) => reachable(address));
      if (allowed.length === 0)
        return done(Object.assign(new Error('not allowed'), { code: 'address-not-allowed' }), []);
      if (options.all) return done(null, allowed);
      return done(null, allowed[0]!.address, allowed[0]!.family);
    });
  return new Promise((resolve) => {
    const outgoing = request(
      url,
      {
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        minVersion: 'TLSv1.2',
        lookup: guarded,
        agent: false,
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
        ...(ca !== null && { ca }),
      },
      (answer) => {
        resolve(answer.statusCode ?? 'no-status');
        answer.destroy();
      },
    );
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const late = error.name === 'AbortError' || error.name === 'TimeoutError';
      resolve(late ? 'timed-out' : String(error.code ?? 'failed').slice(0, 60));
    });
    outgoing.end(body);
  });
}

/** Of this machine, by which its own services could be reached from outside the loopback interface. */
const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address.split('%')[0]!));
