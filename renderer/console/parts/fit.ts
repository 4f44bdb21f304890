import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

/** How tightly a table stands (`data-fit`, style/table.css): as it is, closer together, or each row as a card of its own. */
const FITS = ['wide', 'close', 'cards'] as const;

/** The first that its surroundings have room for: how wide words are depends on the language, so it is measured. */
function standIn(table: HTMLTableElement): void {
  const around = table.parentElement;
  // It has gone, and what watched its size is notified of that once more.
  if (!around) return;
  const { paddingInlineStart, paddingInlineEnd } = getComputedStyle(around);
  const room = around.clientWidth - Number.parseFloat(paddingInlineStart) - Number.parseFloat(paddingInlineEnd);
  // What is below stays where it is meanwhile, and with it where someone has scrolled to.
  const { minHeight } = around.style;
  around.style.minHeight = `${around.offsetHeight}px`;
  for (const how of FITS) {
    table.dataset.fit = how;
    if (table.offsetWidth <= Math.ceil(room)) break;
  }
  around.style.minHeight = minHeight;
}

/** Keeps a table as wide as its surroundings, whatever its rows, the language and the screen. */
export function useFit(): RefObject<HTMLTableElement | null> {
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
