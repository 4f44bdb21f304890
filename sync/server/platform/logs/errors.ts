import { scrub } from './scrub.ts';

export interface LoggedError {
  readonly type: string;
  readonly code?: string;
  readonly message: string;
  /** Stack frames: our files and those of libraries, with lines. */
  readonly at?: readonly string[];
  /** Names from the operating system or the database: calls, tables, constraints. */
  readonly where?: Readonly<Record<string, string>>;
  readonly cause?: LoggedError;
  readonly errors?: readonly LoggedError[];
}

/** Properties that name things of the system and never contain values of rows, unlike pg's `detail`, `hint` and `where`. */
const WHERE = ['syscall', 'address', 'port', 'table', 'column', 'constraint', 'routine', 'severity'] as const;
/** Errors of the language describe the code. Other errors may repeat their input. */
const OF_THE_LANGUAGE = new Set(['TypeError', 'ReferenceError', 'RangeError']);
/** SQLSTATE classes about connections, conflicts, names in a query, resources and shutdowns, not about rows. */
const OF_THE_SYSTEM = /^(08|40|42|53|55|57)/;
const FRAMES = 8;
const DEPTH = 4;

/**
 * Converts an error to a form that is safe to log. Properties are dropped unless they name things of the system. Messages are
 * withheld if they may contain personal data, e.g. `Unexpected token 'A', "Anna…" is not valid JSON`, a constraint with its
 * row, or a validation with its input. Pure.
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
