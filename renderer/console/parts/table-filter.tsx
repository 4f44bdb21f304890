import { useMemo, useRef, useState } from 'preact/hooks';
import { partsOf } from '../../../sync/protocol/api/matching.ts';
import { Button } from '../../shared/button.tsx';
import { currentLanguage, labelled } from '../../shared/i18n.ts';
import { SelectField, TextField } from '../../shared/web/form.tsx';
import { route, setQuery } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';
import type { Column } from './column.tsx';

/** Number of rows from which a filter is offered. Fewer are seen at a glance. */
const FILTERED_FROM = 6;

/** Whether a sort value is text rather than a moment. */
const isText = (value: string | number | null): value is string =>
  typeof value === 'string' && !/^\d{4}-\d\d-\d\dT/.test(value);

interface Choice {
  /** Its name in the address. */
  readonly name: string;
  readonly label: string;
  readonly value: string;
  /** The values found in the rows, and the selected one. */
  readonly options: readonly (readonly [value: string, label: string])[];
}

export interface Filter<T> {
  readonly typed: string;
  readonly onTyped: ((typed: string) => void) | null;
  readonly choices: readonly Choice[];
  /** A value is selected or a text typed. */
  readonly on: boolean;
  readonly offered: boolean;
  readonly clear: () => void;
  readonly fitting: (rows: readonly T[]) => readonly T[];
  /** The loaded rows that match. */
  readonly rows: readonly T[];
}

interface Where {
  readonly id: string | undefined;
  readonly beside: boolean;
  /** `here`: the text typed is not put into the address; null: no text field. */
  readonly search: 'address' | 'here' | null;
  /** All rows are loaded, or few enough to load. */
  readonly able: boolean;
}

/**
 * Filters the rows of a table by the words typed and by the selected values of columns. Both are kept in the address, so that
 * Back and a shared link show the same, except text that may be someone's name (router.ts).
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
  // When rows disappear while the user types, the field must not.
  const many = useRef(false);
  many.current ||= rows.length >= FILTERED_FROM;
  return {
    typed,
    onTyped: usable && search !== null && (worded || typed !== '') ? (inAddress ? keepTyped : setOwn) : null,
    choices: choices.filter(({ value, options }) => value !== '' || options.length > 1),
    on,
    // A filter in the address is applied to a list of any length.
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
 * Dependencies for memoising what is computed from rows. Long lists are only filtered and sorted again when they change, not
 * while scrolling. Short ones always are, because texts about them may depend on more than the rows.
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
