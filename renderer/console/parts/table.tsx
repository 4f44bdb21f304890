import { type ComponentChildren, Fragment } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { MOST_COUNTED } from '../../../sync/protocol/api/page.ts';
import { Button } from '../../shared/button.tsx';
import { currentLanguage, numberOf } from '../../shared/i18n.ts';
import { ErrorNote } from '../../shared/web/form.tsx';
import { Empty } from '../../shared/web/pieces.tsx';
import { t } from '../i18n.ts';
import { type Column, cellOf } from './column.tsx';
import { Skeleton } from './reading.tsx';
import { RowName, Unchoose } from './row-button.tsx';
import { ChooseColumns, useHidden } from './table-columns.tsx';
import { ExportRows } from './table-export.tsx';
import { FilterRows, useFilter } from './table-filter.tsx';
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
import { fieldOf, type List, SortBy, useSort } from './table-sort.tsx';

/** A list of up to this many rows is loaded completely if it has to be filtered or sorted here. */
const MOST_HERE = 2000;

interface TableProps<T> {
  /**
   * Name under which the browser stores the columns shown. The address has them too, with the order, the filters and, for a
   * page's main list, the scroll position, so that Back and a shared link show the same.
   */
  readonly id?: string;
  /** It is not the page's main list. */
  readonly beside?: boolean;
  readonly caption: string;
  readonly columns: Readonly<Record<string, Column<T>>>;
  readonly rowKey: (row: T) => string;
  /** The row's `data-tone`: struck through, red, … */
  readonly tone?: (row: T) => string | undefined;
  /** Actions for several rows; null: none. With it, rows can be selected. */
  readonly bulk?: ((chosen: readonly T[]) => ComponentChildren) | null | false;
  /** False if the page has its own export. */
  readonly exports?: boolean;
  /** Where the search text is kept: not in the address if it may be someone's name. Null: the page has its own search. */
  readonly search?: 'address' | 'here' | null;
}

interface PagedProps<T> {
  readonly pages: List<T>;
  readonly empty: { title: string; text?: string | undefined };
  /** Filters applied by the server, in addition to those applied here. */
  readonly filters?: ComponentChildren;
  /** What a row is, for the line with the number of rows. */
  readonly counted?: 'entries' | 'people' | 'records' | 'kiosks';
}

/**
 * A table. Columns are sorted by pressing their heads, and arrow keys move between rows. If the columns don't fit, each row
 * becomes a card with labels.
 *
 * Pass either `rows`, all of them, or the `pages` of a list. With `pages` it is a card that also shows an empty list or an
 * error, and loads more rows while scrolling.
 */
export function DataTable<T>(props: TableProps<T> & (PagedProps<T> | { readonly rows: readonly T[] })) {
  const { id, beside = false, caption, columns: given, rowKey, tone, bulk, exports = true, search = 'address' } = props;
  const pages = 'pages' in props ? props.pages : null;
  const all = 'rows' in props ? props.rows : props.pages.items;
  const offered = Object.entries(given).filter(([, c]) => c.when !== false);
  const [hidden, setHidden] = useHidden(id, beside);
  const columns = offered.filter(([name, c]) => c.heads || !hidden.includes(name));
  const able = useAble(pages);
  const filter = useFilter({ id, beside, search, able }, given, all);
  const sorting = useSort({ id, beside, able }, given, pages, filter.rows);
  const { sort, press, fields, choose: sortAs, sorted } = sorting;
  const here = filter.on || sorting.own;
  const whole = !pages || (!pages.more && pages.state === 'ready');
  /** The list is filtered or sorted here, and more of it has to be loaded for that. */
  const wanting = here && !whole && pages !== null && !pages.error && pages.items.length < MOST_HERE;
  useEffect(() => {
    if (wanting) pages?.rest?.(MOST_HERE);
  });
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
  usePlace(beside ? undefined : id, pages, wanting ? null : sorted.length, table, scrollTo);
  const end = useReadOn(pages);
  const uid = useId();
  const naming = columns.filter(([, c]) => c.heads || c.names);
  const naturalRows: Shown[] = sorted.map((_, index) => ({ index, gap: 0 }));
  const { shown, below } = virtual ? inView(virtual) : { shown: naturalRows, below: 0 };
  const width = columns.length + (bulk ? 1 : 0);
  const total = pages && (here && whole ? sorted.length : totalOf(pages));
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
                            {cellOf(c, row)}
                          </div>
                        ) : (
                          cellOf(c, row)
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
      <Totals columns={columns} rows={sorted} whole={whole} filtered={filter.on} chooses={!!bulk} />
    </table>
  );

  const once = useRef(false);
  once.current ||= all.length > 0;
  const tools = id && (
    <div class="table-tools">
      {chosen.length > 0 && bulk ? (
        <fieldset class="table-bulk" aria-label={t('table.chosen', { count: chosen.length })}>
          <p class="tabular" role="status">
            {t('table.chosen', { count: chosen.length })}
          </p>
          <Unchoose.Provider value={(done) => choose((done as readonly T[]).map(rowKey), false)}>
            {bulk(chosen)}
          </Unchoose.Provider>
          <Button size="small" kind="bare" label={t('table.chooseNone')} onClick={() => setChosenKeys(new Set())} />
        </fieldset>
      ) : (
        <>
          {pages && !filter.on && <Counted list={props as PagedProps<T>} />}
          {filter.on && (
            <p class="muted tabular" role="status">
              {t('table.filtered', {
                shown: numberOf(sorted.length),
                total: `${numberOf(all.length)}${whole ? '' : '+'}`,
              })}
            </p>
          )}
          {sorting.without && <p class="muted">{t('table.sortMost', { number: MOST_HERE })}</p>}
        </>
      )}
      <SortBy columns={columns.filter(([name]) => fields.includes(name))} sort={sort} onSort={sortAs} />
      {exports && sorted.length > 0 && (
        <ExportRows
          name={id}
          columns={columns.map(([, c]) => c)}
          chosen={chosen}
          all={async () => {
            if (!pages || (here && whole)) return { ok: true, value: sorted };
            const answer = await pages.all();
            return answer.ok ? { ok: true, value: sorting.inOrder(filter.fitting(answer.value)) } : answer;
          }}
        />
      )}
      <ChooseColumns columns={offered} hidden={hidden} onHidden={setHidden} />
    </div>
  );
  const own = filter.offered && <FilterRows filter={filter} caption={caption} />;
  const filters = 'pages' in props ? props.filters : null;
  const list = (
    <>
      {!filters && own}
      {tools}
      {filter.on && whole && sorted.length === 0 ? <Empty title={t('table.noneFit')} /> : body}
    </>
  );
  if (!pages) return list;
  const { empty } = props as PagedProps<T>;
  const { items, state, error, more, reload } = pages;
  const listed = items.length > 0 || (once.current && state === 'first');
  return (
    <div class="card table-card" aria-busy={state !== 'ready'}>
      {filters && (
        <div class="card-filters">
          {filters}
          {listed && own}
        </div>
      )}
      <ErrorNote error={error} onRetry={reload} />
      {listed && list}
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

function Counted<T>({ list: { pages, counted = 'entries' } }: { list: PagedProps<T> }) {
  const total = totalOf(pages);
  const { items, more, state } = pages;
  return (
    <p class="muted tabular" role="status">
      {total === null
        ? t(more || state === 'more' ? 'table.shown' : `table.${counted}`, { count: items.length })
        : total > MOST_COUNTED
          ? t('table.moreThan', { number: MOST_COUNTED })
          : t(`table.${counted}`, { count: total })}
    </p>
  );
}

/** Whether all rows of a list are loaded, or few enough to load. While another list is loading, the last answer holds. */
function useAble<T>(pages: List<T> | null): boolean {
  const able = useRef(false);
  if (!pages) return true;
  // Of the lists without a total, those that the server sorts may be long. Others are known to be once too much is loaded.
  const total = totalOf(pages) ?? (pages.sorting ? Number.POSITIVE_INFINITY : pages.items.length + 1);
  if (pages.state !== 'first') able.current = total <= MOST_HERE;
  return able.current;
}

/** Number of rows in the whole list; null: not known. */
function totalOf<T>({ items, more, state, first }: List<T>): number | null {
  if (!more && state === 'ready') return items.length;
  return (first as { total?: number | null } | null)?.total ?? null;
}

interface TotalsProps<T> {
  columns: readonly (readonly [string, Column<T>])[];
  rows: readonly T[];
  whole: boolean;
  filtered: boolean;
  chooses: boolean;
}

/** The totals of numeric columns. */
function Totals<T>({ columns, rows, whole, filtered, chooses }: TotalsProps<T>) {
  const of = ({ total }: Column<T>) =>
    typeof total === 'function' ? (whole ? total(rows) : undefined) : filtered ? undefined : total;
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

/** Takes the place of rows that are not rendered. */
const Gap = ({ height, width }: { height: number; width: number }) => (
  // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in it takes the focus
  <tr class="gap" aria-hidden="true">
    <td colSpan={width} style={{ height: `${height}px` }} />
  </tr>
);
