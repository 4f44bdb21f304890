import { readFileSync } from 'node:fs';
import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { parse } from 'csv-parse/sync';
import { sql } from 'kysely';
import { axe, enterByLink, openBrowser, picture, still } from './browser.ts';
import { newSystem, type System } from './system.ts';
import { ask } from './walk.ts';

/** The console's table: sorted, scrolled, selected from, and restored as it was left. */

test.describe.configure({ mode: 'serial' });
let system: System;
let context: BrowserContext;
let page: Page;
let complaints: string[];
/** Enough that reading them all takes many pages. */
const MANY = 10_000;
/** More than fit on one page of a list. */
const KIOSKS = 205;

test.beforeAll(async ({ browser }) => {
  system = await newSystem('North entrance');
  ({ context, page, complaints } = await openBrowser(browser));
  await enterByLink(page, system.server.adminLink);
  await expect(page.locator('.rail')).toBeVisible();
  await ask(page, 'POST', '/api/sites', { name: 'Bonn', timeZone: 'UTC' });
  for (const [i, name] of ['Ada Lovelace', 'Grace Hopper', 'Alan Turing'].entries())
    await ask(page, 'POST', '/api/people', { name, number: `41${i}` });
});
test.afterAll(async () => {
  await context?.close();
  await system?.close();
});

const table = () => page.getByRole('table', { name: 'People' });
const rows = () => table().locator('tbody tr[data-index]');
const open = async (path: string) => {
  await page.goto('about:blank');
  await page.goto(system.at(path));
};
const names = () => rows().getByRole('rowheader').allTextContents();

test('a column sorts when pressed, says so, and Back and a shared link restore it', async () => {
  await open('people');
  await expect(rows()).toHaveCount(3);
  const added = await names();
  const changed = table().getByRole('columnheader', { name: 'Last changed' });
  await expect(changed).not.toHaveAttribute('aria-sort');
  await changed.getByRole('button').click();
  await expect(changed).toHaveAttribute('aria-sort', 'ascending');
  await expect.poll(names).toEqual(added);
  await expect(changed.getByRole('button')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(changed).toHaveAttribute('aria-sort', 'descending');
  await expect.poll(names).toEqual(added.toReversed());
  expect(page.url()).toContain('sort=-updatedAt');
  await rows().first().getByRole('rowheader').getByRole('link').click();
  await expect(page.getByRole('heading', { level: 1, name: added.at(-1)! })).toBeVisible();
  await page.goBack();
  await expect(changed).toHaveAttribute('aria-sort', 'descending');
  await expect.poll(names).toEqual(added.toReversed());
  const shared = await context.newPage();
  await shared.goto(page.url());
  await expect(shared.getByRole('columnheader', { name: 'Last changed' })).toHaveAttribute('aria-sort', 'descending');
  await expect.poll(() => shared.getByRole('rowheader').allTextContents()).toEqual(added.toReversed());
  await shared.close();
  await changed.getByRole('button').click();
  await expect(changed).not.toHaveAttribute('aria-sort');
  expect(page.url()).not.toContain('sort');
  await axe(page);
});

test('the choice of columns is remembered and shared by link, and no row data is stored in the browser', async () => {
  await open('people');
  await page.getByRole('button', { name: 'Columns' }).click();
  await page.getByRole('group', { name: 'Columns' }).getByLabel('E-mail address').uncheck();
  await expect(table().getByRole('columnheader', { name: 'E-mail address' })).toHaveCount(0);
  await axe(page);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Columns' })).toBeFocused();
  await page.reload();
  await expect(rows()).toHaveCount(3);
  await expect(table().getByRole('columnheader', { name: 'E-mail address' })).toHaveCount(0);
  const kept = await page.evaluate(() => JSON.stringify(localStorage));
  expect(kept).toContain('"smartpresence.table.people":"email"');
  expect(kept).not.toContain('Lovelace');
  await open('people');
  await expect(page).toHaveURL(/without=email/);
  await page.evaluate(() => localStorage.clear());
  await page.reload();
  await expect(rows()).toHaveCount(3);
  await expect(table().getByRole('columnheader', { name: 'E-mail address' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Columns' }).click();
  await page.getByRole('group', { name: 'Columns' }).getByLabel('E-mail address').check();
  await page.keyboard.press('Escape');
});

test('an export contains the rows shown or selected, and no text becomes a formula', async () => {
  await open('people');
  await expect(rows()).toHaveCount(3);
  const file = async (button: string): Promise<string[][]> => {
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: button, exact: true }).click();
    const download = await saved;
    expect(download.suggestedFilename()).toBe('people.csv');
    const text = readFileSync(await download.path(), 'utf8');
    expect(text.startsWith('\uFEFF')).toBe(true);
    return parse(text, { bom: true });
  };
  const [head, ...all] = await file('Export');
  expect(head).toEqual((await table().getByRole('columnheader').allInnerTexts()).filter((label) => label !== ''));
  expect(all.map(([name]) => name)).toEqual(await names());
  await page.getByRole('button', { name: 'Columns' }).click();
  await page.getByRole('group', { name: 'Columns' }).getByLabel('Last changed').uncheck();
  await page.keyboard.press('Escape');
  await page.getByRole('checkbox', { name: /Grace Hopper/ }).check();
  const [fewer, ...chosen] = await file('Export selection');
  expect(fewer).toEqual(head!.filter((label) => label !== 'Last changed'));
  expect(chosen.map(([name]) => name)).toEqual(['Grace Hopper']);
  const [{ id }] = (await ask(page, 'POST', '/api/people/search', { q: '411' })).items;
  await ask(page, 'PATCH', `/api/people/${id}`, { name: '=1+1' });
  await page.reload();
  expect((await file('Export')).flat()).toContain("'=1+1");
  await ask(page, 'PATCH', `/api/people/${id}`, { name: 'Grace Hopper' });
  await page.evaluate(() => localStorage.clear());
});

test('several people are assigned sites at once', async () => {
  await open('people');
  for (const name of ['Ada Lovelace', 'Alan Turing'])
    await page.getByRole('checkbox', { name: `Select ${name}` }).check();
  await expect(page.getByText('2 selected')).toBeVisible();
  await axe(page);
  await picture(page, 'table-chosen', ['desk', 'narrow']);
  await page.getByRole('button', { name: 'Assign sites' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Bonn').check();
  await dialog.getByRole('button', { name: 'Assign sites' }).click();
  const done = page.locator('.toast', { hasText: 'Done for 2 rows' });
  // It is kept while the pointer is on it.
  await done.hover();
  for (const [name, site] of [
    ['Ada Lovelace', 'Bonn'],
    ['Grace Hopper', 'North entrance'],
    ['Alan Turing', 'Bonn'],
  ] as const)
    await expect(page.getByRole('row', { name: new RegExp(name) })).toContainText(site);
  await done.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByRole('row', { name: /Bonn/ })).toHaveCount(0);
});

test('a person’s sites are changed on their page, and restored with one press', async () => {
  await open('people');
  await page.getByRole('link', { name: 'Ada Lovelace' }).click();
  const facts = page.locator('dl').first();
  await expect(facts.getByRole('link', { name: 'North entrance' })).toBeVisible();
  await page.getByRole('button', { name: 'Sites' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Bonn').check();
  await dialog.getByLabel('North entrance').uncheck();
  await dialog.getByRole('button', { name: 'Save' }).click();
  const saved = page.locator('.toast', { hasText: 'Saved' });
  await saved.hover();
  await expect(facts.getByRole('link', { name: 'Bonn' })).toBeVisible();
  await expect(facts.getByRole('link', { name: 'North entrance' })).toHaveCount(0);
  await saved.getByRole('button', { name: 'Undo' }).click();
  await expect(facts.getByRole('link', { name: 'North entrance' })).toBeVisible();
  await expect(facts.getByRole('link', { name: 'Bonn' })).toHaveCount(0);
});

test('rows for which an action failed are named, and only those stay selected', async () => {
  await open('people');
  const [{ id }] = (await ask(page, 'POST', '/api/people/search', { q: '411' })).items;
  await page.route(`**/api/people/${id}/sites`, (route) =>
    route.fulfill({
      status: 404,
      contentType: 'application/problem+json',
      body: JSON.stringify({ status: 404, code: 'person-unknown', title: 'x', nextStep: 'x', params: {} }),
    }),
  );
  await page.getByRole('checkbox', { name: 'Select all' }).check();
  await page.getByRole('button', { name: 'Assign sites' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Bonn').check();
  await dialog.getByRole('button', { name: 'Assign sites' }).click();
  await expect(dialog.getByRole('alert')).toContainText('2 of 3 done. Not done:Grace Hopper: ');
  await axe(page);
  await page.unroute(`**/api/people/${id}/sites`);
  // The browser's own message about it.
  complaints.splice(
    complaints.findIndex((text) => text.includes('404')),
    1,
  );
  // Only the remaining one.
  await expect(page.locator('.table-bulk')).toContainText('1 selected');
  await dialog.getByRole('button', { name: 'Assign sites' }).click();
  await expect(dialog).toHaveCount(0);
  // The focused element was removed.
  await expect(page.locator('.table-card')).toBeFocused();
  for (const name of ['Ada Lovelace', 'Grace Hopper', 'Alan Turing'])
    await expect(page.getByRole('row', { name: new RegExp(name) })).toContainText('Bonn');
});

test('the keyboard moves between rows, opens one and selects one', async () => {
  await open('people');
  const link = (at: number) => rows().nth(at).getByRole('rowheader').getByRole('link');
  await link(0).focus();
  await page.keyboard.press('ArrowDown');
  await expect(link(1)).toBeFocused();
  await page.keyboard.press('End');
  await expect(link(2)).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(link(2)).toBeFocused();
  await page.keyboard.press('Home');
  await expect(link(0)).toBeFocused();
  await page.keyboard.press('PageDown');
  await expect(link(2)).toBeFocused();
  await page.keyboard.press('Space');
  await expect(rows().nth(2).getByRole('checkbox')).toBeChecked();
  await rows().nth(1).getByRole('checkbox').focus();
  const name = await link(1).textContent();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: name! })).toBeVisible();
});

test(`${MANY} people scroll with few rows in the DOM, are counted for screen readers, and Back returns to the same row`, async () => {
  // Its page would say that the server is unreachable.
  await page.goto('about:blank');
  await system.server.stop();
  await system.server.offline(({ db }) =>
    sql`insert into person (id, row_version, updated_at)
        select gen_random_uuid(), 1, timestamptz '2026-01-01Z' + n * interval '1 second'
        from generate_series(1, ${MANY}::int) n`.execute(db),
  );
  await system.server.offline(({ db }) =>
    sql`insert into device (id, name, status, ed25519, x25519, tls_key_hash, registered_at)
        select gen_random_uuid(), 'Gate ' || lpad(n::text, 3, '0'), 'approved', 'x' || n, 'x' || n, 'x' || n, now()
        from generate_series(1, ${KIOSKS}::int) n`.execute(db),
  );
  await system.server.start();
  // As on a busy machine: what an earlier frame saw arrives together with the current state.
  await page.addInitScript(() => {
    const Real = IntersectionObserver;
    globalThis.IntersectionObserver = class extends Real {
      constructor(callback: IntersectionObserverCallback, o?: IntersectionObserverInit) {
        super((seen, self) => callback([{ ...seen[0]!, isIntersecting: false }, ...seen], self), o);
      }
    };
  });
  await open('people?sort=-updatedAt');
  await expect(table()).toHaveAttribute('aria-rowcount', '-1');
  await expect(page.getByText('More than 10,000')).toBeVisible();
  await expect(page.getByText('Filter to 2,000 rows or fewer to sort by other columns.')).toBeVisible();
  await picture(page, 'table-many', ['desk', 'narrow']);
  let most = 0;
  const top = async () => Number(await rows().first().getAttribute('data-index'));
  const scrolled = async () => {
    await page.mouse.wheel(0, 4000);
    await page.evaluate(() => new Promise((shown) => requestAnimationFrame(shown)));
    most = Math.max(most, await rows().count());
    return top();
  };
  await expect.poll(scrolled, { intervals: [20] }).toBeGreaterThanOrEqual(1200);
  expect(most).toBeLessThan(200);
  const noted = () => Number(/row=(\d+)/.exec(page.url())?.[1] ?? 0);
  await expect.poll(noted).toBeGreaterThanOrEqual(1200);
  const row = noted();
  const seen = rows().and(page.locator(`[data-index="${row}"]`));
  await expect(seen).toBeInViewport();
  await expect(seen).toHaveAttribute('aria-rowindex', String(row + 2));
  const href = await seen.getByRole('rowheader').getByRole('link').getAttribute('href');
  await seen.getByRole('rowheader').getByRole('link').click();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.goBack();
  const again = rows().and(page.locator(`[data-index="${row}"]`));
  await expect(again).toBeInViewport();
  expect(await again.getByRole('rowheader').getByRole('link').getAttribute('href')).toBe(href);
  // An action on it rereads the list, as far as it had been read.
  await again.getByRole('checkbox').check();
  await expect(page.getByRole('button', { name: 'Assign sites' })).toBeInViewport();
  await still(page, 'table-chosen-far');
  await page.getByRole('button', { name: 'Assign sites' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Bonn').check();
  await dialog.getByRole('button', { name: 'Assign sites' }).click();
  await expect(page.locator('.toast', { hasText: 'Done for 1 row' })).toBeVisible();
  await expect(again).toContainText('Bonn');
  await expect(again).toBeInViewport();
  // The keys reach rows that are not in the DOM.
  await again.getByRole('rowheader').getByRole('link').focus();
  await page.keyboard.press('Home');
  await expect(rows().and(page.locator('[data-index="0"]')).getByRole('rowheader').getByRole('link')).toBeFocused();
  await axe(page, ['light']);
  // Everything that was read is printed.
  const shown = await rows().count();
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  await expect.poll(() => rows().count()).toBeGreaterThan(1200);
  await page.evaluate(() => dispatchEvent(new Event('afterprint')));
  await expect.poll(() => rows().count()).toBeLessThanOrEqual(shown + 40);
});

test('a fleet of many pages is complete wherever kiosks are named, selected and listed', async () => {
  await open('attendance');
  const last = `Gate ${KIOSKS}`;
  await expect(page.getByLabel('Kiosk', { exact: true }).getByRole('option', { name: last })).toBeAttached();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Search' }).fill(last);
  await page
    .getByRole('listbox')
    .getByRole('option', { name: new RegExp(last) })
    .click();
  await expect(page.getByRole('heading', { level: 1, name: last })).toBeVisible();
  await open('fleet?sort=-name');
  await expect(page.getByRole('table', { name: 'Fleet' }).getByRole('rowheader', { name: last })).toBeVisible();
  expect(complaints).toEqual([]);
});
