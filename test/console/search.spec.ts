import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { axe, enterByLink, fits, openBrowser, SIZES, still } from './browser.ts';
import { newSystem, type System } from './system.ts';
import { ask } from './walk.ts';

/** Finding people, pages, kiosks and actions: the palette, the search on the page of people, and fields for a person. */

test.describe.configure({ mode: 'serial' });
const PEOPLE = 500;
let system: System;
let context: BrowserContext;
let page: Page;
let complaints: string[];

test.beforeAll(async ({ browser }) => {
  system = await newSystem('North entrance');
  ({ context, page, complaints } = await openBrowser(browser));
  await enterByLink(page, system.server.adminLink);
  await expect(page.getByRole('heading', { name: 'North entrance' })).toBeVisible();
  const names = Array.from({ length: PEOPLE - 3 }, (_, i) => `Person ${String.fromCharCode(97 + (i % 26))}${i}`);
  await page.evaluate(async (all) => {
    for (const name of all)
      await fetch('/api/people', {
        method: 'POST',
        body: JSON.stringify({ name }),
        headers: { 'content-type': 'application/json' },
      });
  }, names);
  await ask(page, 'POST', '/api/people', { name: 'Anna Müller', number: '1001' });
  await ask(page, 'POST', '/api/people', { name: 'Anna Møller', number: '1002' });
  await ask(page, 'POST', '/api/people', { name: 'ليلى الحسن', number: '1003' });
});
test.afterAll(async () => {
  await context?.close();
  await system?.close();
});

const box = () => page.getByRole('combobox', { name: /^(Search|Suchen|بحث)$/ });
const option = (name: string | RegExp) => page.getByRole('option', { name });
const chosen = () => page.locator('[role="option"][aria-selected="true"]');
const size = ([width, height]: readonly [number, number]) => page.setViewportSize({ width, height });

test('one person among 500 is two clicks away from any page, and their name is in no page or request address', async () => {
  const seen: string[] = [];
  page.on('request', (request) => seen.push(request.url()));
  page.on('framenavigated', (frame) => seen.push(frame.url()));
  await page.goto(system.at('jobs'));
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.getByRole('button', { name: 'Search' }).click();
  await page.keyboard.type('muller anna');
  await option(/Anna Müller/).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Anna Müller' })).toBeVisible();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  expect(seen.filter((url) => /anna|m.ller/i.test(decodeURIComponent(url)))).toEqual([]);
});

test('an administrator searching for the audit log is shown which roles may read it, and how to grant one', async () => {
  await page.keyboard.press('Control+k');
  await page.keyboard.type('audit');
  await option('Audit log').click();
  await expect(page.getByRole('heading', { level: 1, name: 'Audit log' })).toBeVisible();
  const main = page.getByRole('main');
  await expect(main).toContainText('Auditors and data protection officers read it');
  await axe(page);
  await main.getByRole('link', { name: 'Accounts' }).last().click();
  await expect(page.getByRole('heading', { level: 1, name: 'Accounts' })).toBeVisible();
});

test('by keyboard alone: open, type with a typo, choose, go', async () => {
  await page.keyboard.press('Control+k');
  await expect(box()).toBeFocused();
  await page.keyboard.type('ana mueler');
  await expect(page.getByText('No matches.')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(box()).toHaveValue('');
  await page.keyboard.type('anna mulelr');
  await expect(option(/Anna Müller/)).toBeVisible();
  await expect(option(/Anna/)).toHaveCount(1);
  await box().fill('anna');
  await expect(option(/Anna M/)).toHaveCount(2);
  await expect(chosen()).toHaveText(/Anna Møller/);
  await expect(box()).toHaveAttribute('aria-activedescendant', (await chosen().getAttribute('id'))!);
  await page.keyboard.press('ArrowDown');
  await expect(chosen()).toHaveText(/Anna Müller/);
  await expect(box()).toHaveAttribute('aria-activedescendant', (await chosen().getAttribute('id'))!);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Anna Müller' })).toBeVisible();
  await page.keyboard.press('Meta+k');
  await expect(box()).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('a setting is found by topic, and opens', async () => {
  await page.keyboard.press('Control+k');
  await box().fill('late arrivals');
  await option('Work starts at').click();
  await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible();
  await expect(page.getByRole('searchbox', { name: 'Find a setting' })).toHaveValue('Work starts at');
  await expect(page.getByLabel('Work starts at')).toBeVisible();
  await expect(page.getByLabel('Ignore repeat check-ins')).toHaveCount(0);
  await page.goBack();
});

test('the number of further matches is shown until all fit the list', async () => {
  const zone = { timeZone: 'UTC', dayStartsAt: '00:00' };
  for (let i = 1; i <= 8; i++) await ask(page, 'POST', '/api/sites', { name: `Depot ${i}`, ...zone });
  await page.reload();
  await expect(page.locator('.rail')).toBeVisible();
  await page.keyboard.press('Control+k');
  const left = (count: number) => page.getByRole('group').getByText(`and ${count} more: type more letters`);
  await expect(page.getByRole('group', { name: 'Pages' }).getByText(/^and \d+ more: type more letters$/)).toBeVisible();
  await box().fill('depot');
  await expect(page.getByRole('group', { name: 'Sites' }).getByRole('option')).toHaveCount(6);
  await expect(left(2)).toBeVisible();
  await expect(page.getByRole('dialog').getByRole('status')).toContainText('6 results and 2 more');
  await axe(page);
  await box().fill('depot 8');
  await expect(option('Depot 8')).toBeVisible();
  await expect(left(2)).toHaveCount(0);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('pages, kiosks and actions are found as well', async () => {
  const goes = async (typed: string, name: RegExp, heading: string) => {
    await page.keyboard.press('Control+k');
    await box().fill(typed);
    await option(name).click();
    await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
  };
  await goes('evac', /roll call/, 'Evacuation');
  await goes('set', /Settings/, 'Settings');
  await goes('add a', /Add a person/, 'People');
  await expect(page.getByRole('dialog').getByLabel('Name', { exact: true })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  expect(page.url()).not.toContain('add');
});

test('a late answer is dropped, and an error has a next step and can be retried', async () => {
  let late: (() => void) | null = null;
  await page.route(/people\/search/, async (route) => {
    if (route.request().postDataJSON().q !== 'person') return route.continue();
    await new Promise<void>((resolve) => {
      late = resolve;
    });
    await route.continue().catch(() => undefined);
  });
  await page.keyboard.press('Control+k');
  await box().fill('person');
  await expect.poll(() => late !== null).toBe(true);
  await box().fill('anna');
  await expect(option(/Anna/)).toHaveCount(2);
  late!();
  await expect(option(/Anna/)).toHaveCount(2);
  await expect(option(/Person/)).toHaveCount(0);
  await page.unroute(/people\/search/);
  await page.route(/people\/search/, (route) => route.abort());
  await box().fill('zzz');
  await expect(page.getByRole('alert')).toBeVisible();
  await still(page, 'search-error');
  await axe(page);
  await page.unroute(/people\/search/);
  await page.getByRole('alert').getByRole('button').click();
  await expect(page.getByText('No matches.')).toBeVisible();
  await still(page, 'search-none');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
});

test('the people page shows the matches, and its address does not reveal the search', async () => {
  await page.goto(system.at('people'));
  await page.getByRole('searchbox', { name: 'Search' }).fill('møller');
  const rows = page.locator('main tbody tr');
  await expect(rows).toHaveCount(2);
  await expect(rows.first()).toContainText('Anna');
  expect(page.url()).toMatch(/#\/people$/);
  await axe(page);
  await still(page, 'people-search');
  await page.getByRole('searchbox', { name: 'Search' }).fill('1003');
  await expect(rows).toHaveCount(1);
  await page.getByRole('link', { name: 'ليلى الحسن' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'ليلى الحسن' })).toBeVisible();
});

test('a record and a legal hold can be given a person found by name', async () => {
  await page.goto(system.at('attendance'));
  await page.getByRole('button', { name: 'Add record' }).click();
  const person = page.getByRole('dialog').getByRole('combobox', { name: 'Person' });
  await expect(person).toBeFocused();
  await person.fill('ليلي');
  await expect(option(/ليلى/)).toBeVisible();
  await still(page, 'person-field');
  await axe(page);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toContainText('ليلى الحسن');
  await page.goto(system.at('retention'));
  await page.getByRole('button', { name: 'Add legal hold' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Reason').fill('Case 7');
  await dialog.getByRole('combobox', { name: 'Person' }).fill('muller');
  await option(/Anna Müller/).click();
  await dialog.getByRole('button', { name: 'Add legal hold' }).click();
  await expect(page.getByText('Case 7')).toBeVisible();
});

test('it fits and passes axe in every language, light and dark, wide and narrow', async () => {
  for (const [language, typed] of [
    ['en', 'anna'],
    ['de', 'anna'],
    ['ar', 'ليلى'],
  ] as const) {
    await size(SIZES.desk);
    await page.goto(system.at('home'));
    await page
      .getByLabel(/Language|Sprache|اللغة/)
      .first()
      .selectOption(language);
    await expect(page.locator('html')).toHaveAttribute('lang', language);
    for (const shape of ['desk', 'narrow'] as const) {
      await size(SIZES[shape]);
      await page.getByRole('button', { name: /^(Search|Suchen|بحث)/ }).click();
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await still(page, `palette-empty-${language}-${colorScheme}`);
      }
      await box().fill(typed);
      await expect(option(new RegExp(typed, 'i')).first()).toBeVisible();
      await fits(page, `palette in ${language}`);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await still(page, `palette-${language}-${colorScheme}`);
      }
      if (shape === 'desk') await axe(page);
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await expect(page.getByRole('dialog')).toHaveCount(0);
    }
  }
  expect(complaints.filter((c) => !/ERR_FAILED|status of 4/.test(c))).toEqual([]);
});
