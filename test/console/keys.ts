import { expect, type Locator, type Page } from '@playwright/test';

/** Maximum number of tab stops of a page. A person who needs more is lost. */
const STOPS = 150;

/** What is wrong with the visible focus, or nothing. It must have a visible ring and be in a visible place. */
const unseen = (element: Element): string => {
  const shown = element.closest('.file-pick') ?? element;
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(shown);
  if (!element.matches(':focus-visible')) return 'the focus is not to be shown';
  if (outlineStyle === 'none' || Number.parseFloat(outlineWidth) < 2) return `no ring: ${outlineStyle} ${outlineWidth}`;
  if (/, 0\)$|transparent/.test(outlineColor)) return `a ring that nobody sees: ${outlineColor}`;
  const { left, right, top, bottom } = shown.getBoundingClientRect();
  const inside = (x: number, y: number) => {
    const there = document.elementFromPoint(x, y);
    return there !== null && (shown.contains(there) || there.contains(shown));
  };
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  const points = [
    [x, y],
    [x, top + 3],
    [x, bottom - 3],
    [left + 3, y],
    [right - 3, y],
  ] as const;
  return points.some(([px, py]) => inside(px, py)) ? '' : `nothing of it is on the screen: ${left} ${top}`;
};

/** A page that is used by keyboard only. */
export class Keys {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  press(key: string): Promise<void> {
    return this.page.keyboard.press(key);
  }

  /** Moves from stop to stop until this one has the focus, which must be visible. */
  async reach(to: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
    await expect(to).toHaveCount(1);
    const has = () => to.evaluate((element) => element === document.activeElement);
    for (let stop = 0; !(await has()); stop += 1) {
      expect(stop, `${to} is not reached in ${STOPS} stops`).toBeLessThan(STOPS);
      await this.press(key);
    }
    await expect.poll(() => to.evaluate(unseen), `${to}: the focus is not seen`).toBe('');
  }

  async enter(to: Locator, key?: 'Tab' | 'Shift+Tab'): Promise<void> {
    await this.reach(to, key);
    await this.press('Enter');
  }

  /** Replaces the text of a field. */
  async type(to: Locator, text: string): Promise<void> {
    await this.reach(to);
    await this.press('Control+a');
    await this.page.keyboard.type(text);
    await expect(to).toHaveValue(text);
  }

  /** Chooses one of a list with the arrow keys. */
  async choose(to: Locator, value: string): Promise<void> {
    await this.reach(to);
    await this.press('Home');
    for (let row = 0; (await to.inputValue()) !== value; row += 1) {
      expect(row, `${to} has no ${value}`).toBeLessThan(40);
      await this.press('ArrowDown');
    }
  }

  async tick(to: Locator): Promise<void> {
    await this.reach(to);
    await this.press('Space');
    await expect(to).toBeChecked();
  }

  /** The focus is always somewhere. Closing or removing an element must not lose it. */
  async held(): Promise<void> {
    const where = () => this.page.evaluate(() => document.activeElement?.tagName ?? '');
    await expect.poll(where, 'nothing has the focus').not.toBe('BODY');
  }
}
