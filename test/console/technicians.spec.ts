import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import type { TechnicianList } from '../../sync/protocol/api/technicians.ts';
import type { Inventory } from '../../sync/protocol/wire/fleet.ts';
import { axe, enterByLink, fits, openBrowser, picture, type Rig, startRig } from './kit.ts';

/** Technicians of the server in the console: added with a sheet that is shown once, known at kiosks, removed. */
test.describe.configure({ mode: 'serial' });
test.setTimeout(180_000);
const PATIENT = { timeout: 60_000 };
const NAME = 'Jo Meier-Überall';

let rig: Rig;
let context: BrowserContext;
let page: Page;
let complaints: string[];
let inventory: Inventory = {
  version: '0.2.0',
  commit: '',
  host: 'browser',
  models: { detector: null, embedder: null },
  uptimeSeconds: 60,
  diskFree: 21e9,
  diskTotal: 64e9,
  camera: 'ok',
  clockOffsetMs: 0,
  queued: 0,
  photosWaiting: 0,
  temperature: null,
  storeSchema: 10,
  configRevision: null,
  configProblem: null,
};

const at = (path: string) => new URL(`/console/#/${path}`, rig.server.adminLink).href;
const items = () =>
  page.evaluate(async () => (await (await fetch('/api/technicians')).json()).items) as Promise<
    ReturnType<typeof TechnicianList.parse>['items']
  >;
const seen = async (name: string) => {
  await axe(page);
  await picture(page, name, ['desk', 'wall']);
};

test.beforeAll(async ({ browser }) => {
  test.setTimeout(180_000);
  rig = await startRig('North entrance', {}, () => inventory);
  ({ context, page, complaints } = await openBrowser(browser));
  await enterByLink(page, rig.server.adminLink);
  await expect(page.getByRole('navigation').first()).toBeVisible();
});
test.afterAll(async () => {
  await context?.close();
  await rig?.close();
});

const row = () => page.getByRole('row', { name: new RegExp(NAME) });

test('one is added by keyboard alone; app and paper are shown once, and only the codes are printed', async () => {
  await page.goto(at('fleet'));
  await page.getByRole('button', { name: 'Technicians' }).press('Enter');
  await expect(page.getByRole('heading', { name: 'Technicians', level: 1 })).toBeVisible();
  await expect(page.getByText('No technician', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Add a technician' }).press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill(NAME);
  await dialog.getByLabel('Site').selectOption({ label: 'North entrance' });
  await dialog.getByLabel('Name').press('Enter');
  await expect(dialog.getByRole('img', { name: 'Picture for the authenticator app' })).toBeVisible();
  const codes = await dialog.getByRole('list', { name: 'Codes on paper' }).getByRole('listitem').allTextContents();
  expect(codes).toHaveLength(5);
  for (const code of codes) expect(code).toMatch(/^\d{10}$/);
  const secret = (await dialog.locator('.secret').textContent())!;
  expect(secret.replaceAll(' ', '')).toMatch(/^[A-Z2-7]{32}$/);
  await seen('technician-sheet');
  await page.emulateMedia({ media: 'print' });
  await expect(dialog.getByText(codes[0]!)).toHaveCSS('visibility', 'visible');
  await expect(dialog.locator('.secret')).toHaveCSS('visibility', 'hidden');
  await expect(dialog.locator('.svg')).toHaveCSS('visibility', 'hidden');
  await page.emulateMedia({ media: 'screen' });
  await dialog.getByRole('button', { name: 'I have kept it' }).press('Enter');
  await expect(dialog).toBeHidden();
  await expect(row()).toContainText('0 of 1 have them');
  await expect(row()).toContainText('Not yet: Front door');
  // Nothing of it can be had again.
  const again = JSON.stringify(await items());
  for (const told of [...codes, secret.replaceAll(' ', '')]) expect(again).not.toContain(told);
  await page.reload();
  await expect(row()).toBeVisible();
  expect(await page.content()).not.toContain(codes[0]!);
});

test('that a kiosk has them is seen without a reload; two of one name are refused', async () => {
  const [one] = await items();
  inventory = { ...inventory, technicians: [one!.id] };
  rig.engine.nudge();
  await expect(row()).toContainText('1 of 1 have them', PATIENT);
  await seen('technicians');
  await page.getByRole('button', { name: 'Add a technician' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill(NAME.toLowerCase());
  await dialog.getByLabel('Name').press('Enter');
  await expect(dialog.getByText('There is a technician of this name already.')).toBeVisible();
  await page.keyboard.press('Escape');
});

test('one is removed, and stands there until the kiosk has forgotten them', async () => {
  await row().getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(row()).toContainText('Removed', PATIENT);
  await expect(row()).toContainText('0 of 1 have forgotten them');
  await expect(row().getByRole('button', { name: 'Remove' })).toHaveCount(0);
  await seen('technicians-removed');
  inventory = { ...inventory, technicians: [] };
  rig.engine.nudge();
  await expect(row()).toContainText('1 of 1 have forgotten them', PATIENT);
  // A 409 was the refusal above.
  expect(complaints.filter((text) => !text.includes('409'))).toEqual([]);
});

for (const [language, heading, add, name, remove] of [
  ['de', 'Techniker', 'Techniker hinzufügen', 'Name', 'Entfernen'],
  ['ar', 'الفنّيون', 'إضافة فنّي', 'الاسم', 'إزالة'],
] as const)
  test(`in ${language}`, async () => {
    await page.locator('select:has(option[value="zh"])').first().selectOption(language);
    await expect(page.locator('html')).toHaveAttribute('lang', language);
    await expect(page.getByRole('heading', { name: heading, level: 1 })).toBeVisible();
    await seen(`technicians-${language}`);
    await page.getByRole('button', { name: add }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(name).fill(`Kim ${language}`);
    await dialog.getByLabel(name).press('Enter');
    await expect(dialog.locator('.secret')).toBeVisible();
    await seen(`technician-sheet-${language}`);
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
    await seen(`technicians-${language}-added`);
    // The table is wide, and what removes somebody is its last column.
    for (const [width, height] of [
      [1280, 800],
      [1080, 1920],
    ] as const) {
      await page.setViewportSize({ width, height });
      await fits(page, `technicians in ${language}`);
      const added = page.getByRole('row', { name: new RegExp(`Kim ${language}`) });
      await expect(added.getByRole('button', { name: remove })).toBeInViewport({ ratio: 1 });
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  });
