import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import type { KioskStaffList } from '../../sync/protocol/api/staff.ts';
import type { Inventory } from '../../sync/protocol/wire/fleet.ts';
import { INVENTORY } from '../kit/engine.ts';
import { axe, enterByLink, fits, openBrowser, picture } from './browser.ts';
import { newSystem, type System } from './system.ts';

/** Kiosk staff in the console: added with a sheet that is shown once, accepted at kiosks, reset, removed. */
test.describe.configure({ mode: 'serial' });
const NAME = 'Jo Meier-Überall';

let system: System;
let context: BrowserContext;
let page: Page;
let complaints: string[];
let inventory: Inventory = { ...INVENTORY, version: '0.2.0' };

const at = (path: string) => system.at(path);
const items = () =>
  page.evaluate(async () => (await (await fetch('/api/kiosk-staff')).json()).items) as Promise<
    ReturnType<typeof KioskStaffList.parse>['items']
  >;
const seen = async (name: string) => {
  await axe(page);
  await picture(page, name, ['desk', 'wall']);
};

test.beforeAll(async ({ browser }) => {
  system = await newSystem('North entrance', {}, () => inventory);
  ({ context, page, complaints } = await openBrowser(browser));
  await enterByLink(page, system.server.adminLink);
  await expect(page.locator('.rail')).toBeVisible();
});
test.afterAll(async () => {
  await context?.close();
  await system?.close();
});

const row = () => page.getByRole('row', { name: new RegExp(NAME) });

test('a member is added by keyboard alone; secret and codes are shown once, and only the codes are printed', async () => {
  await page.goto(at('fleet'));
  await page.getByRole('button', { name: 'Kiosk staff' }).press('Enter');
  await expect(page.getByRole('heading', { name: 'Kiosk staff', level: 1 })).toBeVisible();
  await expect(page.getByText('No kiosk staff yet', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Add staff member' }).press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill(NAME);
  await dialog.getByLabel('Role').selectOption('technician');
  await dialog.getByLabel('Site').selectOption({ label: 'North entrance' });
  await dialog.getByLabel('Name').press('Enter');
  await expect(dialog.getByRole('img', { name: 'QR code for the authenticator app' })).toBeVisible();
  const codes = await dialog.getByRole('list', { name: 'Paper codes' }).getByRole('listitem').allTextContents();
  expect(codes).toHaveLength(5);
  const pin = (await dialog.getByText('Starter PIN').locator('code').textContent())!;
  expect(pin).toMatch(/^\d{8}$/);
  for (const code of codes) expect(code).toMatch(/^\d{10}$/);
  const secret = (await dialog.locator('.qr .secret').textContent())!;
  expect(secret.replaceAll(' ', '')).toMatch(/^[A-Z2-7]{32}$/);
  await seen('kiosk-staff-sheet');
  await page.emulateMedia({ media: 'print' });
  await expect(dialog.getByText(codes[0]!)).toHaveCSS('visibility', 'visible');
  await expect(dialog.locator('.qr .secret')).toHaveCSS('visibility', 'hidden');
  await expect(dialog.locator('.svg')).toHaveCSS('visibility', 'hidden');
  await page.emulateMedia({ media: 'screen' });
  await dialog.getByRole('button', { name: 'I’ve saved it' }).press('Enter');
  await expect(dialog).toBeHidden();
  await expect(row()).toContainText('Active at 0 of 1');
  await expect(row()).toContainText('Pending: Front door');
  // None of it can be retrieved later.
  const again = JSON.stringify(await items());
  for (const notified of [...codes, pin, secret.replaceAll(' ', '')]) expect(again).not.toContain(notified);
  await page.reload();
  await expect(row()).toBeVisible();
  expect(await page.content()).not.toContain(codes[0]!);
});

test('their arrival at a kiosk shows without a reload, and a duplicate name is refused', async () => {
  const [one] = await items();
  inventory = { ...inventory, staff: [one!.id] };
  system.engine.nudge();
  await expect(row()).toContainText('Active at 1 of 1');
  await seen('kiosk-staff');
  await page.getByRole('button', { name: 'Add staff member' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill(NAME.toLowerCase());
  await dialog.getByLabel('Name').press('Enter');
  await expect(dialog.getByText('There is already a kiosk staff member with this name.')).toBeVisible();
  await page.keyboard.press('Escape');
});

test('a forgotten PIN is reset by a button that names its person', async () => {
  await page.getByRole('button', { name: `Reset PIN ${NAME}`, exact: true }).click();
  const reset = page.getByRole('dialog').getByRole('button', { name: 'Reset PIN' });
  await expect(reset).toBeDisabled();
  await page.getByRole('dialog').getByRole('textbox').fill(NAME);
  await reset.click();
  await expect(page.getByRole('dialog').getByText('Starter PIN').locator('code')).toHaveText(/^\d{8}$/);
  await seen('kiosk-staff-pin');
  await page.getByRole('dialog').getByRole('button', { name: 'I’ve saved it' }).click();
});

test('a removed member stays listed until the kiosk has deleted them', async () => {
  await row().getByRole('button', { name: 'Remove' }).click();
  const remove = page.getByRole('dialog').getByRole('button', { name: 'Remove' });
  // They can't be restored as they were, with their PIN.
  await expect(remove).toBeDisabled();
  await page.getByRole('dialog').getByRole('textbox').fill(NAME);
  await remove.click();
  await expect(row()).toContainText('Removed');
  await expect(row()).toContainText('Removed from 0 of 1');
  await expect(row().getByRole('button', { name: 'Remove' })).toHaveCount(0);
  await seen('kiosk-staff-removed');
  inventory = { ...inventory, staff: [] };
  system.engine.nudge();
  await expect(row()).toContainText('Removed from 1 of 1');
  // The 409 was the error above.
  expect(complaints.filter((text) => !text.includes('409'))).toEqual([]);
});

for (const [language, heading, add, name, remove] of [
  ['de', 'Kioskpersonal', 'Personalmitglied hinzufügen', 'Name', 'Entfernen'],
  ['ar', 'موظفو الأجهزة', 'إضافة موظف', 'الاسم', 'إزالة'],
] as const)
  test(`in ${language}`, async () => {
    await page.locator('select:has(option[value="zh"])').first().selectOption(language);
    await expect(page.locator('html')).toHaveAttribute('lang', language);
    await expect(page.getByRole('heading', { name: heading, level: 1 })).toBeVisible();
    await seen(`kiosk-staff-${language}`);
    await page.getByRole('button', { name: add }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(name, { exact: true }).fill(`Kim ${language}`);
    await dialog.getByLabel(name, { exact: true }).press('Enter');
    await expect(dialog.locator('.secret')).toBeVisible();
    await seen(`kiosk-staff-sheet-${language}`);
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
    await seen(`kiosk-staff-${language}-added`);
    // The table is wide, and the button that removes someone is in its last column.
    for (const [width, height] of [
      [1280, 800],
      [1080, 1920],
    ] as const) {
      await page.setViewportSize({ width, height });
      await fits(page, `kiosk-staff in ${language}`);
      const added = page.getByRole('row', { name: new RegExp(`Kim ${language}`) });
      await expect(added.getByRole('button', { name: remove })).toBeInViewport({ ratio: 1 });
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  });
