/**
 * An error as a value: a stable `code` for programs, a `message` for the reader of the log, and a `nextStep` for the
 * person who must act. Used by the kiosk, the sync engine and the server; `cause` is kept for diagnosis.
 */
export class Problem extends Error {
  readonly code: string;
  readonly nextStep: string;
  /** Figures that a screen puts into its own sentence, e.g. `{ seconds: 30 }`; never personal data. */
  readonly params: Readonly<Record<string, string | number>>;

  /**
   * @param code kebab-case, stable across releases, e.g. `store-wrong-key`
   * @param message one sentence that says what happened
   * @param nextStep one sentence that says what to do about it
   */
  constructor(
    code: string,
    message: string,
    nextStep = '',
    options?: ErrorOptions & { params?: Record<string, string | number> },
  ) {
    super(message, options);
    this.name = 'Problem';
    this.code = code;
    this.nextStep = nextStep;
    this.params = options?.params ?? {};
  }
}

/** Closes a switch over a union: a new member that was not handled is a compile error, and at run time a Problem. */
export function missingCase(value: never): never {
  throw new Problem('missing-case', `unhandled case: ${JSON.stringify(value)}`, 'Report this as a defect.');
}
