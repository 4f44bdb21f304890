import type { ComponentChildren } from 'preact';
import { numberOf } from '../../shared/i18n.ts';
import { Moment } from './labels.tsx';
import { PersonLink } from './person-fields.tsx';
import { KioskLink } from './place-links.tsx';

/** A table column. Its key is the field that the server sorts by, if it can be sorted. */
export interface Column<T> {
  readonly label: string;
  /** Cell content. Default: the label of `choice`, or the value of `sort` (number or text; a dash for null). */
  readonly cell?: (row: T) => ComponentChildren;
  /** Shown below it in the same cell; not part of the row's name. */
  readonly below?: (row: T) => ComponentChildren;
  /** For numbers and times: aligned at the end. */
  readonly numeric?: boolean;
  /** Identifies the row: its cell is the row header. */
  readonly heads?: boolean;
  /** False hides the column from the current role. */
  readonly when?: boolean;
  /** Identifies the row together with its header, if several rows may share that: a person's record, by its time. */
  readonly names?: boolean;
  /** The text that a search matches, and the sort value if the server has no order for the column. */
  readonly sort?: (row: T) => SortValue;
  /** For a column with few values: the row's, for the address and as a label. Rows can be filtered and sorted by it. */
  readonly choice?: (row: T) => readonly [value: string, label: string];
  /** Shown below the column: its sum, either given or computed from all rows once they are loaded. */
  readonly total?: ComponentChildren | ((rows: readonly T[]) => ComponentChildren);
}

type SortValue = string | number | null;

export function sortOf<T>({ sort, choice }: Column<T>): ((row: T) => SortValue) | undefined {
  return sort ?? (choice && ((row) => choice(row)[1]));
}

export function cellOf<T>({ cell, choice, sort }: Column<T>, row: T): ComponentChildren {
  if (cell) return cell(row);
  const value = choice ? choice(row)[1] : (sort?.(row) ?? null);
  return typeof value === 'number' ? numberOf(value) : <bdi>{value ?? '–'}</bdi>;
}

/** A column for a moment, shown by the clock of the default site. */
export function momentColumn<K extends string>(label: string, at: K): Column<Readonly<Record<K, string | null>>> {
  return { label, numeric: true, sort: (row) => row[at], cell: (row) => <Moment at={row[at]} /> };
}

/** The row header for kiosks, with their names. @param id the field with the kiosk's id */
export function kioskColumn<K extends string>(label: string, id: K): Column<Readonly<Record<K | 'name', string>>> {
  return { label, heads: true, sort: (row) => row.name, cell: (row) => <KioskLink id={row[id]} name={row.name} /> };
}

interface Named {
  readonly name: string | null;
}

/** The row header for people, with their names. @param id the field with the person's id */
export function personColumn<K extends string>(label: string, id: K): Column<Named & Readonly<Record<K, string>>> {
  return { label, heads: true, sort: (row) => row.name, cell: (row) => <PersonLink id={row[id]} name={row.name} /> };
}
