import { type ComponentChildren, createContext, Fragment } from 'preact';
import { useContext, useId, useRef, useState } from 'preact/hooks';
import { z } from 'zod';
import type { Endpoint, Params, Rest } from '../../../sync/protocol/api/endpoint.ts';
import { MOST_COUNTED } from '../../../sync/protocol/api/page.ts';
import { Button, type ButtonProps } from '../../shared/button.tsx';
import { currentLanguage } from '../../shared/i18n.ts';
import { IconSettings } from '../../shared/icons.tsx';
import type { Answer, ApiError } from '../../shared/web/api.ts';
import type { Question } from '../../shared/web/confirm.tsx';
import { CheckField, ErrorNote, SelectField } from '../../shared/web/form.tsx';
import { Empty } from '../../shared/web/pieces.tsx';
import { keep, kept } from '../../shared/web/preferences.ts';
import { type Pages, type Resource, usePages, useWrite } from '../../shared/web/resource.tsx';
import { route, setQuery } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';
import { ExportRows } from './table-export.tsx';
import {
  inView,
  moveByKey,
  rowAt,
  type Shown,
  useFit,
  usePlace,
  usePrinting,
  useReadOn,
  useVirtual,
} from './table-rows.ts';

/** A column under its own name: the field that the server sorts by, where it can be sorted by it. */
export interface Column<T> {
  readonly label: string;
  readonly cell: (row: T) => ComponentChildren;
  /** Below it in the same cell; not part of the row's name. */
  readonly below?: (row: T) => ComponentChildren;
  /** Numbers and times: aligned at their end. */
  readonly numeric?: boolean;
  /** Names the row: its cell is the row's header. */
  readonly heads?: boolean;
  /** False: for others than who is signed in. */
  readonly when?: boolean;
  /** Names the row together with its header, where that may stand in several rows: a person's record, by its time. */
  readonly names?: boolean;
  /** By what rows that are all here are sorted. A list by cursor is sorted by the server. */
  readonly sort?: (row: T) => string | number | null;
  /** Below the column: what its cells come to, as it is, or of all rows once all of them are here. */
  readonly total?: ComponentChildren | ((rows: readonly T[]) => ComponentChildren);
}

interface TableProps<T> {
  /**
   * Of a page's own list: under this name the browser keeps which columns are shown, and the address says how it is sorted and
   * how far it was scrolled, so that Back and a shared link show the same. At most one table of a page has one.
   */
  readonly id?: string;
  /** What the table lists, for screen readers. */
  readonly caption: string;
  readonly columns: Readonly<Record<string, Column<T>>>;
  readonly rowKey: (row: T) => string;
  /** Struck through, red, …: `data-tone` of the row. */
  readonly tone?: (row: T) => string | undefined;
  /** What can be done with several rows; null: nothing. With it each row can be chosen. */
  readonly bulk?: ((chosen: readonly T[]) => ComponentChildren) | null | false;
  /** False: its page has an export of its own. */
  readonly exports?: boolean;
}

/** A list by cursor. */
interface PagedProps<T> {
  readonly pages: List<T>;
  readonly empty: { title: string; text?: string | undefined };
  /** What a row is, for the line that counts them. */
  readonly counted?: 'entries' | 'people' | 'records' | 'kiosks';
}

/** Pages of a list, and by what the server sorts it. */
export interface List<T, A = unknown> extends Pages<T, A> {
  readonly sorting?: { readonly fields: readonly string[]; readonly byDefault: string };
}

/**
 * A list of the server, sorted as the address says.
 *
 * @returns its pages; the first one also has how many rows there are
 */
export function useList<
  A extends { items: readonly unknown[]; next: string | null },
  P extends Params,
  Q extends z.ZodType,
>(
  endpoint: Endpoint<P, Q, z.ZodUndefined, z.ZodType<A>>,
  ...[input]: Rest<P, Q, z.ZodUndefined>
): List<A['items'][number], A> {
  const sorting = sortingOf(endpoint.query);
  const asked = route.value.query.get('sort') ?? '';
  const query = {
    ...input?.query,
    ...(sorting && { total: true }),
    ...(sorting?.fields.includes(fieldOf(asked)) && { sort: asked }),
  };
  const pages = usePages(endpoint, ...([{ ...input, query }] as unknown as Rest<P, Q, z.ZodUndefined>));
  return sorting ? { ...pages, sorting } : pages;
}

const fieldOf = (sort: string): string => sort.replace(/^-/, '');

function sortingOf(query: z.ZodType | undefined): List<unknown>['sorting'] {
  const sort = query instanceof z.ZodObject ? (query.shape as Record<string, unknown>).sort : undefined;
  if (!(sort instanceof z.ZodDefault)) return undefined;
  const fields = (sort.unwrap() as z.ZodEnum).options.map(String).filter((field) => !field.startsWith('-'));
  return { fields, byDefault: String(sort.parse(undefined)) };
}

/**
 * Rows under the names of their columns: sorted by a press on one of them, and by the keys from row to row. Where there is no
 * room for the columns, each row becomes a card with its labels.
 *
 * Give it `rows` that are all here, or the `pages` of a list: then it is a card that also says what there is where there are
 * none and why where it can't be read, and reads on as one scrolls.
 */
export function DataTable<T>(props: TableProps<T> & (PagedProps<T> | { readonly rows: readonly T[] })) {
  const { id, caption, columns: given, rowKey, tone, bulk, exports = true } = props;
  const pages = 'pages' in props ? props.pages : null;
  const offered = Object.entries(given).filter(([, c]) => c.when !== false);
  const [hidden, setHidden] = useHidden(id);
  const columns = offered.filter(([name, c]) => c.heads || !hidden.includes(name));
  const {
    sort,
    press,
    fields,
    choose: sortAs,
    sorted,
  } = useSort(id, given, pages, 'rows' in props ? props.rows : props.pages.items);
  const [chosenKeys, setChosenKeys] = useState<ReadonlySet<string>>(new Set());
  const chosen = bulk ? sorted.filter((row) => chosenKeys.has(rowKey(row))) : [];
  const choose = (keys: readonly string[], on: boolean) =>
    setChosenKeys((before) => {
      const after = new Set(before);
      for (const key of keys) {
        if (on) after.add(key);
        else after.delete(key);
      }
      return after;
    });
  const table = useRef<HTMLTableElement>(null);
  const printing = usePrinting();
  const virtual = useVirtual(table, printing ? 0 : sorted.length);
  useFit(table, virtual !== null && `${columns.map(([name]) => name)} ${currentLanguage()}`);
  const scrollTo = (index: number) => {
    if (virtual) virtual.scrollToIndex(index, { align: 'start' });
    else rowAt(table.current, index)?.scrollIntoView({ block: 'start' });
  };
  usePlace(id, pages, table, scrollTo);
  const end = useReadOn(pages);
  const uid = useId();
  const naming = columns.filter(([, c]) => c.heads || c.names);
  const naturalRows: Shown[] = sorted.map((_, index) => ({ index, gap: 0 }));
  const { shown, below } = virtual ? inView(virtual) : { shown: naturalRows, below: 0 };
  const width = columns.length + (bulk ? 1 : 0);
  const total = pages && totalOf(pages);
  const keys = sorted.map(rowKey);
  const allChosen = chosen.length > 0 && chosen.length === sorted.length;

  const body = (
    <table
      class="table"
      ref={table}
      aria-rowcount={pages ? (total !== null && total <= MOST_COUNTED ? total + 1 : -1) : undefined}
    >
      <caption class="sr-only">{caption}</caption>
      <thead>
        <tr aria-rowindex={pages ? 1 : undefined}>
          {bulk && (
            <th scope="col" class="chooses">
              <input
                type="checkbox"
                aria-label={t('table.chooseAll')}
                checked={allChosen}
                indeterminate={chosen.length > 0 && !allChosen}
                onChange={(e) => choose(keys, e.currentTarget.checked)}
              />
            </th>
          )}
          {columns.map(([name, c]) => (
            <th
              key={name}
              scope="col"
              data-numeric={c.numeric}
              aria-sort={fieldOf(sort) !== name ? undefined : sort.startsWith('-') ? 'descending' : 'ascending'}
            >
              {press(name) ? (
                <button type="button" class="sorts" onClick={press(name)!}>
                  {c.label}
                </button>
              ) : (
                c.label
              )}
            </th>
          ))}
        </tr>
      </thead>
      <tbody onKeyDown={(event) => moveByKey(event, sorted.length, scrollTo, table)}>
        {shown.map(({ index: at, gap }) => {
          const row = sorted[at]!;
          const nameOf = (c: Column<T>) => `${uid}-${at}-${columns.findIndex(([, one]) => one === c)}`;
          const named = naming.map(([, c]) => c);
          return (
            <Fragment key={keys[at]}>
              {gap > 0 && <Gap height={gap} width={width} />}
              <tr
                ref={virtual?.measureElement}
                data-index={at}
                data-tone={tone?.(row)}
                aria-rowindex={pages ? at + 2 : undefined}
                data-chosen={bulk ? chosenKeys.has(keys[at]!) : undefined}
              >
                {bulk && (
                  <td class="chooses">
                    <input
                      type="checkbox"
                      id={`${uid}-${at}-choose`}
                      aria-label={t('table.choose')}
                      aria-labelledby={[`${uid}-${at}-choose`, ...named.map(nameOf)].join(' ')}
                      checked={chosenKeys.has(keys[at]!)}
                      onChange={(e) => choose([keys[at]!], e.currentTarget.checked)}
                    />
                  </td>
                )}
                {columns.map(([name, c]) => {
                  const own = named.includes(c) ? nameOf(c) : undefined;
                  const content = (
                    <RowName.Provider
                      value={named
                        .filter((other) => other !== c)
                        .map(nameOf)
                        .join(' ')}
                    >
                      <div class="cell">
                        {own ? (
                          <div class="names-row" id={own}>
                            {c.cell(row)}
                          </div>
                        ) : (
                          c.cell(row)
                        )}
                        {c.below?.(row)}
                      </div>
                    </RowName.Provider>
                  );
                  return c.heads ? (
                    <th key={name} scope="row" data-label={c.label}>
                      {content}
                    </th>
                  ) : (
                    <td key={name} data-label={c.label} data-numeric={c.numeric}>
                      {content}
                    </td>
                  );
                })}
              </tr>
            </Fragment>
          );
        })}
        {below > 0 && <Gap height={below} width={width} />}
      </tbody>
      <Totals
        columns={columns}
        rows={sorted}
        whole={!pages || (!pages.more && pages.state === 'ready')}
        chooses={!!bulk}
      />
    </table>
  );

  const once = useRef(false);
  once.current ||= sorted.length > 0;
  const tools = id && (
    <div class="table-tools">
      {chosen.length > 0 && bulk ? (
        <fieldset class="table-bulk" aria-label={t('table.chosen', { count: chosen.length })}>
          <p class="tabular" role="status">
            {t('table.chosen', { count: chosen.length })}
          </p>
          {bulk(chosen)}
          <Button size="small" kind="bare" label={t('table.chooseNone')} onClick={() => setChosenKeys(new Set())} />
        </fieldset>
      ) : (
        pages && <Counted list={props as PagedProps<T>} />
      )}
      <SortBy columns={columns.filter(([name]) => fields.includes(name))} sort={sort} onSort={sortAs} />
      {exports && sorted.length > 0 && (
        <ExportRows
          name={id}
          columns={columns.map(([, c]) => c)}
          chosen={chosen}
          all={pages?.all ?? (async () => ({ ok: true, value: sorted }))}
        />
      )}
      <ChooseColumns columns={offered} hidden={hidden} onHidden={setHidden} />
    </div>
  );
  if (!pages)
    return (
      <>
        {tools}
        {body}
      </>
    );
  const { empty } = props as PagedProps<T>;
  const { items, state, error, more, reload } = pages;
  return (
    <div class="card table-card" aria-busy={state !== 'ready'}>
      <ErrorNote error={error} onRetry={reload} />
      {(items.length > 0 || (once.current && state === 'first')) && (
        <>
          {tools}
          {body}
        </>
      )}
      {items.length === 0 && state === 'first' && <Skeleton rows={6} />}
      {items.length === 0 && state === 'ready' && !error && <Empty {...empty} />}
      {items.length > 0 && (!id || more || state === 'more') && (
        <footer class="table-foot" ref={end}>
          {id ? <span /> : <Counted list={props as PagedProps<T>} />}
          {(more || state === 'more') && (
            <Button label={t(more ? 'table.more' : 'table.loading')} onClick={() => more?.()} disabled={!more} />
          )}
        </footer>
      )}
    </div>
  );
}

/** How many rows there are, or are shown so far. */
function Counted<T>({ list: { pages, counted = 'entries' } }: { list: PagedProps<T> }) {
  const total = totalOf(pages);
  const { items, more, state } = pages;
  return (
    <p class="muted tabular" role="status">
      {total === null
        ? t(more || state === 'more' ? 'table.shown' : `table.${counted}`, { count: items.length })
        : total > MOST_COUNTED
          ? t('table.moreThan', { number: MOST_COUNTED.toLocaleString(currentLanguage()) })
          : t(`table.${counted}`, { count: total })}
    </p>
  );
}

/** Of the whole list; null: not known. */
function totalOf<T>({ items, more, state, first }: List<T>): number | null {
  if (!more && state === 'ready') return items.length;
  return (first as { total?: number | null } | null)?.total ?? null;
}

interface TotalsProps<T> {
  columns: readonly (readonly [string, Column<T>])[];
  rows: readonly T[];
  whole: boolean;
  chooses: boolean;
}

/** What numeric columns come to. */
function Totals<T>({ columns, rows, whole, chooses }: TotalsProps<T>) {
  const of = ({ total }: Column<T>) => (typeof total === 'function' ? (whole ? total(rows) : undefined) : total);
  const sums = columns.map(([, c]) => (rows.length > 1 ? of(c) : undefined));
  if (sums.every((sum) => sum === undefined || sum === null)) return null;
  return (
    <tfoot>
      <tr>
        {chooses && <td class="chooses" />}
        {columns.map(([name, c], i) =>
          c.heads ? (
            <th key={name} scope="row">
              {t('table.total')}
            </th>
          ) : (
            <td key={name} data-label={c.label} data-numeric={c.numeric}>
              {sums[i]}
            </td>
          ),
        )}
      </tr>
    </tfoot>
  );
}

interface SortByProps {
  columns: readonly (readonly [string, Pick<Column<never>, 'label'>])[];
  sort: string;
  onSort: (sort: string) => void;
}

/** How rows that are cards are sorted: they have no head to press on. */
function SortBy({ columns, sort, onSort }: SortByProps) {
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

interface ChooseColumnsProps {
  columns: readonly (readonly [string, Pick<Column<never>, 'label' | 'heads'>])[];
  hidden: readonly string[];
  onHidden: (hidden: readonly string[]) => void;
}

/** Which columns are shown; what names a row always is. */
function ChooseColumns({ columns, hidden, onHidden }: ChooseColumnsProps) {
  const id = useId();
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="button button-small chooses-columns" popovertarget={id}>
        <IconSettings />
        {t('table.columns')}
      </button>
      <fieldset
        id={id}
        popover="auto"
        class="menu card"
        aria-label={t('table.columns')}
        onToggle={(event) => setOpen(event.newState === 'open')}
      >
        {open &&
          columns.map(
            ([name, { label, heads }]) =>
              !heads && (
                <CheckField
                  key={name}
                  label={label}
                  checked={!hidden.includes(name)}
                  onChecked={(on) => onHidden(on ? hidden.filter((one) => one !== name) : [...hidden, name])}
                />
              ),
          )}
      </fieldset>
    </>
  );
}

/** Which columns this browser does not show: names of columns alone are kept, nothing of the rows. */
function useHidden(id: string | undefined): [readonly string[], (hidden: readonly string[]) => void] {
  const name = `table.${id}`;
  const [hidden, setHidden] = useState<readonly string[]>(() =>
    (id ? (kept(name) ?? '') : '').split(' ').filter(Boolean),
  );
  return [
    hidden,
    (next) => {
      setHidden(next);
      keep(name, next.join(' '));
    },
  ];
}

/**
 * How the rows are sorted, and what a press on a column does: from the least on, from the largest on, as the list is by
 * itself. Rows that are all here are sorted here.
 */
function useSort<T>(
  id: string | undefined,
  columns: Readonly<Record<string, Column<T>>>,
  pages: List<T> | null,
  rows: readonly T[],
) {
  const [local, setLocal] = useState<string | null>(null);
  const { fields = [], byDefault = '' } = pages
    ? (pages.sorting ?? {})
    : { fields: Object.keys(columns).filter((name) => columns[name]!.sort) };
  const asked = id ? route.value.query.get('sort') : local;
  const sort = asked !== null && fields.includes(fieldOf(asked)) ? asked : byDefault;
  const choose = (next: string): void => {
    const wanted = next === byDefault ? null : next;
    if (id) setQuery({ sort: wanted, row: null });
    else setLocal(wanted);
  };
  const press = (name: string): (() => void) | null => {
    if (!fields.includes(name)) return null;
    const next = sort === name ? `-${name}` : sort !== `-${name}` || byDefault === sort ? name : byDefault;
    return () => choose(next);
  };
  const by = pages ? undefined : columns[fieldOf(sort)]?.sort;
  return { sort, press, fields, choose, sorted: by ? sortedBy(rows, by, sort.startsWith('-')) : rows };
}

/** In the order of the page's language; what has no value comes first, as in lists of the server. */
function sortedBy<T>(rows: readonly T[], by: NonNullable<Column<T>['sort']>, down: boolean): readonly T[] {
  const collator = new Intl.Collator(currentLanguage(), { numeric: true });
  const compare = (a: string | number | null, b: string | number | null): number => {
    if (a === null || b === null) return Number(a !== null) - Number(b !== null);
    return typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));
  };
  return rows.toSorted((a, b) => (down ? -1 : 1) * compare(by(a), by(b)));
}

/** In the place of rows that are not in the page. */
const Gap = ({ height, width }: { height: number; width: number }) => (
  // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in it takes the focus
  <tr class="gap" aria-hidden="true">
    <td colSpan={width} style={{ height: `${height}px` }} />
  </tr>
);

interface BulkButtonProps<T, A> extends Pick<ButtonProps, 'kind' | 'icon'> {
  label: string;
  rows: readonly T[];
  write: (row: T) => Promise<Answer<A>>;
  ask?: Question;
  /** Also after only some were done. */
  done: () => void;
}

/** Does one thing with each of the rows that were chosen, one after the other, as far as it goes. */
export function BulkButton<T, A>({ rows, write, ask, done, label, ...button }: BulkButtonProps<T, A>) {
  const { busy, error, run } = useWrite();
  const each = async (): Promise<Answer<number>> => {
    for (const row of rows) {
      const answer = await write(row);
      if (!answer.ok) {
        done();
        return answer;
      }
    }
    return { ok: true, value: rows.length };
  };
  return (
    <>
      <ErrorNote error={error} />
      <Button
        size="small"
        {...button}
        label={label}
        disabled={busy}
        onClick={() => void run(each, { ask, say: (count) => t('table.bulkDone', { count }), done })}
      />
    </>
  );
}

/** Ids of what names the row around, but for the cell around; empty: outside of a row. */
const RowName = createContext('');

/**
 * A button of a row, of a table or a list. Its name for a screen reader goes on with what names the row: which of all the rows
 * it is about.
 *
 * @param of in a list: the id of what names the row
 */
export function RowButton({ of, ...button }: ButtonProps & { of?: string }) {
  const id = useId();
  const named = useContext(RowName);
  const names = of ?? named;
  return <Button id={id} aria-labelledby={names ? `${id} ${names}` : undefined} {...button} />;
}

interface ReadingProps {
  of: Omit<Resource<unknown>, 'replace'>;
  rows: number;
  error?: ApiError | null;
}

/** What stands for something until it is read: rows to be, or why it can't be read. @param error of a write, which comes first */
export function Reading({ of, rows, error }: ReadingProps) {
  return (
    <>
      <ErrorNote error={error ?? of.error} onRetry={error ? undefined : of.reload} />
      {of.value === null && of.loading && <Skeleton rows={rows} />}
    </>
  );
}

/** Where rows are going to be. */
export function Skeleton({ rows }: { rows: number }) {
  return (
    <div class="skeleton">
      <p class="sr-only" role="status">
        {t('table.loading')}
      </p>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} class="skeleton-row" aria-hidden="true" />
      ))}
    </div>
  );
}
