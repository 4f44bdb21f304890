import { Problem } from '../../../errors/problem.ts';

/**
 * SQLSTATE classes that say nothing of an event: connection (08), transaction state (25), rights to enter (28, 3D),
 * conflict (40), rights and tables (42), resources (53), locks (55), operator (57), system (58).
 */
const OF_THE_DATABASE = /^(08|25|28|3D|40|42|53|55|57|58)/;
const SQLSTATE = /^[0-9A-Z]{5}$/;
/** Of Node's system and socket errors: `EPIPE`, `ECONNRESET`, `ERR_SOCKET_CLOSED`, … */
const OF_THE_LINE = /^(E[A-Z0-9]+$|ERR_(SOCKET|TLS|SSL|STREAM|NET)_)/;

/**
 * Whether a failure is due to what is being taken, so that the same again fails again and must not hold up the rest: a
 * value that the database refuses, a row of a person that can't be opened, an error in this program. An error that has
 * no code and is of no special kind is taken for a lost database, as drivers say it: then everything is tried again
 * later.
 */
export function liesInTheEvent(cause: unknown): boolean {
  const code = (cause as { code?: unknown } | null)?.code;
  if (cause instanceof Problem) return !cause.code.startsWith('database-');
  if (typeof code === 'string' && code !== '') {
    // EPIPE has five letters, as an SQLSTATE has; no class of those begins with E.
    if (OF_THE_LINE.test(code)) return false;
    return !SQLSTATE.test(code) || !OF_THE_DATABASE.test(code);
  }
  return cause instanceof Error && cause.constructor !== Error;
}

/** Short word for the log, never a value: SQLSTATE, a problem's code, or the kind of error. */
export function codeOfFault(cause: unknown): string {
  const { code, name } = (cause ?? {}) as { code?: unknown; name?: unknown };
  return typeof code === 'string' && code !== '' ? code : String(name ?? 'unknown');
}
