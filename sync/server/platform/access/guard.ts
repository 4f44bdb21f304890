import type { FastifyRequest } from 'fastify';
import { Problem } from '../../../errors/problem.ts';

/** `__Host-` makes the browser restrict it to this host, over TLS, for every path (RFC 6265bis §4.1.3.2). */
export const COOKIE = '__Host-sp-session';

/** HttpOnly: scripts can't read it. Strict: requests from other sites' pages don't carry it. */
export const cookieFlags = { path: '/', httpOnly: true, secure: true, sameSite: 'strict' } as const;

/** Refuses requests for a host name that isn't ours, as in DNS rebinding. @throws Problem `wrong-host` */
export function checkHost(request: FastifyRequest, hostnames: readonly string[]): void {
  if (!hostnames.includes(hostnameOf(request.headers.host))) {
    throw new Problem('wrong-host');
  }
}

/** Requires that a request comes from our own page. @throws Problem `wrong-origin` */
export function checkOrigin(request: FastifyRequest): void {
  if (request.headers.origin !== `https://${request.headers.host}`) {
    throw new Problem('wrong-origin');
  }
}

function hostnameOf(host: string | undefined): string {
  const url = URL.parse(`https://${host ?? ''}`);
  return (url?.hostname ?? '').replace(/^\[|\]$/g, '');
}
