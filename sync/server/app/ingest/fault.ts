import { Problem } from '../../../errors/problem.ts';

/**
 * SQLSTATE classes that are not an event's fault: connection (08), transaction state (25), authorisation (28, 3D),
 * conflict (40), rights and tables (42), resources (53), locks (55), operator (57), system (58).
 */
const OF_THE_DATABASE = /^(08|25|28|3D|40|42|53|55|57|58)/;
const SQLSTATE = /^[0-9A-Z]{5}$/;
/** Codes of Node's system and socket errors: `EPIPE`, `ECONNRESET`, `ERR_SOCKET_CLOSED`, … */
const OF_THE_LINE = /^(E[A-Z0-9]+$|ERR_(SOCKET|TLS|SSL|STREAM|NET)_)/;

/**
 * Returns whether a failure is due to the event, so that a retry would fail again and it must not hold up the rest: a value
 * that the database refuses, a person's row that can't be opened, an error in this program. A plain Error without a code is
 * treated as a lost database, since drivers report it so. Then everything is retried later.
 */
export function liesInTheEvent(cause: unknown): boolean {
  const code = (cause as { code?: unknown } | null)?.code;
  if (cause instanceof Problem) return !cause.code.startsWith('database-');
  if (typeof code === 'string' && code !== '') {
    // EPIPE has five letters like an SQLSTATE, but no SQLSTATE class starts with E.
    if (OF_THE_LINE.test(code)) return false;
    return !SQLSTATE.test(code) || !OF_THE_DATABASE.test(code);
  }
  return cause instanceof Error && cause.constructor !== Error;
}

/** Returns a short code for the log, never a value: SQLSTATE, a problem's code, or the kind of error. */
export function codeOfFault(cause: unknown): string {
  const { code, name } = (cause ?? {}) as { code?: unknown; name?: unknown };
  return typeof code === 'string' && code !== '' ? code : String(name ?? 'unknown');
}
