import { type ComponentChildren, createContext, type RefObject } from 'preact';
import { useContext, useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';
import { Button, type ButtonProps } from '../../shared/button.tsx';
import type { ApiError } from '../../shared/web/api.ts';
import { ErrorNote } from '../../shared/web/form.tsx';
import { Empty } from '../../shared/web/pieces.tsx';
import type { Pages, Resource } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';

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
}

interface TableProps<T> {
  /** What the table lists, for screen readers. */
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rowKey: (row: T) => string;
  /** Struck through, red, …: `data-tone` of the row. */
  readonly tone?: (row: T) => string | undefined;
}

/** Rows as they are. Where there is no room for the columns, each row becomes a card with its labels. */
export function Table<T>({ caption, columns: all, rowKey, tone, rows }: TableProps<T> & { rows: readonly T[] }) {
  const columns = all.filter((c) => c.when !== false);
  const table = useFit();
  const id = useId();
  const naming = columns.filter((c) => c.heads || c.names);
  return (
    <table class="table" ref={table}>
      <caption class="sr-only">{caption}</caption>
      <thead>
        <tr>
          {columns.map((c, i) => (
            <th key={i} scope="col" data-numeric={c.numeric}>
              {c.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, at) => {
          const nameOf = (c: Column<T>) => `${id}-${at}-${columns.indexOf(c)}`;
          return (
            <tr key={rowKey(row)} data-tone={tone?.(row)}>
              {columns.map((c, i) => {
                const named = naming.includes(c) ? nameOf(c) : undefined;
                const content = (
                  <RowName.Provider
                    value={naming
                      .filter((other) => other !== c)
                      .map(nameOf)
                      .join(' ')}
                  >
                    <div class="cell">
                      {named ? (
                        <div class="names-row" id={named}>
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
                  <th key={i} scope="row" data-label={c.label}>
                    {content}
                  </th>
                ) : (
                  <td key={i} data-label={c.label} data-numeric={c.numeric}>
                    {content}
                  </td>
                );
              })}
            </tr>
          );
        })}
      </tbody>
    </table>
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

/** A list by cursor: its rows, a button for more, what there is where there are none, and why where it can't be read. */
export function PagedTable<T>({
  pages,
  empty,
  counted = 'entries',
  ...table
}: TableProps<T> & {
  pages: Pages<T>;
  empty: { title: string; text?: string | undefined };
  /** What a row is, for the line below that counts them. */
  counted?: 'entries' | 'people' | 'records' | 'kiosks';
}) {
  const { items, state, error, more, reload } = pages;
  return (
    <div class="card table-card" aria-busy={state !== 'ready'}>
      <ErrorNote error={error} onRetry={reload} />
      {items.length > 0 && <Table {...table} rows={items} />}
      {items.length === 0 && state === 'first' && <Skeleton rows={6} />}
      {items.length === 0 && state === 'ready' && !error && <Empty {...empty} />}
      {items.length > 0 && (
        <footer class="table-foot">
          <p class="muted tabular" role="status">
            {t(more || state === 'more' ? 'table.shown' : `table.${counted}`, { count: items.length })}
          </p>
          {(more || state === 'more') && (
            <Button label={t(more ? 'table.more' : 'table.loading')} onClick={() => more?.()} disabled={!more} />
          )}
        </footer>
      )}
    </div>
  );
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

/** How tightly a table stands (`data-fit`, style/table.css): as it is, closer together, or each row as a card of its own. */
const FITS = ['wide', 'close', 'cards'] as const;

/** The first that its surroundings have room for: how wide words are depends on the language, so it is measured. */
function standIn(table: HTMLTableElement): void {
  const around = table.parentElement;
  // It has gone, and what watched its size is notified of that once more.
  if (!around) return;
  const { paddingInlineStart, paddingInlineEnd } = getComputedStyle(around);
  const available = around.clientWidth - Number.parseFloat(paddingInlineStart) - Number.parseFloat(paddingInlineEnd);
  // What is below stays where it is meanwhile, and with it where someone has scrolled to.
  const { minHeight } = around.style;
  around.style.minHeight = `${around.offsetHeight}px`;
  for (const how of FITS) {
    table.dataset.fit = how;
    if (table.offsetWidth <= Math.ceil(available)) break;
  }
  around.style.minHeight = minHeight;
}

/** Keeps a table as wide as its surroundings, whatever its rows, the language and the screen. */
function useFit(): RefObject<HTMLTableElement | null> {
  const table = useRef<HTMLTableElement>(null);
  useLayoutEffect(() => {
    if (table.current) standIn(table.current);
  });
  useEffect(() => {
    const here = table.current;
    if (!here) return;
    // The table itself as well: letters may come later than words.
    const observer = new ResizeObserver(() => standIn(here));
    observer.observe(here.parentElement!);
    observer.observe(here);
    return () => observer.disconnect();
  }, []);
  return table;
}
