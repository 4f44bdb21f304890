import { useMemo, useState } from 'preact/hooks';
import { z } from 'zod';
import type { Endpoint, Input, Params, Rest } from '../../../sync/protocol/api/endpoint.ts';
import { currentLanguage } from '../../shared/i18n.ts';
import { SelectField } from '../../shared/web/form.tsx';
import { type Paged, type Pages, usePages } from '../../shared/web/resource.tsx';
import { route, setQuery } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';
import { type Column, sortOf } from './column.tsx';
import { known } from './table-filter.tsx';

export interface List<T, A = unknown> extends Pages<T, A> {
  readonly sorting?: { readonly fields: readonly string[]; readonly byDefault: string };
}

/** Returns the query parameter for a table's order. @param beside its id if it is not the page's main list; else '' */
const sortName = (beside: string): string => (beside ? `${beside}-sort` : 'sort');

/**
 * A list of the server, sorted as the address says.
 *
 * @param given the input, and the table's id if it is not the page's main list
 * @returns its pages; the first one also has the number of rows
 */
export function useList<A extends Paged, P extends Params, Q extends z.ZodType>(
  endpoint: Endpoint<P, Q, z.ZodUndefined, z.ZodType<A>>,
  ...given: [...Rest<P, Q, z.ZodUndefined>, beside?: string]
): List<A['items'][number], A> {
  const [input, beside = ''] = given as unknown as [Input<P, Q, z.ZodUndefined>?, string?];
  const sorting = sortingOf(endpoint.query);
  const asked = route.value.query.get(sortName(beside)) ?? '';
  const query = {
    ...input?.query,
    ...(sorting && { total: true }),
    ...(sorting?.fields.includes(fieldOf(asked)) && { sort: asked }),
  };
  const pages = usePages(endpoint, ...([{ ...input, query }] as unknown as Rest<P, Q, z.ZodUndefined>));
  return sorting ? { ...pages, sorting } : pages;
}

/** Returns the field of a sort order, without its direction. */
export const fieldOf = (sort: string): string => sort.replace(/^-/, '');

function sortingOf(query: z.ZodType | undefined): List<unknown>['sorting'] {
  const sort = query instanceof z.ZodObject ? (query.shape as Record<string, unknown>).sort : undefined;
  if (!(sort instanceof z.ZodDefault)) return undefined;
  const fields = (sort.unwrap() as z.ZodEnum).options.map(String).filter((field) => !field.startsWith('-'));
  return { fields, byDefault: String(sort.parse(undefined)) };
}

/**
 * Sorts the rows of a table. Pressing a column cycles through ascending, descending and the default order. The server sorts by
 * the fields it supports. If all rows are loaded, or few enough to load, they are sorted here by the other columns.
 *
 * @param o `beside`: not the page's main list. `able`: all rows are loaded, or few enough to load
 */
export function useSort<T>(
  { id, beside = false, able }: { id?: string | undefined; beside?: boolean | undefined; able: boolean },
  columns: Readonly<Record<string, Column<T>>>,
  pages: List<T> | null,
  rows: readonly T[],
) {
  const [local, setLocal] = useState<string | null>(null);
  const { fields: ofServer = [], byDefault = '' } = pages?.sorting ?? {};
  const ownFields = Object.keys(columns).filter((name) => !ofServer.includes(name) && sortOf(columns[name]!));
  const fields = able ? [...ofServer, ...ownFields] : ofServer;
  const name = sortName(beside ? id! : '');
  const asked = id ? route.value.query.get(name) : local;
  const sort = asked !== null && fields.includes(fieldOf(asked)) ? asked : byDefault;
  const choose = (next: string): void => {
    const wanted = next === byDefault ? null : next;
    if (id) setQuery({ [name]: wanted, ...(!beside && { row: null }) });
    else setLocal(wanted);
  };
  const press = (name: string): (() => void) | null => {
    if (!fields.includes(name)) return null;
    const next = sort === name ? `-${name}` : sort !== `-${name}` || byDefault === sort ? name : byDefault;
    return () => choose(next);
  };
  const own = ownFields.includes(fieldOf(sort));
  const inOrder = (of: readonly T[]) =>
    own ? sortedBy(of, sortOf(columns[fieldOf(sort)]!)!, sort.startsWith('-')) : of;
  const sorted = useMemo(() => inOrder(rows), [sort, own, ...known(rows)]);
  /** `own`: sorted here. `without`: too many rows to sort by some columns. */
  return { sort, press, fields, choose, inOrder, sorted, own, without: !able && ownFields.length > 0 };
}

/** Sorts in the order of the page's language. Null comes first, as in the server's lists. */
function sortedBy<T>(rows: readonly T[], by: NonNullable<ReturnType<typeof sortOf<T>>>, down: boolean): readonly T[] {
  const collator = new Intl.Collator(currentLanguage(), { numeric: true });
  const compare = (a: string | number | null, b: string | number | null): number => {
    if (a === null || b === null) return Number(a !== null) - Number(b !== null);
    return typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));
  };
  return rows.toSorted((a, b) => (down ? -1 : 1) * compare(by(a), by(b)));
}

interface SortByProps {
  columns: readonly (readonly [string, Pick<Column<never>, 'label'>])[];
  sort: string;
  onSort: (sort: string) => void;
}

/** Sort control for rows shown as cards, which have no head to press. */
export function SortBy({ columns, sort, onSort }: SortByProps) {
  if (columns.length === 0) return null;
  const options = columns.flatMap(([name, { label }]) => [
    [name, `${label} ↑`] as const,
    [`-${name}`, `${label} ↓`] as const,
  ]);
  const other = options.some(([value]) => value === sort) ? [] : [[sort, '–'] as const];
  return (
    <div class="sorts-cards">
      <SelectField label={t('table.sortBy')} value={sort} onValue={onSort} options={[...other, ...options]} />
    </div>
  );
}
