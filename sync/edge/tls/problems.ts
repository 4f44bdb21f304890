import { Problem } from '../../errors/problem.ts';

/** Alerts by which a server refuses a client's certificate (RFC 8446 §6.2), as OpenSSL and BoringSSL name them. */
const REFUSED = /ALERT_(CERTIFICATE|BAD_CERTIFICATE|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED|DECRYPT_ERROR)/;
const TLS = /CERT|TLS|SSL|ALTNAME|EPROTO/;

/** A connection's error as a Problem; a Problem is returned unchanged. */
export function connectionProblem(cause: unknown, what: 'server' | 'broker' | 'proxy' = 'server'): Problem {
  if (cause instanceof Problem) return cause;
  const { code = '', name = 'Error', cause: inner } = cause as NodeJS.ErrnoException;
  if (inner instanceof Problem) return inner;
  if (name === 'AbortError') return aborted(cause);
  if (REFUSED.test(code)) return new Problem('kiosk-certificate-refused', { peer: what, reason: code, cause });
  if (TLS.test(code)) return new Problem(`${what}-not-trusted`, { reason: code, cause });
  return new Problem(`${what}-unreachable`, { reason: code || name, cause });
}

/** The engine abandoned the exchange. */
export const aborted = (cause?: unknown): Problem => new Problem('exchange-aborted', { cause });
