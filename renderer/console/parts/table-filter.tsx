import { useMemo, useRef, useState } from 'preact/hooks';
import { partsOf } from '../../../sync/protocol/api/matching.ts';
import { Button } from '../../shared/button.tsx';
import { currentLanguage, labelled } from '../../shared/i18n.ts';
import { SelectField, TextField } from '../../shared/web/form.tsx';
import { route, setQuery } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';
import type { Column } from './column.tsx';

/** Rows from which on there is something to filter: fewer are seen at a glance. */
const FILTERED_FROM = 6;

/** What a row is sorted by, where it is text and not a moment. */
const isText = (value: string | number | null): value is string =>
  typeof value === 'string' && !/^\d{4}-\d\d-\d\dT/.test(value);

interface Choice {
  /** In the address. */
  readonly name: string;
  readonly label: string;
  readonly value: string;
  /** Those that rows have, and the one that is chosen. */
  readonly options: readonly (readonly [value: string, label: string])[];
}

export interface Filter<T> {
  readonly typed: string;
  readonly onTyped: ((typed: string) => void) | null;
  readonly choices: readonly Choice[];
  /** Something is chosen or typed. */
  readonly on: boolean;
  readonly offered: boolean;
  readonly clear: () => void;
  readonly fitting: (rows: readonly T[]) => readonly T[];
  /** Rows that fit, of those that are here. */
  readonly rows: readonly T[];
}

interface Where {
  readonly id: string | undefined;
  readonly beside: boolean;
  /** What is typed is not in the address; null: nothing can be typed. */
  readonly search: 'address' | 'here' | null;
  /** All rows are here, or soon can be. */
  readonly able: boolean;
}

/**
 * Which rows are shown: those that have every word that is typed, and what is chosen of columns with few values. The address
 * says it, so that Back and a shared link show the same, but never what may be someone's name (router.ts).
 */
export function useFilter<T>(
  { id, beside, search, able }: Where,
  columns: Readonly<Record<string, Column<T>>>,
  rows: readonly T[],
): Filter<T> {
  const [own, setOwn] = useState('');
  const { query } = route.value;
  const prefix = beside ? `${id}-` : '';
  const find = `${prefix}find`;
  const usable = id !== undefined;
  const inAddress = search === 'address';
  const typed = usable && search !== null ? (inAddress ? (query.get(find) ?? '') : own) : '';
  const keepTyped = (text: string) => change({ [find]: text });
  const given = Object.entries(columns).filter(([, c]) => c.when !== false);
  const chooses = given.flatMap(([name, { label, choice }]) =>
    usable && choice ? [{ name: prefix + name, label, choice, value: query.get(prefix + name) ?? '' }] : [],
  );
  const asked = [typed, ...chooses.map(({ value }) => value)];
  const on = asked.some((text) => text.trim() !== '');
  const choices = useMemo(
    () =>
      chooses.map(({ choice, ...rest }) => {
        const options = new Map(rows.map(choice));
        if (rest.value && !options.has(rest.value)) options.set(rest.value, rest.value);
        return { ...rest, options: [...options].sort(([, a], [, b]) => a.localeCompare(b, currentLanguage())) };
      }),
    [...asked, ...known(rows)],
  );
  const worded = useMemo(
    () => given.some(([, { sort }]) => sort && rows.some((row) => isText(sort(row)))),
    known(rows),
  );
  const fitting = (of: readonly T[]): readonly T[] => {
    if (!on) return of;
    const parts = partsOf(typed);
    return of.filter((row) => {
      if (!chooses.every(({ choice, value }) => value === '' || choice(row)[0] === value)) return false;
      if (parts.length === 0) return true;
      const says = given.flatMap(([, { sort, choice }]) => [sort?.(row) ?? null, choice?.(row)[1] ?? null]);
      const text = partsOf(says.filter(isText).join(' ')).join(' ');
      return parts.every((part) => text.includes(part));
    });
  };
  // What goes while someone types must not take the field away.
  const many = useRef(false);
  many.current ||= rows.length >= FILTERED_FROM;
  return {
    typed,
    onTyped: usable && search !== null && (worded || typed !== '') ? (inAddress ? keepTyped : setOwn) : null,
    choices: choices.filter(({ value, options }) => value !== '' || options.length > 1),
    on,
    // An address that asks for something is followed in a list of any length.
    offered: usable && (on || (able && many.current)),
    clear: () => {
      setOwn('');
      change({ [find]: null, ...Object.fromEntries(chooses.map(({ name }) => [name, null])) });
    },
    fitting,
    rows: useMemo(() => fitting(rows), [...asked, ...known(rows)]),
  };
}

const change = (to: Readonly<Record<string, string | null>>): void => setQuery({ ...to, row: null });

/**
 * What rows come to is kept until there are others: many are not filtered and sorted again as some of them come into view.
 * Few always are: what is said of them may depend on more than the rows.
 */
export const known = (rows: readonly unknown[]): readonly unknown[] =>
  rows.length > 500 ? [rows, currentLanguage()] : [{}];

export function FilterRows<T>({ filter, caption }: { filter: Filter<T>; caption: string }) {
  const { typed, onTyped, choices, on, clear } = filter;
  if (!onTyped && choices.length === 0) return null;
  return (
    <search class="filters table-filters" aria-label={labelled(t('filters.title'), caption)}>
      {onTyped && (
        <TextField label={t('table.find')} type="search" maxLength={80} dir="auto" value={typed} onValue={onTyped} />
      )}
      {choices.map(({ name, label, value, options }) => (
        <SelectField
          key={name}
          label={label}
          value={value}
          onValue={(chosen) => change({ [name]: chosen })}
          options={[['', t('any')], ...options]}
        />
      ))}
      {on && (
        <Button class="filters-clear" onClick={clear}>
          {t('filters.clear')}
        </Button>
      )}
    </search>
  );
}
