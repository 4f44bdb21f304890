import { Problem } from '../../protocol/wire/problem.ts';

/** Alerts by which a server refuses a client's certificate (RFC 8446 §6.2), as OpenSSL and BoringSSL name them. */
const REFUSED = /ALERT_(CERTIFICATE|BAD_CERTIFICATE|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED|DECRYPT_ERROR)/;
const TLS = /CERT|TLS|SSL|ALTNAME|EPROTO/;

/** A connection's error as a Problem; a Problem stays what it is. */
export function connectionProblem(cause: unknown, what: 'server' | 'broker' | 'proxy' = 'server'): Problem {
  if (cause instanceof Problem) return cause;
  const { code = '', name = 'Error', cause: inner } = cause as NodeJS.ErrnoException;
  if (inner instanceof Problem) return inner;
  if (name === 'AbortError') return aborted(cause);
  if (REFUSED.test(code))
    return new Problem(
      'kiosk-certificate-refused',
      `The ${what} refused this kiosk's certificate (${code}).`,
      'If it ended or was revoked, renew it or provision the kiosk again.',
      { cause },
    );
  if (TLS.test(code))
    return new Problem(
      `${what}-not-trusted`,
      `The ${what} could not prove who it is, or speaks no TLS 1.3 (${code}).`,
      'Check the address; if the server was replaced, provision the kiosk again.',
      { cause },
    );
  return new Problem(
    `${what}-unreachable`,
    `The ${what} can't be reached (${code || name}).`,
    'Nothing to do on the kiosk: it keeps its records and tries again.',
    { cause },
  );
}

/** The engine gave the exchange up. */
export function aborted(cause?: unknown): Problem {
  return new Problem('exchange-aborted', 'The exchange was given up.', 'It is tried again.', { cause });
}
