import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { axe, enterByLink, fits, inLanguage, openBrowser, picture, SIZES, still } from './browser.ts';
import { newSystem, type System } from './system.ts';
import { ask, becomeAccount } from './walk.ts';

/** What every list can do when it has few rows: search, filter by a column's values, sort by each column. */

test.describe.configure({ mode: 'serial' });
let system: System;
let context: BrowserContext;
let page: Page;
let complaints: string[];
const SITES = ['Aachen', 'Berlin', 'Bonn', 'Bremen', 'Köln', 'Kyiv'];
const PEOPLE = ['Grace Hopper', 'Ada Lovelace', 'Alan Turing'];
/** More than fit on one page of a list. */
const RECORDS = 66;

test.beforeAll(async ({ browser }) => {
  system = await newSystem('North entrance');
  ({ context, page, complaints } = await openBrowser(browser));
  await enterByLink(page, system.server.adminLink);
  await expect(page.locator('.rail')).toBeVisible();
  for (const name of SITES)
    await ask(page, 'POST', '/api/sites', { name, timeZone: name === 'Kyiv' ? 'Europe/Kyiv' : 'Europe/Berlin' });
  const people: string[] = [];
  for (const name of PEOPLE) people.push((await ask(page, 'POST', '/api/people', { name })).id);
  const at = new Date().toISOString();
  for (let i = 0; i < RECORDS; i++)
    await ask(page, 'POST', '/api/corrections', {
      kind: 'add',
      person: people[i % people.length],
      at,
      direction: i % 2 ? 'in' : 'out',
      reason: `Note ${i}`,
    });
});
test.afterAll(async () => {
  await context?.close();
  await system?.close();
});

const open = async (path: string) => {
  await page.goto('about:blank');
  await page.goto(system.at(path));
};
const rows = (in_: Page = page) => in_.locator('tbody tr[data-index]');
const names = (in_?: Page) => rows(in_).getByRole('rowheader').allInnerTexts();
const column = (name: string) => page.getByRole('columnheader', { name, exact: true });
/** In a separate tab, which has only what is in the address. */
const shared = async (check: (page: Page) => Promise<void>) => {
  const other = await context.newPage();
  await other.goto(page.url());
  await check(other);
  await other.close();
};

test('a list is filtered by text and by column, and Back and a shared link restore it', async () => {
  await open('sites');
  await expect(rows()).toHaveCount(SITES.length + 1);
  const filter = page.getByRole('search', { name: 'Filter: Sites' });
  await filter.getByLabel('Find in list').pressSequentially('koln');
  await expect.poll(names).toEqual(['Köln']);
  await expect(page.getByRole('status').filter({ hasText: '1 of 7' })).toBeVisible();
  await filter.getByLabel('Find in list').fill('k');
  await expect.poll(async () => (await names()).toSorted()).toEqual(['Kyiv', 'Köln']);
  await filter.getByLabel('Time zone').selectOption('Europe/Kyiv');
  await expect.poll(names).toEqual(['Kyiv']);
  await axe(page);
  await picture(page, 'list-filtered', ['desk', 'narrow']);
  await rows().getByRole('link').click();
  await expect(page.getByRole('heading', { level: 1, name: 'Kyiv' })).toBeVisible();
  await page.goBack();
  await expect.poll(names).toEqual(['Kyiv']);
  await expect(filter.getByLabel('Find in list')).toHaveValue('k');
  await expect(filter.getByLabel('Time zone')).toHaveValue('Europe/Kyiv');
  await shared((other) => expect.poll(() => names(other)).toEqual(['Kyiv']));
  await filter.getByLabel('Find in list').fill('Bonn');
  await expect(page.getByText('No rows match the filter')).toBeVisible();
  await axe(page);
  await filter.getByRole('button', { name: 'Clear filter' }).click();
  await expect(rows()).toHaveCount(SITES.length + 1);
  expect(page.url()).not.toContain('?');
});

test('all records can be sorted by a column the server does not sort by, and Back restores it', async () => {
  await open('attendance');
  await expect(page.getByText(`${RECORDS} records`)).toBeVisible();
  await column('Person').getByRole('button').click();
  await expect(column('Person')).toHaveAttribute('aria-sort', 'ascending');
  const sorted = PEOPLE.toSorted().flatMap((name) => Array.from({ length: RECORDS / PEOPLE.length }, () => name));
  await expect.poll(names).toEqual(sorted);
  expect(page.url()).toContain('sort=person');
  // One that is far down, beyond what the server returns first.
  const far = 60;
  await rows().nth(far).scrollIntoViewIfNeeded();
  await expect.poll(() => page.url()).toContain('row=');
  await rows().nth(far).getByRole('rowheader').getByRole('link').click();
  await expect(page.getByRole('heading', { level: 1, name: sorted[far]! })).toBeVisible();
  await page.goBack();
  await expect(column('Person')).toHaveAttribute('aria-sort', 'ascending');
  await expect.poll(names).toEqual(sorted);
  await expect(rows().nth(far)).toBeInViewport();
  await column('Person').getByRole('button').focus();
  await page.keyboard.press('Enter');
  await expect(column('Person')).toHaveAttribute('aria-sort', 'descending');
  await expect.poll(names).toEqual(sorted.toReversed());
});

test('a list can be searched by name, and the name is in no address', async () => {
  await open('corrections');
  // The second page of the list is late, as on a slow connection.
  const held = Promise.withResolvers<void>();
  await page.route(/corrections\?.*cursor=./, async (asked) => {
    await held.promise;
    await asked.continue();
  });
  await page.getByLabel('Find in list').fill('hopper');
  await expect(page.getByText('16 of 50+')).toBeVisible();
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  held.resolve();
  // Not only the loaded ones.
  await expect(page.locator('.toast', { hasText: 'Exported 22 rows' })).toBeVisible();
  await expect.poll(names).toEqual(Array.from({ length: RECORDS / PEOPLE.length }, () => 'Grace Hopper'));
  await expect(page.getByText(`22 of ${RECORDS}`)).toBeVisible();
  expect(page.url()).not.toContain('hopper');
  await axe(page);
  await page.unroute(/corrections\?.*cursor=./);
  const titles = ['Stolen badge of Grace Hopper', ...Array.from({ length: 7 }, (_, i) => `Lost card ${i}`)];
  const foundAt = new Date().toISOString();
  for (const title of titles) await ask(page, 'POST', '/api/incidents', { title, severity: 'low', foundAt });
  await open('incidents');
  await page.getByLabel('Find in list').fill('hopper');
  await expect.poll(names).toEqual(titles.slice(0, 1));
  expect(page.url()).not.toContain('hopper');
});

test('a correction shows its times in the zone of its site', async () => {
  const { items: sites } = await ask(page, 'GET', '/api/sites');
  const { items: people } = await ask(page, 'GET', '/api/people');
  const at = '2026-01-15T10:00:00.000Z';
  const [site, person] = [sites.find((one: { name: string }) => one.name === 'Kyiv').id, people[0].id];
  await ask(page, 'POST', '/api/corrections', {
    kind: 'add',
    person,
    site,
    at,
    direction: 'in',
    reason: 'Kiosk was off',
  });
  await open(`corrections?person=${person}`);
  await expect(rows().locator(`time[datetime="${at}"]`)).toHaveText(/12:00:00/);
});

test('people affected by an incident can be sorted and searched, and a shared link shows them', async () => {
  const { id } = await ask(page, 'POST', '/api/incidents', {
    title: 'Stolen key',
    severity: 'low',
    foundAt: new Date().toISOString(),
  });
  await ask(page, 'POST', `/api/incidents/${id}/scopes`, { route: 'POST /api/corrections' });
  await becomeAccount(page, 'dpo@example.org', 'dpo');
  await open(`incidents/${id}`);
  const show = page.getByRole('button', { name: 'Show people' });
  await expect(show).toHaveAttribute('aria-expanded', 'false');
  await show.click();
  await expect(show).toHaveAttribute('aria-expanded', 'true');
  await expect(rows()).toHaveCount(PEOPLE.length);
  await column('Name').getByRole('button').click();
  await expect.poll(names).toEqual(PEOPLE.toSorted());
  await axe(page);
  await rows().first().scrollIntoViewIfNeeded();
  await still(page, 'incident-affected');
  await shared((other) => expect.poll(() => names(other)).toEqual(PEOPLE.toSorted()));
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  await expect(page.locator('.toast', { hasText: 'Exported 3 rows' })).toBeVisible();
});

test('filters fit their list on every screen, also with long labels', async () => {
  await inLanguage(page, system.at('jobs?last=ok'), 'list-filtered', 'de');
  const runs = page.getByRole('region', { name: 'Läufe' });
  await expect(runs.getByRole('columnheader', { name: 'Ergebnis' })).toBeVisible();
  await expect(runs.getByRole('search').getByLabel('Aufgabe')).toBeVisible();
  await page.setViewportSize({ width: SIZES.narrow[0], height: SIZES.narrow[1] });
  await fits(page, 'jobs, filtered');
  await picture(page, 'list-filtered-de', ['narrow']);
  expect(complaints).toEqual([]);
});
