import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { startSmtp, type TestSmtp } from '../services/smtp.ts';
import { axe, enterByLink, inLanguage, openBrowser, picture } from './browser.ts';
import { newSystem, type System } from './system.ts';
import { ask, becomeAccount } from './walk.ts';

/** What mail an account gets about what needs attention: chosen, tried, and the outcome. */
test.describe.configure({ mode: 'serial' });
let smtp: TestSmtp;
let system: System;
let context: BrowserContext;
let page: Page;
let complaints: string[];

test.beforeAll(async ({ browser }) => {
  smtp = await startSmtp('implicit');
  system = await newSystem('North entrance', {
    SMTP_URL: `smtps://localhost:${smtp.port}`,
    SMTP_FROM: 'no-reply@example.org',
    SMTP_CA_FILE: smtp.caFile,
  });
  ({ context, page, complaints } = await openBrowser(browser));
  await enterByLink(page, system.server.adminLink);
  await expect(page.locator('.rail')).toBeVisible();
  await ask(page, 'POST', '/api/sites', { name: 'South', timeZone: 'Europe/Berlin' });
});
test.afterAll(async () => {
  await context?.close();
  await system?.close();
  await smtp?.close();
});

test('an account without an address is shown what to do', async () => {
  await page.goto(system.at('alerts'));
  await expect(page.getByText('This account has no e-mail address.')).toBeVisible();
  await axe(page);
});

test('alert choices are saved', async () => {
  await becomeAccount(page, 'it@example.org', 'admin');
  await page.reload();
  await page.goto(system.at('account'));
  await page.getByRole('link', { name: 'Alerts', exact: true }).click();
  await expect(page.getByRole('checkbox', { name: 'Server and backups' })).toBeChecked();
  await expect(page.getByRole('checkbox', { name: 'Privacy' })).not.toBeChecked();
  await page.getByRole('checkbox', { name: 'Kiosks' }).uncheck();
  await page.getByRole('checkbox', { name: 'All sites' }).uncheck();
  for (const site of ['North entrance', 'South']) await page.getByRole('checkbox', { name: site }).uncheck();
  await expect(page.getByText('Choose at least one site.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save alerts' })).toHaveAttribute('aria-disabled', 'true');
  await page.getByRole('checkbox', { name: 'South' }).check();
  await page.getByRole('checkbox', { name: 'Quiet hours' }).check();
  await page.getByLabel('Until', { exact: true }).fill('07:30');
  await page.getByLabel('Time zone', { exact: true }).fill('Europe/Nowhere');
  await expect(page.getByText('Unknown time zone.')).toBeVisible();
  await page.getByLabel('Time zone', { exact: true }).fill('Europe/Berlin');
  await page.getByRole('button', { name: 'Save alerts' }).click();
  await expect(page.getByText('Alerts saved.')).toBeVisible();
  await page.reload();
  await expect(page.getByRole('checkbox', { name: 'Kiosks' })).not.toBeChecked();
  await expect(page.getByRole('checkbox', { name: 'North entrance' })).not.toBeChecked();
  await expect(page.getByLabel('Until', { exact: true })).toHaveValue('07:30');
});

test('a test alert shows what the mail server answered', async () => {
  const came = smtp.next();
  await page.getByRole('button', { name: 'Send a test' }).click();
  await came;
  await expect(page.getByRole('status').filter({ hasText: 'The mail server accepted the test.' })).toContainText(
    '250 taken',
  );
  expect(smtp.mails.at(-1)).toMatchObject({ to: ['<it@example.org>'] });
  await axe(page);
  await picture(page, 'alerts', ['desk', 'narrow']);
  smtp.refuse = '550 5.1.1 no such mailbox';
  await page.getByRole('button', { name: 'Send a test' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'The test was not sent.' })).toContainText(smtp.refuse);
  await axe(page);
  await picture(page, 'alerts-refused');
  smtp.refuse = null;
});

test('an administrator sets another account’s alerts', async () => {
  await ask(page, 'POST', '/api/accounts', { email: 'desk@example.org', role: 'staff' });
  await page.goto(system.at('accounts'));
  await page.getByRole('row').filter({ hasText: 'desk@example.org' }).getByRole('button', { name: 'Alerts' }).click();
  const dialog = page.getByRole('dialog');
  // A role isn't offered what it may not see.
  await expect(dialog.getByRole('checkbox', { name: 'Server and backups' })).toHaveCount(0);
  await dialog.getByRole('checkbox', { name: 'Enrolment' }).check();
  await axe(page);
  await picture(page, 'alerts-of', ['desk', 'narrow']);
  await dialog.getByRole('button', { name: 'Save alerts' }).click();
  await expect(page.getByText('Alerts saved.')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('row').filter({ hasText: 'desk@example.org' })).toContainText('Enrolment');
  await picture(page, 'accounts-alerts', ['desk', 'narrow']);
  const { accounts } = await ask(page, 'GET', '/api/accounts');
  const { id } = accounts.find(({ email }: { email: string }) => email === 'desk@example.org');
  expect(await ask(page, 'GET', `/api/accounts/${id}/alerts`)).toMatchObject({ settings: { topics: ['people'] } });
});

test('a report that is no longer mailed can be resumed with one press', async () => {
  const [{ id: site }] = (await ask(page, 'GET', '/api/sites')).items;
  const { accounts } = await ask(page, 'GET', '/api/accounts');
  const receivers = [accounts.find(({ email }: { email: string }) => email === 'it@example.org').id];
  const asked = { by: 'day', site, every: 'week', at: '06:15', language: 'en', receivers };
  await ask(page, 'POST', '/api/reports/schedules', asked);
  await page.goto(system.at('schedules'));
  const row = page.getByRole('row').filter({ hasText: '06:15' });
  await row.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click();
  const stopped = page.locator('.toast', { hasText: 'Stopped.' });
  await stopped.hover();
  await expect(row).toHaveCount(0);
  await stopped.getByRole('button', { name: 'Undo' }).click();
  await expect(row).toContainText('it@example.org');
});

test('a report that can’t be resumed because a recipient has no address says so, and asks for a typed word', async () => {
  const shown = await ask(page, 'GET', '/api/reports/schedules');
  // As for an account that may not see this recipient's address.
  await page.route('**/api/reports/schedules', (route) => {
    const items = shown.items.map((row: { receivers: object[] }) => ({
      ...row,
      receivers: row.receivers.map((one) => ({ ...one, email: null })),
    }));
    return route.request().method() === 'GET' ? route.fulfill({ json: { ...shown, items } }) : route.continue();
  });
  await page.reload();
  const dialog = page.getByRole('dialog');
  await page.getByRole('row').filter({ hasText: '06:15' }).getByRole('button', { name: 'Stop' }).click();
  await expect(dialog).toContainText('You can’t undo that here');
  await expect(dialog.getByRole('button', { name: 'Stop' })).toBeDisabled();
  await page.unroute('**/api/reports/schedules');
  await dialog.getByLabel('Type “delete” to confirm').fill('delete');
  await dialog.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByText('No report is sent by e-mail')).toBeVisible();
  const stopped = page.locator('.toast', { hasText: 'Stopped.' });
  await expect(stopped).toBeVisible();
  await expect(stopped.getByRole('button', { name: 'Undo' })).toHaveCount(0);
});

test('in German and Arabic nothing is out of reach', async () => {
  for (const language of ['de', 'ar']) await inLanguage(page, system.at('alerts'), 'alerts', language);
  expect(complaints.filter((text) => !/status of 4/.test(text))).toEqual([]);
});
