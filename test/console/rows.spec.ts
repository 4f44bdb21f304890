import { randomUUID } from 'node:crypto';
import { expect, test } from '@playwright/test';
import { enterByLink, openBrowser } from './browser.ts';
import { newSystem, type System } from './system.ts';
import { ask, rowsNamed, WALKED } from './walk.ts';

/** A screen reader user knows which row of a table each button is about. */
let system: System;
test.beforeAll(async () => {
  system = await newSystem('North entrance');
});
test.afterAll(() => system?.close());

test('on every page of the console, row buttons name their row, and no two share a name', async ({ browser }) => {
  const { context, page, complaints } = await openBrowser(browser);
  await enterByLink(page, system.server.adminLink);
  await expect(page.locator('.rail')).toBeVisible();
  const { outbox, engine } = system;
  const [ada, grace] = ['Ada Lovelace', 'Grace Hopper'].map((name, i) => {
    const person = randomUUID();
    outbox.append('person', { change: 'added' }, { person, name, number: `410${i}`, language: 'en' });
    return person;
  });
  const now = Date.now();
  // One person's records differ only in their time, and so do their complaints.
  const records = [9, 7, 5, 3].map((minutes) => outbox.checkin(ada!, 'in', new Date(now - minutes * 60_000)));
  outbox.checkin(grace!, 'in', new Date(now - 60_000));
  for (const one of records.slice(0, 2)) outbox.append('void', { target: one.header.id, reason: 'not-me' }, {});
  engine.nudge();
  for (const email of ['one@example.org', 'two@example.org'])
    await ask(page, 'POST', '/api/accounts', { email, role: 'staff' });
  await expect.poll(async () => (await ask(page, 'GET', '/api/attendance')).items.length).toBeGreaterThan(4);
  for (const record of records.slice(2))
    await ask(page, 'POST', '/api/corrections', { kind: 'void', target: record.header.id, reason: 'Twice' });
  // Lists that aren't tables: changes of a site's policy, and legal duties.
  const [site] = (await ask(page, 'GET', '/api/sites')).items;
  const path = `/api/sites/${site.id}/policy`;
  for (const photoDays of [20, 21]) {
    const { policy } = await ask(page, 'GET', path);
    await ask(page, 'PUT', path, { ...policy, photoDays });
  }
  for (const reason of ['Court case 1', 'Court case 2'])
    await ask(page, 'POST', '/api/retention/holds', { site: site.id, reason });
  const buttons: Record<string, number> = {};
  for (const path of Object.keys(WALKED)) {
    await page.goto(system.at(path));
    await expect(page.getByRole('heading', { level: 1 }).first()).toBeVisible();
    await expect(page.locator('.skeleton')).toHaveCount(0);
    buttons[path] = await rowsNamed(page);
  }
  // Not because there are no rows.
  for (const path of ['attendance', 'attention', 'corrections', 'accounts'])
    expect(buttons[path], path).toBeGreaterThan(1);
  await page.goto(system.at('retention'));
  for (const reason of ['Court case 1', 'Court case 2'])
    await expect(page.getByRole('button', { name: `Release ${reason}` })).toHaveCount(1);
  await page.goto(system.at('settings'));
  const back = page.locator('.setting').filter({ hasText: '20 days → 21 days' }).getByRole('button');
  await expect(back).toHaveAccessibleName(/20 days → 21 days/);
  await page.goto(system.at('attendance'));
  const row = page.getByRole('row').filter({ hasText: 'Grace Hopper' });
  const time = await row.locator('time').first().textContent();
  await expect(row.getByRole('button', { name: 'Void' })).toHaveAccessibleName(`Void ${time} Grace Hopper In`);
  expect(complaints).toEqual([]);
  await context.close();
});
