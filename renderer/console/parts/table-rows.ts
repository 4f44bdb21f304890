import {
  defaultRangeExtractor,
  observeWindowOffset,
  observeWindowRect,
  Virtualizer,
  windowScroll,
} from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks';
import type { Pages } from '../../shared/web/resource.tsx';
import { noteQuery, route } from '../../shared/web/router.ts';

/** How a table handles its rows while the user scrolls: which are rendered, its column widths, its place in the address. */

/** Number of rows from which only those in view, and some around them, are rendered. */
const VIRTUAL_FROM = 100;
/** Rows rendered above and below those in view. */
const AROUND = 15;
/** Most rows loaded, page by page, to restore a list's position. */
const MOST_RESTORED = 2000;
/** How far before the end of a list the next page is requested, px. */
const AHEAD_PX = 800;
/** Space kept free above a row that is scrolled to, px; same as `scroll-margin-block` in style/table.css. */
const HEAD_PX = 48;
/** How long after scrolling has stopped the top row is put into the address, ms. */
const SETTLED_MS = 200;

export interface Shown {
  readonly index: number;
  /** Height of the rows left out before it, px. */
  readonly gap: number;
}

type RowsInView = Virtualizer<Window, HTMLTableRowElement>;

/** Virtualises long tables. Null if all rows are rendered. */
export function useVirtual(table: RefObject<HTMLTableElement | null>, rows: number): RowsInView | null {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const [margin, setMargin] = useState(0);
  const on = rows > VIRTUAL_FROM;
  const options = {
    count: on ? rows : 0,
    getScrollElement: () => window,
    estimateSize: () => 52,
    overscan: AROUND,
    scrollMargin: margin,
    // Below the table's head, which is sticky.
    scrollPaddingStart: HEAD_PX,
    initialOffset: () => scrollY,
    observeElementRect: observeWindowRect,
    observeElementOffset: observeWindowOffset,
    scrollToFn: windowScroll,
    onChange: () => redraw(undefined),
    // The focused row stays rendered wherever the user scrolls.
    rangeExtractor: (range: Parameters<typeof defaultRangeExtractor>[0]) => {
      const shown = defaultRangeExtractor(range);
      const held = Number(
        table.current?.contains(document.activeElement) ? indexOf(document.activeElement) : Number.NaN,
      );
      return Number.isNaN(held) || shown.includes(held) || held >= rows
        ? shown
        : [...shown, held].sort((a, b) => a - b);
    },
  } as const;
  const made = useRef<RowsInView>(undefined);
  made.current ??= new Virtualizer<Window, HTMLTableRowElement>(options as never);
  const virtual = made.current;
  virtual.setOptions(options as never);
  useLayoutEffect(() => virtual._didMount(), []);
  useLayoutEffect(() => {
    virtual._willUpdate();
    const body = table.current?.tBodies[0];
    if (on && body) setMargin(Math.round(body.getBoundingClientRect().top + scrollY));
  });
  return on ? virtual : null;
}

export function inView(virtual: RowsInView): { shown: Shown[]; below: number } {
  let end = virtual.options.scrollMargin;
  const shown = virtual.getVirtualItems().map((item) => {
    const gap = Math.max(0, item.start - end);
    end = item.end;
    return { index: item.index, gap };
  });
  return { shown, below: Math.max(0, virtual.getTotalSize() + virtual.options.scrollMargin - end) };
}

/** Whether the page is being printed, when all loaded rows are rendered. */
export function usePrinting(): boolean {
  const [printing, setPrinting] = useState(false);
  useEffect(() => {
    const gone = new AbortController();
    addEventListener('beforeprint', () => setPrinting(true), gone);
    addEventListener('afterprint', () => setPrinting(false), gone);
    return () => gone.abort();
  }, []);
  return printing;
}

/** Loads the next page before the user reaches it. @returns ref for the end of the list */
export function useReadOn<T>(pages: Pages<T> | null): RefObject<HTMLElement | null> {
  const end = useRef<HTMLElement>(null);
  const more = useRef(pages?.more);
  more.current = pages?.more;
  useEffect(() => {
    // After an error, loading continues when the user presses the button.
    if (!end.current || !pages?.more || pages.error) return;
    // On a busy machine, entries of several frames arrive together. The last one is current.
    const observer = new IntersectionObserver((seen) => seen.at(-1)?.isIntersecting && more.current?.(), {
      rootMargin: `0px 0px ${AHEAD_PX}px`,
    });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [pages?.items.length, pages?.more === null, pages?.error]);
  return end;
}

export const rowAt = (table: HTMLTableElement | null, index: number): HTMLTableRowElement | null =>
  table?.querySelector(`tr[data-index="${index}"]`) ?? null;

const indexOf = (element: Element | null): number | undefined => {
  const index = element?.closest<HTMLElement>('tr[data-index]')?.dataset.index;
  return index === undefined ? undefined : Number(index);
};

/**
 * Keeps the top row in the address. A list restored from such an address loads up to that row.
 *
 * @param rows number of rows shown; null: not known until more of the list is loaded
 */
export function usePlace<T>(
  id: string | undefined,
  pages: Pages<T> | null,
  rows: number | null,
  table: RefObject<HTMLTableElement | null>,
  scrollTo: (index: number) => void,
): void {
  const asked = id && pages ? Number(route.peek().query.get('row')) : 0;
  const wanted = useRef(Number.isSafeInteger(asked) ? Math.min(Math.max(0, asked), MOST_RESTORED) : 0);
  useEffect(() => {
    if (!pages || wanted.current === 0 || pages.state !== 'ready' || rows === null) return;
    if (rows <= wanted.current && pages.more && !pages.error) return pages.more();
    if (rows > 0) scrollTo(Math.min(wanted.current, rows - 1));
    wanted.current = 0;
  }, [pages?.state, rows]);
  useEffect(() => {
    if (!id || !pages) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const note = () => {
      const body = table.current?.tBodies[0];
      if (!body || wanted.current > 0) return;
      const head = Math.max(0, table.current!.tHead!.getBoundingClientRect().bottom);
      const middle = ({ top, bottom }: DOMRect) => (top + bottom) / 2;
      const top = [...body.rows].find((row) => row.dataset.index && middle(row.getBoundingClientRect()) > head);
      noteQuery({ row: top && top.dataset.index !== '0' ? top.dataset.index! : null });
    };
    const gone = new AbortController();
    const scrolled = () => {
      clearTimeout(timer);
      timer = setTimeout(note, SETTLED_MS);
    };
    addEventListener('scroll', scrolled, { passive: true, signal: gone.signal });
    return () => {
      clearTimeout(timer);
      gone.abort();
    };
  }, [id, pages !== null]);
}

/** Returns a row's focusable elements. */
const stopsOf = (row: Element): HTMLElement[] => [
  ...row.querySelectorAll<HTMLElement>('a[href], button, input[type=checkbox]'),
];

/** Keys that move between rows, besides Home and End. */
const STEPS: Readonly<Record<string, (at: number, page: number) => number>> = {
  ArrowDown: (at) => at + 1,
  ArrowUp: (at) => at - 1,
  PageDown: (at, page) => at + page,
  PageUp: (at, page) => at - page,
  Home: () => 0,
  End: () => Number.POSITIVE_INFINITY,
};

/**
 * Moves by keyboard between rows, to the same position in the other row. On a row's checkbox, Enter opens the row; on its
 * link, Space selects it. Other keys keep the browser's behaviour.
 */
export function moveByKey(
  event: KeyboardEvent,
  rows: number,
  scrollTo: (index: number) => void,
  table: RefObject<HTMLTableElement | null>,
): void {
  const from = event.target as HTMLElement;
  const row = from.closest<HTMLTableRowElement>('tr[data-index]');
  // Ignore keys in a dialog opened from a row.
  if (!row || event.altKey || event.ctrlKey || event.metaKey || from.closest('dialog')) return;
  const chooser = row.querySelector<HTMLInputElement>('.chooses input');
  if (event.key === ' ' && from instanceof HTMLAnchorElement && chooser) {
    event.preventDefault();
    chooser.click();
    return;
  }
  if (event.key === 'Enter' && from === chooser) {
    row.querySelector<HTMLElement>('a[href]')?.click();
    return;
  }
  const step = STEPS[event.key];
  if (!step || !stopsOf(row).includes(from)) return;
  event.preventDefault();
  const at = Number(row.dataset.index);
  const page = Math.max(1, Math.floor(innerHeight / row.offsetHeight) - 2);
  const to = Math.min(rows - 1, Math.max(0, step(at, page)));
  const place = stopsOf(row).indexOf(from);
  const focus = (): boolean => {
    const stops = stopsOf(rowAt(table.current, to) ?? document.createElement('tr'));
    stops[Math.min(place, stops.length - 1)]?.focus();
    return stops.length > 0;
  };
  if (focus()) return;
  // The row is rendered once it is scrolled to.
  scrollTo(to);
  for (const wait of [50, 150, 400]) setTimeout(() => indexOf(document.activeElement) === at && focus(), wait);
}

/** Table layouts (`data-fit`, style/table.css): normal, compact, or each row as a card. */
const FITS = ['wide', 'close', 'cards'] as const;

/**
 * Applies the first layout that fits the available width. It is measured, since text width depends on the language.
 *
 * @param hold fixes the current column widths, whatever rows come into view
 */
function standIn(table: HTMLTableElement, hold: boolean): void {
  const around = table.parentElement;
  // The table was removed, but its ResizeObserver calls once more.
  if (!around) return;
  const { paddingInlineStart, paddingInlineEnd } = getComputedStyle(around);
  const available = around.clientWidth - Number.parseFloat(paddingInlineStart) - Number.parseFloat(paddingInlineEnd);
  // Keep the height meanwhile, so that the scroll position doesn't change.
  const { minHeight } = around.style;
  around.style.minHeight = `${around.offsetHeight}px`;
  const heads = [...table.tHead!.rows[0]!.cells];
  table.style.tableLayout = '';
  for (const head of heads) head.style.width = '';
  for (const how of FITS) {
    table.dataset.fit = how;
    if (table.offsetWidth <= Math.ceil(available)) break;
  }
  // With cards the head is not visible. Screen readers still use it, but its buttons can't be focused.
  for (const head of heads)
    for (const one of head.querySelectorAll<HTMLElement>('button, input'))
      one.tabIndex = table.dataset.fit === 'cards' ? -1 : 0;
  if (hold && table.dataset.fit !== 'cards') {
    const widths = heads.map((head) => head.offsetWidth);
    for (const [i, head] of heads.entries()) head.style.width = `${widths[i]}px`;
    table.style.tableLayout = 'fixed';
  }
  around.style.minHeight = minHeight;
}

/**
 * Keeps a table as wide as its container, for any rows, language and screen.
 *
 * @param held false if all rows are rendered; else what the columns depend on besides the width
 */
export function useFit(table: RefObject<HTMLTableElement | null>, held: string | false): void {
  const fitted = useRef<{ table: HTMLTableElement; held: string | false; watch: ResizeObserver }>(undefined);
  useLayoutEffect(() => {
    const before = fitted.current;
    const here = table.current;
    if (!here || before?.table !== here) before?.watch.disconnect();
    if (!here) {
      fitted.current = undefined;
      return;
    }
    const hold = held !== false;
    if (!hold || before?.table !== here || before.held !== held) standIn(here, hold);
    if (before?.table === here) {
      before.held = held;
      return;
    }
    let width = 0;
    const watch = new ResizeObserver(() => {
      const room = here.parentElement?.clientWidth ?? 0;
      // The table is observed too, since fonts may load later than text. But not when other rows come into view.
      if (fitted.current?.held !== false && room === width) return;
      width = room;
      standIn(here, fitted.current?.held !== false);
    });
    watch.observe(here.parentElement!);
    watch.observe(here);
    fitted.current = { table: here, held, watch };
  });
  useEffect(() => () => fitted.current?.watch.disconnect(), []);
}
