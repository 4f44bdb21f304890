import type { ComponentChildren } from 'preact';

/** A column under its own name: the field that the server sorts by, where it can be sorted by it. */
export interface Column<T> {
  readonly label: string;
  readonly cell: (row: T) => ComponentChildren;
  /** Below it in the same cell; not part of the row's name. */
  readonly below?: (row: T) => ComponentChildren;
  /** Numbers and times: aligned at their end. */
  readonly numeric?: boolean;
  /** Identifies the row: its cell is the row's header. */
  readonly heads?: boolean;
  /** False for roles other than the one signed in. */
  readonly when?: boolean;
  /** Identifies the row together with its header, if that may occur in several rows: a person's record, by its time. */
  readonly names?: boolean;
  /** Words that its rows are found by, and what they are sorted by where the server has no order for it. */
  readonly sort?: (row: T) => SortValue;
  /** Of a column with few values: the row's, as the address and as people read it. One can be chosen, and rows sorted by it. */
  readonly choice?: (row: T) => readonly [value: string, label: string];
  /** Below the column: what its cells come to, as it is, or of all rows once all of them are here. */
  readonly total?: ComponentChildren | ((rows: readonly T[]) => ComponentChildren);
}

type SortValue = string | number | null;

export const sortOf = <T>({ sort, choice }: Column<T>): ((row: T) => SortValue) | undefined =>
  sort ?? (choice && ((row) => choice(row)[1]));
