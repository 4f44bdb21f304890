/** A table on its way into a file, a page of rows at a time: never held whole. */
export interface Table {
  /** Of the sheet. */
  readonly title: string;
  readonly columns: readonly string[];
  readonly pages: AsyncIterable<readonly Row[]>;
}

/** A time is an instant in UTC; a text stays one, whatever it looks like. */
export type Cell = string | number | Date | null;
export type Row = readonly Cell[];
