import { command } from '../disk/program.ts';
import catalogue from './catalogue.json' with { type: 'json' };

type Catalogue = typeof catalogue;
/** Every error code. Any other string does not compile. */
export type ErrorCode = keyof Catalogue;
export type ErrorParams = Readonly<Record<string, string | number>>;

/** The parameters named in an entry's `params`, which has an example of each. */
type ParamsOf<C extends ErrorCode> = C extends ErrorCode
  ? Catalogue[C] extends { readonly params: infer P }
    ? { readonly [Name in keyof P]: string | number }
    : Record<never, never>
  : never;
type Details<C extends ErrorCode> = ParamsOf<C> & { readonly cause?: unknown };

interface Entry {
  /** HTTP status it is sent with. Absent for internal failures, which the server never sends. */
  readonly status?: number;
  readonly message: string;
  readonly next: string;
  readonly params?: ErrorParams;
}

/** An error reported by something else: a peer that may be newer, another process, the models. */
interface Said {
  readonly code: string;
  readonly message: string;
  readonly nextStep: string;
  readonly params?: ErrorParams;
}

const entryOf = (code: string): Entry | undefined =>
  Object.hasOwn(catalogue, code) ? catalogue[code as ErrorCode] : undefined;

/** HTTP status of a code that may be sent to clients; undefined for any other. */
export const statusOf = (code: string): number | undefined => entryOf(code)?.status;

/** Fills in parameters (`{name}`) and prints commands (`` `smartpresence audit verify` ``) as they are called on this machine. */
const filled = (text: string, params: ErrorParams): string =>
  text
    .replaceAll(/`smartpresence ([^`]*)`/g, (_, line: string) => command(line))
    .replaceAll(/\{(\w+)\}/g, (_, name: string) => String(params[name]));

/**
 * An error with a stable `code` for programs, a `message` for readers of the log, and a `nextStep` for the person who must
 * act. Used by the kiosk, the sync engine and the server. The texts come from the catalogue.
 */
export class Problem<C extends ErrorCode = ErrorCode> extends Error {
  /** If it comes from a newer peer, it may not be in this catalogue. */
  readonly code: ErrorCode;
  readonly nextStep: string;
  /** For screens with their own text, e.g. `{ seconds: 30 }`. */
  readonly params: ErrorParams;

  /**
   * @param details the parameters of the code, and the cause
   * @param said only for `Problem.from`
   */
  constructor(
    code: C,
    ...[details, said]: object extends ParamsOf<C>
      ? [details?: Details<C>, said?: Said]
      : [details: Details<C>, said?: Said]
  ) {
    const { cause: _, ...params } = (details ?? {}) as ErrorParams & { readonly cause?: unknown };
    const { message, next } = catalogue[code] as Entry;
    super(said?.message ?? filled(message, params), details);
    this.name = 'Problem';
    this.code = (said?.code as ErrorCode | undefined) ?? code;
    this.nextStep = said?.nextStep ?? filled(next, params);
    this.params = said?.params ?? params;
  }

  /** Creates a Problem with the code and texts of another program. */
  static from(said: Said, cause?: unknown): Problem {
    return new Problem('internal', cause === undefined ? {} : { cause }, said);
  }

  /** Returns a Problem with the same texts under a peer's code, which may not be in this catalogue. */
  withCode(code: string): Problem {
    const { message, nextStep, params, cause } = this;
    return Problem.from({ code, message, nextStep, params }, cause);
  }
}

/** Closes a switch over a union. An unhandled member is a compile error, and a Problem at run time. */
export function missingCase(value: never): never {
  throw new Problem('missing-case', { value: JSON.stringify(value) });
}
