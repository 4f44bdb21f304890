import { command } from '../disk/program.ts';
import catalogue from './catalogue.json' with { type: 'json' };

type Catalogue = typeof catalogue;
/** Every code there is: a word that is none of them does not compile. */
export type ErrorCode = keyof Catalogue;
export type ErrorParams = Readonly<Record<string, string | number>>;

/** What an entry's `params` name, each with an example there. */
type ParamsOf<C extends ErrorCode> = C extends ErrorCode
  ? Catalogue[C] extends { readonly params: infer P }
    ? { readonly [Name in keyof P]: string | number }
    : Record<never, never>
  : never;
type Details<C extends ErrorCode> = ParamsOf<C> & { readonly cause?: unknown };

interface Entry {
  /** HTTP status with which it leaves the server; none: it does not, and is a failure of the server's own. */
  readonly status?: number;
  readonly message: string;
  readonly next: string;
  readonly params?: ErrorParams;
}

/** What something else reports about an error: a peer that may be newer, another process, the models. */
interface Said {
  readonly code: string;
  readonly message: string;
  readonly nextStep: string;
  readonly params?: ErrorParams;
}

const entryOf = (code: string): Entry | undefined =>
  Object.hasOwn(catalogue, code) ? catalogue[code as ErrorCode] : undefined;

/** HTTP status of a code that may leave the server; undefined for any other. */
export const statusOf = (code: string): number | undefined => entryOf(code)?.status;

/** `{name}` is a parameter; `` `smartpresence audit verify` `` a command, which is printed as it is called on this machine. */
const filled = (text: string, params: ErrorParams): string =>
  text
    .replaceAll(/`smartpresence ([^`]*)`/g, (_, line: string) => command(line))
    .replaceAll(/\{(\w+)\}/g, (_, name: string) => String(params[name]));

/**
 * An error as a value: a stable `code` for programs, a `message` for the reader of the log, and a `nextStep` for the
 * person who must act. Used by the kiosk, the sync engine and the server. The catalogue has its words.
 */
export class Problem<C extends ErrorCode = ErrorCode> extends Error {
  /** Of a newer peer, it may be one that is not in this catalogue. */
  readonly code: ErrorCode;
  readonly nextStep: string;
  /** For a screen that has its own sentence, e.g. `{ seconds: 30 }`. */
  readonly params: ErrorParams;

  /**
   * @param details the parameters of the code, and the cause
   * @param said for `Problem.from` alone
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

  /** An error in the words of something else. */
  static from(said: Said, cause?: unknown): Problem {
    return new Problem('internal', cause === undefined ? {} : { cause }, said);
  }

  /** The same words under the code of a peer, which may be one that is not in this catalogue. */
  withCode(code: string): Problem {
    const { message, nextStep, params, cause } = this;
    return Problem.from({ code, message, nextStep, params }, cause);
  }
}

/** Closes a switch over a union: a new member that was not handled is a compile error, and at run time a Problem. */
export function missingCase(value: never): never {
  throw new Problem('missing-case', { value: JSON.stringify(value) });
}
