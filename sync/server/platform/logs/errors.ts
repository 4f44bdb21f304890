import { scrub } from './scrub.ts';

export interface LoggedError {
  readonly type: string;
  readonly code?: string;
  readonly message: string;
  /** Where it was thrown: files of ours and of libraries, with lines. */
  readonly at?: readonly string[];
  /** Of the operating system or the database: names of calls, tables, constraints. */
  readonly where?: Readonly<Record<string, string>>;
  readonly cause?: LoggedError;
  readonly errors?: readonly LoggedError[];
}

/** Properties that name things of the system, never values of rows. pg's `detail`, `hint` and `where` do hold values. */
const WHERE = ['syscall', 'address', 'port', 'table', 'column', 'constraint', 'routine', 'severity'] as const;
/** Errors of the language say what the code did; errors of other kinds may repeat their input. */
const OF_THE_LANGUAGE = new Set(['TypeError', 'ReferenceError', 'RangeError']);
/** Classes of SQLSTATE that speak of connections, conflicts, names in a query, resources and shutdowns, not of rows. */
const OF_THE_SYSTEM = /^(08|40|42|53|55|57)/;
const FRAMES = 8;
const DEPTH = 4;

/**
 * An error as a log may hold it. Its own properties are left out unless they are known to name things of the system, and
 * so is the message of an error whose maker may have put a person's value into it: `Unexpected token 'A', "Anna…" is not
 * valid JSON`, a constraint with the row, a validation with what came. Pure.
 */
export function logError(error: unknown, depth = DEPTH): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: WITHHELD };
  const fields = error as Error & Record<string, unknown>;
  const where = Object.fromEntries(
    WHERE.flatMap((name) => {
      const value = fields[name];
      return typeof value === 'string' || typeof value === 'number' ? [[name, scrub(String(value))]] : [];
    }),
  );
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const inner = depth > 1 && error instanceof AggregateError ? error.errors.slice(0, 4) : [];
  return {
    type: scrub(error.name),
    ...codeOf(fields.code),
    message: messageOf(error, where),
    ...(frames.length > 0 && { at: frames.slice(0, FRAMES).map((line) => line.trim()) }),
    ...(Object.keys(where).length > 0 && { where }),
    ...(depth > 1 && error.cause !== undefined && { cause: logError(error.cause, depth - 1) }),
    ...(inner.length > 0 && { errors: inner.map((one: unknown) => logError(one, depth - 1)) }),
  };
}

const WITHHELD = '(withheld: it may repeat a value)';

function messageOf(error: Error, where: Record<string, string>): string {
  if (error.name === 'Problem') return scrub(error.message, { quotes: false });
  const { code } = error as { code?: unknown };
  const ofDatabase = 'routine' in where && typeof code === 'string' && OF_THE_SYSTEM.test(code);
  const known = OF_THE_LANGUAGE.has(error.name) || 'syscall' in where || ofDatabase;
  return known ? scrub(error.message) : WITHHELD;
}

function codeOf(code: unknown): { code?: string } {
  return typeof code === 'string' && /^[\w.-]{1,60}$/.test(code) ? { code } : {};
}
