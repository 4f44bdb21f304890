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
  /** By what rows that are all here are sorted. A list by cursor is sorted by the server. */
  readonly sort?: (row: T) => string | number | null;
  /** Below the column: what its cells come to, as it is, or of all rows once all of them are here. */
  readonly total?: ComponentChildren | ((rows: readonly T[]) => ComponentChildren);
}
