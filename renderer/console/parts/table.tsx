import { type ComponentChildren, type ComponentProps, createContext } from 'preact';
import { useContext, useId } from 'preact/hooks';
import { t } from '../../shared/i18n.ts';
import type { Pages } from '../core/resource.ts';
import { Empty } from './empty.tsx';
import { useFit } from './fit.ts';
import { RefusalNote } from './form.tsx';

export interface Column<T> {
  readonly key: string;
  readonly label: string;
  readonly cell: (row: T) => ComponentChildren;
  /** Figures and times: aligned at their end. */
  readonly figures?: boolean;
  /** Names the row: its cell is the row's header. */
  readonly heads?: boolean;
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
export function Table<T>({ caption, columns, rowKey, tone, rows }: TableProps<T> & { rows: readonly T[] }) {
  const table = useFit();
  const id = useId();
  const headed = columns.some((c) => c.heads);
  return (
    <table class="table" ref={table}>
      <caption class="sr-only">{caption}</caption>
      <thead>
        <tr>
          {columns.map((c) => (
            <th key={c.key} scope="col" data-figures={c.figures}>
              {c.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={rowKey(row)} data-tone={tone?.(row)}>
            {columns.map((c) => {
              const head = `${id}-${rowKey(row)}`;
              const content = (
                <RowHead.Provider value={headed && !c.heads ? head : null}>
                  <div class="cell">{c.cell(row)}</div>
                </RowHead.Provider>
              );
              return c.heads ? (
                <th key={c.key} id={head} scope="row" data-label={c.label}>
                  {content}
                </th>
              ) : (
                <td key={c.key} data-label={c.label} data-figures={c.figures}>
                  {content}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Id of the header of the row around; null: outside of a row, or within the header itself. */
const RowHead = createContext<string | null>(null);

/** A button of a row. Its name for a screen reader goes on with the row's header: which of all the rows it is about. */
export function RowButton({ class: looks = 'quiet', ...button }: ComponentProps<'button'>) {
  const id = useId();
  const head = useContext(RowHead);
  return (
    <button type="button" class={looks} id={id} aria-labelledby={head ? `${id} ${head}` : undefined} {...button} />
  );
}

/** A list by cursor: its rows, a button for more, what there is where there are none, and why where it can't be read. */
export function PagedTable<T>({
  pages,
  empty,
  ...table
}: TableProps<T> & { pages: Pages<T>; empty: { title: string; text?: string | undefined } }) {
  const { items, state, refusal, more, reload } = pages;
  return (
    <div class="card table-card" aria-busy={state !== 'ready'}>
      <RefusalNote refusal={refusal} onAgain={reload} />
      {items.length > 0 && <Table {...table} rows={items} />}
      {items.length === 0 && state === 'first' && <Skeleton rows={6} />}
      {items.length === 0 && state === 'ready' && !refusal && <Empty {...empty} />}
      {items.length > 0 && (
        <footer class="table-foot">
          <p class="muted tabular" role="status">
            {t(more || state === 'more' ? 'table.shown' : 'table.all', { count: items.length })}
          </p>
          {(more || state === 'more') && (
            <button type="button" class="quiet" onClick={() => more?.()} aria-disabled={!more}>
              {t(more ? 'table.more' : 'table.loading')}
            </button>
          )}
        </footer>
      )}
    </div>
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
