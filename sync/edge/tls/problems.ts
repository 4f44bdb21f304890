import { Problem } from '../../errors/problem.ts';

/** TLS alerts that reject a client's certificate (RFC 8446 §6.2), by their names in OpenSSL and BoringSSL. */
const REFUSED = /ALERT_(CERTIFICATE|BAD_CERTIFICATE|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED|DECRYPT_ERROR)/;
const TLS = /CERT|TLS|SSL|ALTNAME|EPROTO/;

/** Turns a connection's error into a Problem; returns a Problem unchanged. */
export function connectionProblem(cause: unknown, what: 'server' | 'broker' | 'proxy' = 'server'): Problem {
  if (cause instanceof Problem) return cause;
  const { code = '', name = 'Error', cause: inner } = cause as NodeJS.ErrnoException;
  if (inner instanceof Problem) return inner;
  if (name === 'AbortError') return aborted(cause);
  if (REFUSED.test(code)) return new Problem('kiosk-certificate-refused', { peer: what, reason: code, cause });
  if (TLS.test(code)) return new Problem(`${what}-not-trusted`, { reason: code, cause });
  return new Problem(`${what}-unreachable`, { reason: code || name, cause });
}

/** Returned when the engine abandoned the exchange. */
export const aborted = (cause?: unknown): Problem => new Problem('exchange-aborted', { cause });
