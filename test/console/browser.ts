import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, expect, type Page } from '@playwright/test';
import { generateSync } from 'otplib';

/** The console and the portal in real Chromium. Screenshots are saved in test/artefacts/screens. */
const SCREENS = join(import.meta.dirname, '../artefacts/screens');

export const SIZES = { desk: [1280, 800], wall: [1080, 1920], narrow: [390, 844] } as const;

/** Opens a person's own browser and collects its pages' errors. */
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

/** Signs in by the link of the server's own account, with one click. */
export async function enterByLink(page: Page, link: string, button = 'Sign in'): Promise<void> {
  await page.goto('about:blank');
  await page.goto(link);
  await page.getByRole('button', { name: button, exact: true }).click();
}

/** Requires that axe finds nothing, light and dark. Includes targets of 24 px, a WCAG 2.2 AA rule that is off by default. */
export async function axe(page: Page, schemes: readonly ('light' | 'dark')[] = ['light', 'dark']): Promise<void> {
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await new AxeBuilder({ page })
      .options({ rules: { 'target-size': { enabled: true } } })
      .analyze();
    // The analysis ends in a separate tab, which may take the focus.
    await page.bringToFront();
    expect(violations.map((v) => `${colorScheme} ${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`)).toEqual([]);
  }
}

/** Saves screenshots in light and dark at these sizes. Leaves the page at desktop size. */
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

/** Saves a screenshot of the page as it is, including the focus. */
export const still = (page: Page, name: string, area = 'console'): Promise<Buffer> =>
  page.screenshot({ path: join(SCREENS, `${area}-${name}-${page.viewportSize()!.width}.png`) });

/** Names elements that extend sideways beyond their card or the page, or are cut off there. */
const astray = (): string[] => {
  const root = document.documentElement;
  const found = root.scrollWidth > root.clientWidth ? [`the page: ${root.scrollWidth} > ${root.clientWidth}`] : [];
  for (const one of document.querySelectorAll<HTMLElement>('main *, .dialog *')) {
    const { overflowX, clipPath, visibility } = getComputedStyle(one);
    const { left, right, width, height } = one.getBoundingClientRect();
    if (width * height === 0 || clipPath !== 'none' || visibility === 'hidden') continue;
    // Charts clip their own content; text for screen readers only has no place.
    if (one.closest('svg, canvas, .uplot, .sr-only, thead')) continue;
    const name = `${one.tagName.toLowerCase()}.${one.className} “${(one.textContent ?? '').slice(0, 40)}”`;
    // A dialog is on top of the page, whatever opened it.
    const within = one.matches('dialog') ? root : (one.parentElement?.closest('.card, .dialog, main') ?? root);
    const card = within.getBoundingClientRect();
    if (left < card.left - 1 || right > card.right + 1)
      found.push(`${name}: ${left}–${right}, its card ${card.left}–${card.right}`);
    if (overflowX === 'hidden' && one.matches('.card') && one.scrollWidth > one.clientWidth + 1)
      found.push(`${name}: cut, ${one.scrollWidth} > ${one.clientWidth}`);
    // The text of a button, a tab or a heading must be complete.
    if (one.matches('button, .tabs a, h1, h2, h3') && overflowX !== 'visible' && one.scrollWidth > one.clientWidth + 1)
      found.push(`${name}: its text is cut, ${one.scrollWidth} > ${one.clientWidth}`);
  }
  return found.slice(0, 5);
};

/** Requires that nothing is wider than its card or the screen. */
export const fits = (page: Page, name: string): Promise<void> =>
  expect.poll(() => page.evaluate(astray), `${name} at ${page.viewportSize()!.width}: wider than its card`).toEqual([]);

/** Checks a page in a language, desktop and portrait: it loads, axe finds nothing, and nothing is out of reach sideways. */
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
  // Portrait only: the desktop size is checked in English.
  await axe(page);
  await picture(page, `${name}-${language}`, ['desk', 'wall']);
}

/** An authenticator app's code. Each works once. @param ahead half minutes from now, which the server tolerates */
export const appCode = (secret: string, ahead = 0): string =>
  generateSync({ secret, epoch: Math.floor(Date.now() / 1000) + ahead * 30 });

/** Saves changed settings: checks that the changes are shown, and confirms them. */
export async function saveSettings(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Save these changes?' });
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
}
