import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, expect, type Page } from '@playwright/test';
import { generateSync } from 'otplib';

/** The console and the portal in real Chromium. Pictures land in test/artefacts/screens. */
const SCREENS = join(import.meta.dirname, '../artefacts/screens');

export const SIZES = { desk: [1280, 800], wall: [1080, 1920], narrow: [390, 844] } as const;

/** A person's own browser; what its pages complain of is collected. */
export async function openBrowser(
  browser: Browser,
  locale = 'en-GB',
): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (m) => m.type() === 'error' && complaints.push(m.text()));
  page.on('pageerror', (e) => complaints.push(e.message));
  return { context, page, complaints };
}

/** The link of the server's own account: in with one click. */
export async function enterByLink(page: Page, link: string, button = 'Sign in'): Promise<void> {
  await page.goto('about:blank');
  await page.goto(link);
  await page.getByRole('button', { name: button, exact: true }).click();
}

/** Nothing for axe to find, light and dark; and targets of 24 px, the rule of WCAG 2.2 AA that is off unless asked for. */
export async function axe(page: Page, schemes: readonly ('light' | 'dark')[] = ['light', 'dark']): Promise<void> {
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await new AxeBuilder({ page })
      .options({ rules: { 'target-size': { enabled: true } } })
      .analyze();
    // The analysis ends in a tab of its own, which may take the focus with it.
    await page.bringToFront();
    expect(violations.map((v) => `${colorScheme} ${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`)).toEqual([]);
  }
}

/** Light and dark, at these sizes; leaves the page at a desk's size. */
export async function picture(
  page: Page,
  name: string,
  sizes: readonly (keyof typeof SIZES)[] = ['desk'],
): Promise<void> {
  for (const size of sizes) {
    const [width, height] = SIZES[size];
    await page.setViewportSize({ width, height });
    await page.evaluate(() => scrollTo(0, 0));
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.screenshot({ path: join(SCREENS, `console-${name}-${width}-${colorScheme}.png`) });
    }
  }
  await page.setViewportSize({ width: SIZES.desk[0], height: SIZES.desk[1] });
}

/** As the page is now, with whatever has the focus. */
export const still = (page: Page, name: string, area = 'console'): Promise<Buffer> =>
  page.screenshot({ path: join(SCREENS, `${area}-${name}-${page.viewportSize()!.width}.png`) });

/** What sticks out of its card or of the page at its side, or is cut there: names for the person who fixes it. */
const astray = (): string[] => {
  const root = document.documentElement;
  const found = root.scrollWidth > root.clientWidth ? [`the page: ${root.scrollWidth} > ${root.clientWidth}`] : [];
  for (const one of document.querySelectorAll<HTMLElement>('main *, .dialog *')) {
    const { overflowX, clipPath, visibility } = getComputedStyle(one);
    const { left, right, width, height } = one.getBoundingClientRect();
    if (width * height === 0 || clipPath !== 'none' || visibility === 'hidden') continue;
    // Charts draw within themselves; what is for screen readers alone is nowhere.
    if (one.closest('svg, canvas, .uplot, .sr-only, thead')) continue;
    const name = `${one.tagName.toLowerCase()}.${one.className} “${(one.textContent ?? '').slice(0, 40)}”`;
    // A dialog lies over the page, whatever opened it.
    const within = one.matches('dialog') ? root : (one.parentElement?.closest('.card, .dialog, main') ?? root);
    const card = within.getBoundingClientRect();
    if (left < card.left - 1 || right > card.right + 1)
      found.push(`${name}: ${left}–${right}, its card ${card.left}–${card.right}`);
    if (overflowX === 'hidden' && one.matches('.card') && one.scrollWidth > one.clientWidth + 1)
      found.push(`${name}: cut, ${one.scrollWidth} > ${one.clientWidth}`);
    // What a button, a tab or a heading says is there as a whole.
    if (one.matches('button, .tabs a, h1, h2, h3') && overflowX !== 'visible' && one.scrollWidth > one.clientWidth + 1)
      found.push(`${name}: its text is cut, ${one.scrollWidth} > ${one.clientWidth}`);
  }
  return found.slice(0, 5);
};

/** Nothing is wider than its card or the screen. */
export const fits = (page: Page, name: string): Promise<void> =>
  expect.poll(() => page.evaluate(astray), `${name} at ${page.viewportSize()!.width}: wider than its card`).toEqual([]);

/** A page as it is in a language, at a desk and upright: loaded, without a fault for axe, and nothing out of reach at its side. */
export async function inLanguage(page: Page, url: string, name: string, language: string): Promise<void> {
  await page.goto(url);
  await page.locator('select:has(option[value=zh])').first().selectOption(language);
  await expect(page.locator('html')).toHaveAttribute('lang', language);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.locator('.skeleton')).toHaveCount(0);
  for (const size of ['desk', 'wall'] as const) {
    const [width, height] = SIZES[size];
    await page.setViewportSize({ width, height });
    await fits(page, `${name} in ${language}`);
  }
  // Upright: a desk's size is looked at in English.
  await axe(page);
  await picture(page, `${name}-${language}`, ['desk', 'wall']);
}

/** What an authenticator app shows. Each code works once: @param ahead half minutes from now, which the server forgives */
export const appCode = (secret: string, ahead = 0): string =>
  generateSync({ secret, epoch: Math.floor(Date.now() / 1000) + ahead * 30 });

/** Settings that were changed: what changes is shown, and agreed to. */
export async function saveSettings(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Save these changes?' });
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
}
