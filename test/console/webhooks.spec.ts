import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { axe, enterByLink, openBrowser, picture } from './browser.ts';
import { newSystem, type System } from './system.ts';

/** Receivers of webhooks, and the payroll files. */

test.describe.configure({ mode: 'serial' });
let system: System;
let context: BrowserContext;
let page: Page;

test.beforeAll(async ({ browser }) => {
  system = await newSystem('North entrance');
  ({ context, page } = await openBrowser(browser));
  await enterByLink(page, system.server.adminLink);
  await expect(page.getByRole('heading', { name: 'North entrance' })).toBeVisible();
});
test.afterAll(async () => {
  await context?.close();
  await system?.close();
});

const open = async (path: string, heading: string) => {
  await page.goto(system.at(path));
  await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
};

test('a receiver is added with its secret shown once, tested, found in the delivery log, turned off and removed', async () => {
  await open('webhooks', 'Webhooks');
  await expect(page.getByText('No webhooks yet')).toBeVisible();
  await page.getByRole('button', { name: 'Add webhook' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Payroll');
  await dialog.getByLabel('URL').fill('https://127.0.0.1:9/hook');
  await axe(page);
  await dialog.getByRole('button', { name: 'Add webhook' }).click();
  await expect(dialog.locator('.secret')).toContainText('whsec_');
  await dialog.getByRole('button', { name: 'I’ve saved it' }).click();
  await page.getByRole('button', { name: 'Send test' }).click();
  await expect(page.getByRole('row').filter({ hasText: 'Test' })).toBeVisible();
  // Nothing is sent to the server's own machine. The log updates to say so.
  await expect(page.getByRole('row').filter({ hasText: 'Test' })).toContainText('Nothing is sent to this address', {
    timeout: 60_000,
  });
  // Its card says so too, and sends what is pending to an address that still accepts nothing.
  await expect(page.getByText('Failing', { exact: true })).toBeVisible();
  await expect(page.locator('.note')).toContainText(/Nothing has been delivered since .+ address-not-allowed/);
  await page.getByRole('button', { name: 'Send what waits now Payroll', exact: true }).click();
  await expect(page.getByText('Sending what waits.')).toBeVisible();
  await axe(page);
  await picture(page, 'webhooks', ['desk', 'wall', 'narrow']);
  await page.getByRole('button', { name: 'Edit Payroll', exact: true }).click();
  await expect(dialog.getByRole('checkbox', { name: 'Quiet hours' })).toHaveCount(0);
  await dialog.getByRole('checkbox', { name: 'Kiosks' }).check();
  await dialog.getByRole('checkbox', { name: 'Server and backups' }).check();
  await dialog.getByRole('checkbox', { name: 'Quiet hours' }).check();
  await dialog.getByLabel('Until').fill('05:30');
  await axe(page);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.locator('.facts')).toContainText('Kiosks, Server and backups');
  await expect(page.locator('.facts')).toContainText('22:00–05:30');
  const said = (text: string) => expect(page.locator('.toast', { hasText: `Payroll\u2069: ${text}` })).toBeVisible();
  const turn = (on: 'on' | 'off') => page.getByRole('button', { name: `Turn ${on} Payroll`, exact: true }).click();
  await turn('off');
  await said('Turned off. Records that change meanwhile are sent when it is on again.');
  await turn('on');
  await said('Turned on. Records that changed while it was off are being sent.');
  // One without records says nothing of them.
  await page.getByRole('button', { name: 'Edit Payroll', exact: true }).click();
  await dialog.getByRole('checkbox', { name: 'Attendance records' }).uncheck();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await turn('off');
  await said('Turned off. Nothing will be sent.');
  await expect(page.getByText('Off', { exact: true })).toBeVisible();
  // What is pending is dropped with it.
  await page.getByRole('button', { name: 'Remove' }).click();
  await expect(dialog).toContainText('1 message that hasn’t been delivered is dropped.');
  await dialog.getByRole('textbox').fill('Payroll');
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByText('No webhooks yet')).toBeVisible();
});

test('a period is exported in a payroll program’s columns', async () => {
  await open('reports', 'Attendance report');
  const payroll = page.locator('section', { hasText: 'Payroll files' });
  await payroll.getByLabel('Format').selectOption('frappe-hr');
  const coming = page.waitForEvent('download');
  await payroll.getByRole('button', { name: /CSV/ }).click();
  expect((await coming).suggestedFilename()).toMatch(/^frappe-hr-.*\.csv$/);
  await axe(page);
});
