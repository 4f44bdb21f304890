import type { ComponentChildren } from 'preact';
import { numberOf } from '../../shared/i18n.ts';
import { Moment } from './labels.tsx';
import { PersonLink } from './person-fields.tsx';
import { KioskLink } from './place-links.tsx';

/** A column under its own name: the field that the server sorts by, where it can be sorted by it. */
export interface Column<T> {
  readonly label: string;
  /** Without it the cell shows what `choice` says, or what `sort` gives: a number or a text, a dash for null. */
  readonly cell?: (row: T) => ComponentChildren;
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

export function sortOf<T>({ sort, choice }: Column<T>): ((row: T) => SortValue) | undefined {
  return sort ?? (choice && ((row) => choice(row)[1]));
}

export function cellOf<T>({ cell, choice, sort }: Column<T>, row: T): ComponentChildren {
  if (cell) return cell(row);
  const value = choice ? choice(row)[1] : (sort?.(row) ?? null);
  return typeof value === 'number' ? numberOf(value) : <bdi>{value ?? '–'}</bdi>;
}

/** A field of the rows that is a moment, on the clock of the default site. */
export function momentColumn<K extends string>(label: string, at: K): Column<Readonly<Record<K, string | null>>> {
  return { label, numeric: true, sort: (row) => row[at], cell: (row) => <Moment at={row[at]} /> };
}

/** Rows that are kiosks, each by name. @param id the field with the kiosk's id */
export function kioskColumn<K extends string>(label: string, id: K): Column<Readonly<Record<K | 'name', string>>> {
  return { label, heads: true, sort: (row) => row.name, cell: (row) => <KioskLink id={row[id]} name={row.name} /> };
}

interface Named {
  readonly name: string | null;
}

/** Rows that are about a person each, by name. @param id the field with the person's id */
export function personColumn<K extends string>(label: string, id: K): Column<Named & Readonly<Record<K, string>>> {
  return { label, heads: true, sort: (row) => row.name, cell: (row) => <PersonLink id={row[id]} name={row.name} /> };
}
