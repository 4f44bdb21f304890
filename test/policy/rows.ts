import { PROTECTION } from './rows/protection.ts';
import { RIGHTS } from './rows/rights.ts';
import { TRANSPORT } from './rows/transport.ts';

/** Test titles by file, as written in the source. The title of a group names every test in it. */
export type Tests = Readonly<Record<string, readonly string[]>>;

/** A row of the encryption and privacy policy. */
export interface Row {
  readonly requirement: string;
  /** Each claim of the row and of what it requires in practice, in plain language, with the tests that prove it. */
  readonly parts: Readonly<Record<string, Tests>>;
  /** What no test here can show, and why. */
  readonly limits?: string;
}

export type RowId = `P${number}`;

/** The policy, P1 to P35: the only source of `npm run test:policy` and the compliance report. */
export const ROWS: ReadonlyMap<RowId, Row> = new Map(
  Object.entries({ ...PROTECTION, ...TRANSPORT, ...RIGHTS }) as [RowId, Row][],
);
