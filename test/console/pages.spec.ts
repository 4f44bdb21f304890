import { readFileSync } from 'node:fs';
import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { FEWEST_SCORES } from '../../electron/core/statistics/statistics.ts';
import { axe, enterByLink, inLanguage, openBrowser, picture } from './browser.ts';
import { newSystem, type System } from './system.ts';

/** The pages about attendance, on a day with people in it. */
const NAMES = ['Ada Lovelace', 'Grace Hopper', 'Alan Turing', 'Jürgen Müller-Lüdenscheidt', 'محمد الخوارزمي', '王小明'];
const HOUR = 3_600_000;

test.describe.configure({ mode: 'serial' });
let system: System;
let context: BrowserContext;
let page: Page;
let complaints: string[];
let people: string[];

const open = async (path: string, heading: string) => {
  await page.goto(system.at(path));
  await expect(page.getByRole('heading', { name: heading, level: 1 })).toBeVisible();
};
const seen = async (name: string, sizes?: Parameters<typeof picture>[2]) => {
  await axe(page);
  await picture(page, name, sizes);
};

test.beforeAll(async ({ browser }) => {
  // The build and a first start take long on a machine that is busy with another suite.
  system = await newSystem('North entrance');
  const { outbox, engine } = system;
  people = NAMES.map((name, i) => {
    const person = crypto.randomUUID();
    outbox.append('person', { change: 'added' }, { person, name, number: `100${i}`, language: 'en' });
    return person;
  });
  // Some minutes ago, to be on a single day at almost any time of day.
  const now = Date.now();
  for (const [i, person] of people.entries())
    outbox.checkin(person, 'in', new Date(now - (people.length - i) * 60_000));
  outbox.checkin(people[1]!, 'out', new Date(now - 1000));
  const since = new Date(now - HOUR).toISOString();
  const statistics = {
    'guide.too-dark': 7,
    'other-method.unknown': 2,
    'score.75': 8,
    'score.80': FEWEST_SCORES,
    queue: 3,
  };
  outbox.append('health', { code: 'statistics', detail: { since, ...statistics } }, {}, new Date(now - HOUR / 2));
  outbox.append('health', { code: 'statistics', detail: { since, queue: 1 } }, {}, new Date(now - 2000));
  engine.nudge();
  ({ context, page, complaints } = await openBrowser(browser));
  await enterByLink(page, system.server.adminLink);
  await expect(page.locator('.row')).toHaveCount(7);
});
test.afterAll(async () => {
  await context?.close();
  await system?.close();
});

test('shows who is inside, and the last contact of each kiosk', async () => {
  await open('presence', 'Inside now');
  await expect(page.getByText('5 people inside')).toBeVisible();
  await expect(page.getByRole('row', { name: /Ada Lovelace/ })).toContainText('Front door');
  await expect(page.getByRole('row', { name: /Grace Hopper/ })).toHaveCount(0);
  await expect(page.locator('.known')).toContainText('Front door');
  await seen('presence', ['desk', 'narrow']);
});

test('in an evacuation the missing are red until marked as seen outside, by keyboard alone', async () => {
  await page.locator('.tabs').getByRole('link', { name: 'Evacuation' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Start roll call' }).press('Enter');
  await expect(page.locator('.stat', { hasText: 'Missing' })).toContainText('5');
  await page.getByRole('button', { name: 'Mark as accounted for Ada Lovelace' }).press('Enter');
  await expect(page.getByText('Ada Lovelace is accounted for.')).toBeVisible();
  await expect(page.locator('.stat', { hasText: 'Missing' })).toContainText('4');
  await expect(page.getByRole('row', { name: /Ada Lovelace/ })).not.toHaveAttribute('data-tone', 'bad');
  await expect(page.getByRole('row', { name: /Alan Turing/ })).toHaveAttribute('data-tone', 'bad');
  await page.locator('.toast', { hasText: 'Ada Lovelace' }).getByRole('button', { name: 'Undo' }).press('Enter');
  await expect(page.locator('.stat', { hasText: 'Missing' })).toContainText('5');
  await page.getByRole('button', { name: 'Mark as accounted for Ada Lovelace' }).press('Enter');
  await expect(page.locator('.stat', { hasText: 'Missing' })).toContainText('4');
  // A warden at the kiosk has seen someone too: the mark appears automatically, with the kiosk's name.
  const mark = { evacuation: crypto.randomUUID(), change: 'accounted' } as const;
  system.outbox.append('evacuation', mark, { person: people[2]! });
  system.engine.nudge();
  await expect(page.locator('.stat', { hasText: 'Missing' })).toContainText('3');
  await expect(page.getByRole('row', { name: /Alan Turing/ })).toContainText(/Accounted for.*Front door/i);
  await seen('evacuation', ['desk', 'narrow']);
  // At the assembly point, names are typed as on any keyboard, and in any order.
  const search = page.getByLabel('Search by name');
  const found = page.locator('main tbody tr');
  for (const [typed, name] of [
    ['muller jur', 'Jürgen Müller-Lüdenscheidt'],
    ['الخوارزمى', 'محمد الخوارزمي'],
    ['turign', 'Alan Turing'],
  ] as const) {
    await search.fill(typed);
    await expect(found).toHaveCount(1);
    await expect(found).toContainText(name);
  }
  await search.fill('');
  await page.emulateMedia({ media: 'print', colorScheme: 'light' });
  await expect(page.locator('.rail')).toBeHidden();
  await page.emulateMedia({ media: 'screen' });
  await page.getByRole('button', { name: 'End roll call' }).press('Enter');
  const ending = page.getByRole('dialog').getByRole('button', { name: 'End roll call' });
  await expect(ending).toBeDisabled();
  await page.getByRole('dialog').getByRole('textbox').fill('end');
  await ending.press('Enter');
  await expect(page.getByText('2 of 5 accounted for')).toBeVisible();
});

test('a record is voided with a reason and restored with one press, one is added, and files are exported', async () => {
  await open('attendance', 'Attendance records');
  await expect(page.getByText('7 records')).toBeVisible();
  await seen('attendance', ['desk', 'narrow']);
  const alan = page.getByRole('row', { name: /Alan Turing/ });
  await alan.getByRole('button', { name: 'Void' }).click();
  await page.getByLabel('Reason').fill('Held the door for someone else');
  await seen('correct');
  // Which of their records it is.
  await expect(page.getByRole('dialog')).toContainText(/Alan Turing In ?\d\d\/\d\d\/\d{4}/);
  await page.getByRole('dialog').getByRole('button', { name: 'Void' }).click();
  const off = page.locator('tr[data-tone="off"]', { hasText: 'Alan Turing' });
  await expect(off).toContainText('Voided by staff');
  await expect(off).toContainText('Held the door for someone else');
  await page.locator('.toast', { hasText: 'Record voided' }).getByRole('button', { name: 'Undo' }).click();
  await expect(page.locator('.toast', { hasText: 'Undone: Record voided' })).toBeVisible();
  await expect(page.locator('tr[data-tone="off"]')).toHaveCount(0);
  for (const name of ['Alan Turing', 'Grace Hopper'])
    await page
      .getByRole('checkbox', { name: new RegExp(`Select .*${name}`) })
      .first()
      .check();
  await page.locator('.table-bulk').getByRole('button', { name: 'Void' }).click();
  await expect(page.getByRole('dialog')).toContainText('2 records');
  await page.getByLabel('Reason').fill('Tested the door');
  await page.getByRole('dialog').getByRole('button', { name: 'Void' }).click();
  await expect(page.locator('tr[data-tone="off"]')).toHaveCount(2);
  const done = page.locator('.toast', { hasText: 'Void: Done for 2 rows' });
  // It is kept while the pointer is on it.
  await done.hover();
  const board = await page.context().newPage();
  await board.goto(system.at('home'));
  await expect(board.locator('[data-voided="true"]').getByRole('link', { name: 'Alan Turing' })).toHaveAttribute(
    'href',
    /people/,
  );
  await board.close();
  await done.getByRole('button', { name: 'Undo' }).click();
  await expect(page.locator('tr[data-tone="off"]')).toHaveCount(0);
  await page.getByRole('button', { name: 'Add record' }).click();
  const who = page.getByRole('dialog').getByRole('combobox', { name: 'Person' });
  await who.fill('9999');
  await expect(page.getByText('No matches.')).toBeVisible();
  await who.fill('alan');
  await expect(page.getByRole('option', { name: /Alan Turing/ })).toBeVisible();
  await who.press('Enter');
  await expect(page.getByRole('dialog')).toContainText('Alan Turing');
  await page.getByLabel('Time', { exact: true }).fill('00:00');
  await page.getByLabel('Reason').fill('Forgot to check in');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('8 records')).toBeVisible();
  for (const [format, first] of [
    ['CSV', '\uFEFF'],
    ['Excel', 'PK'],
  ] as const) {
    const coming = page.waitForEvent('download');
    await page.getByRole('button', { name: `Export: ${format}` }).click();
    const file = await (await coming).path();
    expect(readFileSync(file, format === 'CSV' ? 'utf8' : 'latin1').slice(0, first.length)).toBe(first);
  }
  await open('corrections', 'Corrections');
  await expect(page.getByText('Forgot to check in')).toBeVisible();
  const voided = page.getByRole('row').filter({ hasText: 'Held the door for someone else' });
  await expect(voided).toContainText('Undone');
  // Who, whose, before and after.
  const added = page.getByRole('row').filter({ hasText: 'Forgot to check in' });
  await expect(added.getByRole('rowheader').getByRole('link')).toHaveAttribute('href', /#\/people\/[0-9a-f-]{36}$/);
  // The first administrator has no address yet.
  await expect(added).toContainText('Server operator');
  await expect(added.locator('[data-label="Before"]')).toHaveText('–');
  await expect(added.locator('[data-label="After"]')).toContainText('In');
  await expect(voided.first().locator('[data-label="Before"]')).not.toHaveText('–');
  await expect(voided.first().locator('[data-label="After"]')).toHaveText('Voided');
  await seen('corrections');
});

test('shows the day report', async () => {
  await open('reports', 'Attendance report');
  await expect(page.getByRole('row', { name: /Grace Hopper/ })).toContainText('0 h');
  await seen('reports', ['desk', 'narrow']);
});

test('Try again on Statistics reloads what failed, and each kiosk there links to its page', async () => {
  const statistics = /\/api\/stats\/kiosks/;
  await page.route(statistics, (route) => route.fulfill({ status: 500, json: {} }));
  await open('statistics', 'Statistics');
  const again = page.getByRole('button', { name: 'Try again' });
  await expect(again).toBeVisible();
  await page.unroute(statistics);
  await again.click();
  const table = page.getByRole('table', { name: 'Recognition by kiosk' });
  await expect(table.getByRole('link').first()).toHaveAttribute('href', /^#\/fleet\//);
  await expect(again).toHaveCount(0);
  expect(complaints.splice(0)).toEqual([expect.stringContaining('status of 500')]);
});

test('kiosks get their names once the server answers, if it could not when the console was opened', async () => {
  const devices = /\/api\/devices\?/;
  await page.route(devices, (route) => route.fulfill({ status: 503, json: {} }));
  await page.goto('about:blank');
  const refused = page.waitForResponse(devices);
  await open('attendance', 'Attendance records');
  await refused;
  const kiosk = page.getByLabel('Kiosk', { exact: true }).getByRole('option');
  await expect(kiosk).toHaveCount(1);
  await page.unroute(devices);
  await expect.poll(() => kiosk.count()).toBeGreaterThan(1);
  expect(complaints.splice(0)).toContainEqual(expect.stringContaining('status of 503'));
});

test('charts also have their numbers as a table', async () => {
  await open('statistics', 'Statistics');
  await expect(page.getByText('Image: too dark')).toBeVisible();
  await expect(page.getByText('Face not recognised')).toBeVisible();
  await expect(page.locator('canvas')).toHaveCount(5);
  const scores = page.locator('section', { hasText: 'Match scores of accepted faces' }).last();
  await scores.locator('summary').press('Enter');
  await expect(scores.getByRole('row', { name: /0.80/ })).toContainText(String(FEWEST_SCORES));
  await scores.locator('summary').press('Enter');
  await seen('statistics', ['desk', 'wall', 'narrow']);
});

for (const language of ['de', 'pl', 'ar'])
  test(`fit in ${language}, landscape and portrait`, async () => {
    for (const path of [
      'home',
      'presence',
      'evacuation',
      'statistics',
      'attendance',
      'reports',
      'corrections',
      'audit',
    ])
      await inLanguage(page, system.at(path), path, language);
    const heading = { de: 'Buchungen', pl: 'Wpisy obecności', ar: 'سجلات الحضور' }[language]!;
    await page.goto(system.at('attendance'));
    await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
  });

test('switch to Chinese and back', async () => {
  await page
    .getByLabel(/Language|Sprache|اللغة/)
    .first()
    .selectOption('zh');
  await open('reports', '考勤报表');
  await seen('reports-chinese');
  await page.getByLabel('语言').selectOption('en');
});

test('on a narrow screen the navigation is a menu that Escape closes', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole('button', { name: 'Menu' }).press('Enter');
  await expect(page.getByRole('dialog').getByRole('link', { name: 'Home' })).toBeVisible();
  await axe(page);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.getByRole('button', { name: 'Menu' }).press('Enter');
  await page.getByRole('dialog').getByRole('link', { name: 'Home' }).press('Enter');
  await expect(page.getByRole('heading', { name: 'North entrance' })).toBeVisible();
  expect(complaints).toEqual([]);
});
