import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { temporaryFolder } from '../kit/folder.ts';
import { textOf } from '../services/printer.ts';
import { axe, enterByLink, fits, openBrowser, picture } from './browser.ts';
import { newSystem, type System } from './system.ts';

/** Reports as people use them: a period, a person, a site; the file, and on paper. */

const PEOPLE = 70;
const DAY = 86_400_000;

test.describe.configure({ mode: 'serial' });
let system: System;
let context: BrowserContext;
let page: Page;
let complaints: string[];
const folder = temporaryFolder();

const open = async (path = 'reports') => {
  await page.goto(system.at(path));
  await expect(page.locator('.skeleton')).toHaveCount(0);
};
const seen = async (name: string) => {
  await axe(page);
  await picture(page, name, ['desk', 'narrow']);
};
const field = (label: string) => page.getByLabel(label, { exact: true });
/** Rows of the table as text, cell by cell, without their buttons. */
const rows = () =>
  page.locator('main table tbody tr').evaluateAll((all) =>
    all.map((row) =>
      [...row.querySelectorAll('th, td')].map((cell) =>
        [...cell.querySelector('.cell')!.childNodes]
          .filter((node) => node.nodeName !== 'BUTTON')
          .map((node) => node.textContent)
          .join('')
          .trim(),
      ),
    ),
  );

test.beforeAll(async ({ browser }) => {
  system = await newSystem('North entrance');
  const { outbox, engine } = system;
  const today = new Date().setUTCHours(0, 0, 0, 0);
  for (let i = 0; i < PEOPLE; i += 1) {
    const person = crypto.randomUUID();
    const name = i === 0 ? 'Ada Lovelace' : `Person ${i}`;
    outbox.append('person', { change: 'added' }, { person, name, number: `10${i}`, language: 'en' });
    for (const day of [1, 2]) {
      const at = today - day * DAY + (8 * 60 + i) * 60_000;
      outbox.checkin(person, 'in', new Date(at));
      if (i % 7 !== 3) outbox.checkin(person, 'out', new Date(at + 8 * 3_600_000));
    }
  }
  engine.nudge();
  ({ context, page, complaints } = await openBrowser(browser));
  await enterByLink(page, system.server.adminLink);
});
test.afterAll(async () => {
  await context?.close();
  await system?.close();
  folder.remove();
});

test('late arrivals of a person without a start of work say that it has to be set, and for which person', async () => {
  await open();
  await page.getByRole('combobox', { name: 'Person' }).fill('ada');
  await page.getByRole('option', { name: /Ada Lovelace/ }).click();
  await field('Show').selectOption('Late arrivals only');
  await expect(page.getByText('once Settings says when work starts')).toHaveCount(1);
  await expect(page.getByText('No attendance in this period')).toHaveCount(0);
  await expect(page.locator('.person-chosen')).toContainText('Ada Lovelace');
});

test('the start of work is set in Settings, and the report then shows who was late', async () => {
  await open('settings');
  await field('Work starts at').fill('08:00');
  await field('Grace period').fill('30');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText(/Kiosks update/)).toBeVisible();
  await open();
  await field('Period').selectOption('yesterday');
  await expect(page.getByText(`${PEOPLE} people`)).toBeVisible({ timeout: 60_000 });
  const stat = (label: string) => page.locator('.report-sums .stat', { hasText: label }).locator('.stat-value');
  await expect(stat('People')).toHaveText(String(PEOPLE));
  // Minutes 31 to 69 after eight.
  await expect(stat('Late arrivals')).toHaveText('39');
  await expect(stat('Missing check-outs')).toHaveText('10');
  await expect(stat('Time on site')).toHaveText('480 h 0 min');
  await seen('reports-person');
});

test('a person’s days are found by name or from their row, and a site without people says so', async () => {
  await open();
  await field('From').fill('2020-01-01');
  await page.keyboard.press('Tab');
  await expect(page.getByText('The period is too long', { exact: false })).toBeVisible();
  const from = new Date(Date.now() - 3 * DAY).toISOString().slice(0, 10);
  await page.goto(system.at(`reports?from=${from}&to=${new Date().toISOString().slice(0, 10)}`));
  const ada = page.getByRole('row', { name: /Ada Lovelace/ });
  await ada.getByRole('button', { name: 'Show days' }).click();
  await expect(ada).toHaveCount(2);
  await expect(ada.first()).toContainText('08:00');
  await expect(field('One row per')).toHaveValue('person-day');
  await seen('reports-days');
  await page.getByRole('button', { name: 'Choose someone else' }).click();
  const who = page.getByRole('combobox', { name: 'Person' });
  await who.fill('1069');
  await page.getByRole('option', { name: /Person 69/ }).click();
  await expect(page.getByRole('row', { name: /Person 69/ })).toHaveCount(2);
  await expect(page.getByRole('row', { name: /Person 69/ }).first()).toContainText('69 min');
  await page.getByRole('button', { name: 'Clear filter' }).click();
  await open('sites');
  await page.getByRole('button', { name: 'Add site' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('South');
  await page.getByRole('dialog').getByLabel('Time zone').fill('UTC');
  await expect(page.getByRole('dialog').getByLabel('Day starts at')).toHaveValue('00:00');
  await page.getByRole('dialog').getByLabel('Day starts at').fill('04:00');
  await page.getByRole('dialog').getByRole('button', { name: 'Add site' }).click();
  await expect(page.getByText('Site added')).toBeVisible();
  await expect(page.getByRole('row', { name: /South/ })).toContainText('04:00');
  await open();
  await field('Period').selectOption('yesterday');
  await field('Site').selectOption('South');
  await expect(page.getByText('No attendance in this period')).toBeVisible();
  await field('One row per').selectOption('site');
  await expect(page.getByRole('row', { name: /South/ })).toContainText('0');
  await expect(page.getByRole('row', { name: /North entrance/ })).toContainText(String(PEOPLE));
});

test('a missing check-out is added from its row, which then disappears', async () => {
  await open('reports?by=person-day&only=missing');
  await field('Period').selectOption('yesterday');
  const row = page.getByRole('row', { name: /Person 3\b/ });
  await expect(row).toHaveCount(1); // until then, rows of a longer period are shown
  await row.getByRole('button', { name: 'Add check-out' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add record' });
  await expect(dialog).toContainText('Person 3');
  await expect(dialog.getByLabel('Time')).toBeFocused();
  await expect(dialog.getByLabel('Direction')).toHaveValue('out');
  await dialog.getByLabel('Time').fill('17:00');
  await dialog.getByLabel('Reason').fill('Forgot it');
  await seen('reports-add-out');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(row).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(row).toHaveCount(1);
});

test('the file has the same columns and rows as the page', async () => {
  await open();
  await field('Period').selectOption('yesterday');
  await field('One row per').selectOption('person-day');
  await expect(page.getByText(`${PEOPLE} entries`)).toBeVisible();
  const shown = await rows();
  expect(shown).toHaveLength(PEOPLE);
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export: CSV' }).first().click();
  const [, ...lines] = readFileSync(await (await coming).path(), 'utf8')
    .trim()
    .split('\r\n');
  const hours = (minutes: string) => `${Math.floor(Number(minutes) / 60)} h ${Number(minutes) % 60} min`;
  const time = (at: string) => (at === '' ? '–' : at.slice(11, 16));
  expect(lines.map((line) => line.split(','))).toHaveLength(PEOPLE);
  const file = lines.map((line) => {
    const [, name, number, firstIn, lastOut, late, stays, minutes, missing] = line.split(',');
    return [name, number, time(firstIn!), time(lastOut!), late ? `${late} min` : '–', stays, hours(minutes!), missing];
  });
  // The page shows the day in full.
  expect(shown.map(([, ...cells]) => cells)).toEqual(file);
});

test('the printed report has site, period, every row and a header on each page, without buttons, and in light colours even in dark mode', async () => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await open();
  await field('Period').selectOption('yesterday');
  await expect(page.getByText(`${PEOPLE} people`)).toBeVisible();
  await expect(page.locator('tbody tr[data-index]')).toHaveCount(PEOPLE);
  const pdf = join(folder.path, 'report.pdf');
  writeFileSync(pdf, await page.pdf({ format: 'A4', preferCSSPageSize: true, printBackground: true }));
  const pages = textOf(pdf).split('\f').slice(0, -1);
  expect(pages.length).toBeGreaterThan(1);
  const whole = pages.join('\n');
  expect(whole).toContain('North entrance');
  expect(whole).toContain('Ada Lovelace');
  for (let i = 1; i < PEOPLE; i += 1) expect(whole).toMatch(new RegExp(`Person ${i}\\b`));
  for (const [i, text] of pages.entries()) {
    expect(text, `head of page ${i + 1}`).toMatch(/Person\s+Number/);
    expect(text).toMatch(new RegExp(`\\b${i + 1} ?/ ?${pages.length}\\b`));
  }
  for (const word of ['CSV', 'Send by e-mail', 'Show days', 'Payroll', 'Settings', 'Period'])
    expect(whole).not.toContain(word);
  await page.emulateMedia({ media: 'print' });
  const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const ink = await page.evaluate(() => getComputedStyle(document.querySelector('.table tbody th')!).color);
  const light = (colour: string) =>
    colour
      .match(/[\d.]+/g)!
      .slice(0, 3)
      .reduce((sum, c) => sum + Number(c), 0) / 765;
  expect([light(paper) > 0.9, light(ink) < 0.4], `${paper}, ${ink}`).toEqual([true, true]);
  await page.emulateMedia({ media: 'screen', colorScheme: 'light' });
});

test('a report is loaded completely before it is printed', async () => {
  await page.evaluate(() => {
    window.print = () =>
      document.body.setAttribute('data-printed', String(document.querySelectorAll('tbody tr').length));
  });
  await page.getByRole('button', { name: 'Print' }).click();
  await expect(page.locator('body')).toHaveAttribute('data-printed', /\d+/);
});

test('cards of several people are printed together, each unbroken, and nothing else', async () => {
  await page.emulateMedia({ media: null, colorScheme: 'light' });
  await open('people');
  const chosen = page.locator('tbody tr[data-index]').filter({ has: page.getByRole('checkbox') });
  for (let i = 0; i < 9; i += 1) await chosen.nth(i).getByRole('checkbox').check();
  const names = await page.locator('tbody tr[data-chosen="true"] th a').allTextContents();
  expect(names).toHaveLength(9);
  await page.getByRole('button', { name: 'Print cards' }).click();
  await expect(page.getByRole('dialog')).toContainText('This creates 9 new cards');
  await page.getByRole('dialog').getByRole('button', { name: 'Print cards' }).click();
  await expect(page.locator('.print-card')).toHaveCount(9);
  await expect(page.getByRole('dialog')).toContainText('Print them now.');
  await seen('cards');
  const pdf = join(folder.path, 'cards.pdf');
  writeFileSync(pdf, await page.pdf({ format: 'A4', preferCSSPageSize: true, printBackground: true }));
  const pages = textOf(pdf).split('\f').slice(0, -1);
  expect(pages).toHaveLength(2);
  // Each has the identifier shown on the person's page.
  expect(pages.join('').match(/\b[0-9a-f]{8}\b/g)).toHaveLength(9);
  for (const name of names) expect(pages.filter((text) => new RegExp(`${name}\\b`).test(text))).toHaveLength(1);
  for (const word of ['Print', 'Settings', 'Last changed']) expect(pages.join('\n')).not.toContain(word);
  // Their codes can't be lost by accident.
  await page.keyboard.press('Escape');
  const asked = page.getByRole('dialog', { name: 'Close without printing' });
  await expect(asked.getByRole('button', { name: 'Close without printing' })).toBeVisible();
  await asked.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Print', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await open();
});

test('a schedule shows which personal data it sends, and says why none can be sent', async () => {
  await page.getByRole('button', { name: 'Send by e-mail' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('no names');
  await expect(dialog).toContainText('the people who run it, usually IT, to set SMTP_URL and SMTP_FROM');
  await expect(dialog.getByRole('button', { name: 'Send by e-mail' })).toBeDisabled();
  await seen('reports-send');
  await page.keyboard.press('Escape');
  await open('schedules');
  await expect(page.getByText('No report is sent by e-mail')).toBeVisible();
  await seen('schedules');
  for (const language of ['de', 'ar'])
    for (const path of ['reports', 'reports?by=person-day', 'schedules', 'statistics']) {
      await page.locator('select:has(option[value=zh])').first().selectOption(language);
      await expect(page.locator('html')).toHaveAttribute('lang', language);
      await open(path);
      await expect(page.locator('html')).toHaveAttribute('lang', language);
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 844 });
        await fits(page, `${path} in ${language}`);
      }
      await picture(page, `${path.replace('?by=', '-')}-${language}`, ['desk', 'narrow']);
    }
  expect(complaints.filter((line) => !/status of 4/.test(line))).toEqual([]);
});

test('a file has its headings in the language of the console', async () => {
  await page.locator('select:has(option[value=zh])').first().selectOption('de');
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
  for (const [path, heading] of [
    ['reports?by=person-day', 'Erstes Kommen'],
    ['attendance', 'Zeit am Standort'],
  ] as const) {
    await open(path);
    const coming = page.waitForEvent('download');
    await page.getByRole('button', { name: /CSV/ }).first().click();
    const [head = ''] = readFileSync(await (await coming).path(), 'utf8').split('\r\n');
    expect(head.split(',')).toContain(heading);
  }
});
