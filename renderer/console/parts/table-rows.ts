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

/** What a table does with its rows as the reader moves: which are in the page, how wide they stand, where the address says they are. */

/** Rows from which on only those in view, and some around them, are in the page. */
const VIRTUAL_FROM = 100;
/** Rows in the page above and below those in view. */
const AROUND = 15;
/** Rows that are read, page by page, to show a list as it was left. */
const MOST_RESTORED = 2000;
/** How far before its end the next page of a list is asked for, px. */
const AHEAD_PX = 800;
/** Kept free above a row that is scrolled to: as `scroll-margin-block` in style/table.css, px. */
const HEAD_PX = 48;
/** How long after the last scrolling the address says which row is on top, ms. */
const SETTLED_MS = 200;

export interface Shown {
  readonly index: number;
  /** Height of what is left out before it, px. */
  readonly gap: number;
}

type RowsInView = Virtualizer<Window, HTMLTableRowElement>;

/** Keeps long tables short: null where all rows are in the page. */
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
    // Below the head, which stays in view.
    scrollPaddingStart: HEAD_PX,
    initialOffset: () => scrollY,
    observeElementRect: observeWindowRect,
    observeElementOffset: observeWindowOffset,
    scrollToFn: windowScroll,
    onChange: () => redraw(undefined),
    // The row that has the focus stays in the page wherever one scrolls.
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

/** All rows that were read are printed. */
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

/** Reads the next page before its rows are come to. @returns where the list ends */
export function useReadOn<T>(pages: Pages<T> | null): RefObject<HTMLElement | null> {
  const end = useRef<HTMLElement>(null);
  const more = useRef(pages?.more);
  more.current = pages?.more;
  useEffect(() => {
    // What failed is tried again by who presses the button.
    if (!end.current || !pages?.more || pages.error) return;
    // On a busy machine what several frames saw comes at once: the last one says how it is now.
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
 * The address says which row is on top; a list restored from such an address loads up to it.
 *
 * @param rows shown of the list; null: which they are is not known before more of it is read
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

/** The elements of a row that the keys can focus. */
const stopsOf = (row: Element): HTMLElement[] => [
  ...row.querySelectorAll<HTMLElement>('a[href], button, input[type=checkbox]'),
];

/** Rows that one key goes over, beside Home and End. */
const STEPS: Readonly<Record<string, (at: number, page: number) => number>> = {
  ArrowDown: (at) => at + 1,
  ArrowUp: (at) => at - 1,
  PageDown: (at, page) => at + page,
  PageUp: (at, page) => at - page,
  Home: () => 0,
  End: () => Number.POSITIVE_INFINITY,
};

/**
 * From row to row: to what is in the same place there. On what chooses a row, Enter opens it; on its link, Space chooses
 * it. Everything else is as the browser has it.
 */
export function moveByKey(
  event: KeyboardEvent,
  rows: number,
  scrollTo: (index: number) => void,
  table: RefObject<HTMLTableElement | null>,
): void {
  const from = event.target as HTMLElement;
  const row = from.closest<HTMLTableRowElement>('tr[data-index]');
  // Keys of a dialog that a row has opened are its own.
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
  // It comes into the page with the scrolling.
  scrollTo(to);
  for (const wait of [50, 150, 400]) setTimeout(() => indexOf(document.activeElement) === at && focus(), wait);
}

/** How tightly a table stands (`data-fit`, style/table.css): as it is, closer together, or each row as a card of its own. */
const FITS = ['wide', 'close', 'cards'] as const;

/**
 * The first that its surroundings have room for: how wide words are depends on the language, so it is measured.
 *
 * @param hold columns stay as wide as they are now, whatever rows come into view
 */
function standIn(table: HTMLTableElement, hold: boolean): void {
  const around = table.parentElement;
  // It has gone, and what watched its size is notified of that once more.
  if (!around) return;
  const { paddingInlineStart, paddingInlineEnd } = getComputedStyle(around);
  const available = around.clientWidth - Number.parseFloat(paddingInlineStart) - Number.parseFloat(paddingInlineEnd);
  // What is below stays where it is meanwhile, and with it where someone has scrolled to.
  const { minHeight } = around.style;
  around.style.minHeight = `${around.offsetHeight}px`;
  const heads = [...table.tHead!.rows[0]!.cells];
  table.style.tableLayout = '';
  for (const head of heads) head.style.width = '';
  for (const how of FITS) {
    table.dataset.fit = how;
    if (table.offsetWidth <= Math.ceil(available)) break;
  }
  // Cards have no head that could be seen: its words stay for screen readers, and no key stops at its buttons.
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
 * Keeps a table as wide as its surroundings, whatever its rows, the language and the screen.
 *
 * @param held false: all rows are here; else what its columns depend on beside the room
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
      // The table itself as well: letters may come later than words. But not as other rows come into view.
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
