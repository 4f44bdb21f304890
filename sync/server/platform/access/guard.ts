import type { FastifyRequest } from 'fastify';
import { Problem } from '../../../errors/problem.ts';

/** `__Host-`: the browser keeps it to this origin, over TLS, for every path (RFC 6265bis §4.1.3.2). */
export const COOKIE = '__Host-sp-session';

/** HttpOnly: no script reads it; Strict: no other site's page makes a request with it. */
export const cookieFlags = { path: '/', httpOnly: true, secure: true, sameSite: 'strict' } as const;

/** Refuses a request under a name that is not ours: what a rebound DNS name would send. @throws Problem `wrong-host` */
export function checkHost(request: FastifyRequest, hostnames: readonly string[]): void {
  if (!hostnames.includes(hostnameOf(request.headers.host))) {
    throw new Problem('wrong-host');
  }
}

/** What changes something, or opens a socket, must come from our own page. @throws Problem `wrong-origin` */
export function checkOrigin(request: FastifyRequest): void {
  if (request.headers.origin !== `https://${request.headers.host}`) {
    throw new Problem('wrong-origin');
  }
}

function hostnameOf(host: string | undefined): string {
  const url = URL.parse(`https://${host ?? ''}`);
  return (url?.hostname ?? '').replace(/^\[|\]$/g, '');
}
