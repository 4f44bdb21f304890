import { type BrowserContext, expect, type FileChooser, type Locator, type Page, test } from '@playwright/test';
import sharp from 'sharp';
import { createDeviceIdentity } from '../../sync/edge/identity.ts';
import { startJoining } from '../../sync/edge/provisioning/join.ts';
import { readPicture, stillsOfA, takesOf } from '../footage/index.ts';
import { appCode, openBrowser } from './browser.ts';
import { newSystem, type System } from './system.ts';
import { ask } from './walk.ts';

/*
 * The most common tasks in the console, with the number of clicks that each takes from Home, and the seconds of this walk. Typing
 * and keys don't count as clicks. `npm run test:tasks` prints them.
 */

const PASSWORD = 'orbit lantern walrus teapot';
const PEOPLE = 500;

test.describe.configure({ mode: 'serial' });
let system: System;
let context: BrowserContext;
let page: Page;
let clicks = 0;

/** One click of the mouse. */
async function click(what: Locator): Promise<void> {
  clicks += 1;
  await what.click();
}
const rail = (name: string) => page.locator('.rail').getByRole('link', { name, exact: true });
const tab = (name: string) => page.locator('.tabs').getByRole('link', { name, exact: true });
const button = (name: string) => page.getByRole('button', { name, exact: true });
const dialog = () => page.getByRole('dialog');

/**
 * Defines a task, its limit of clicks, and the walk.
 * @param seconds target time; only printed beside the measured time, since the machine may be busy
 */
function task(name: string, most: number, walk: () => Promise<void>, seconds?: number): void {
  test(`${name} takes at most ${most} clicks`, async () => {
    if (page.url().includes('#/')) await page.goto(system.at('home'));
    clicks = 0;
    const began = performance.now();
    await walk();
    const took = `${((performance.now() - began) / 1000).toFixed(1)} s${seconds ? ` (bar ${seconds} s)` : ''}`;
    console.log(`${name}: ${clicks} clicks (bar ${most}), ${took}`);
    expect(clicks).toBeLessThanOrEqual(most);
  });
}

test.beforeAll(async ({ browser }) => {
  system = await newSystem('North entrance');
  ({ context, page } = await openBrowser(browser));
});
test.afterAll(async () => {
  await context?.close();
  await system?.close();
});

task(
  'a fresh install to an enrolled person',
  12,
  async () => {
    await page.goto(system.server.adminLink);
    await click(button('Sign in'));
    await click(page.locator('.setup').getByRole('button', { name: 'Add contacts' }));
    await dialog().getByLabel('Your organisation').fill('Example Ltd');
    await dialog().getByLabel('Privacy contact').fill('privacy@example.org');
    await dialog().getByLabel('Data protection officer').fill('dpo@example.org');
    await click(dialog().getByRole('button', { name: 'Save contacts' }));
    await click(page.locator('.setup').getByRole('button', { name: 'Review consent texts' }));
    await click(dialog().getByRole('button', { name: 'Adopt these texts' }));
    await click(page.locator('.setup').getByRole('button', { name: 'Add person' }));
    await addAndEnrol('Ada Lovelace', '1815', stillsOfA()[0]!);
  },
  120,
);

/** Goes from the open dialog for a new person to their face. */
async function addAndEnrol(
  name: string,
  number: string,
  picture: Parameters<FileChooser['setFiles']>[0],
): Promise<void> {
  await dialog().getByLabel('Name', { exact: true }).fill(name);
  await dialog().getByLabel('Number').fill(number);
  await page.keyboard.press('Enter');
  await click(button('Enrol face'));
  await click(page.getByRole('checkbox'));
  await click(button('Record consent'));
  await click(button('Photo files'));
  const choosing = page.waitForEvent('filechooser');
  await click(page.locator('.file-pick'));
  await (await choosing).setFiles(picture);
  await click(button('Enrol face'));
  await expect(page.getByRole('heading', { level: 1, name, exact: true })).toBeVisible();
}

test('the building fills up', async () => {
  await page.goto(system.at('home'));
  const { outbox, engine } = system;
  const now = Date.now();
  for (let i = 0; i < PEOPLE; i++) outbox.person(i === 321 ? 'Zoë Müller-Lüdenscheidt' : `Person Nummer${i}`);
  const grace = outbox.person('Grace Hopper');
  outbox.checkin(grace, 'in', new Date(now - 60_000));
  engine.nudge();
  await expect(page.locator('.row', { hasText: 'Grace Hopper' })).toBeVisible();
});

task('who is inside', 1, async () => {
  await click(page.locator('.stat').getByRole('link', { name: 'Inside now' }));
  await expect(page.getByRole('row', { name: /Grace Hopper/ })).toBeVisible();
});

task('a person among 500', 2, async () => {
  await click(page.locator('.search-box'));
  await page.keyboard.type('zoe muller');
  await click(page.getByRole('option', { name: /Zoë Müller-Lüdenscheidt/ }));
  await expect(page.getByRole('heading', { level: 1, name: 'Zoë Müller-Lüdenscheidt' })).toBeVisible();
});

task('the month as CSV', 2, async () => {
  await click(rail('Reports'));
  const downloading = page.waitForEvent('download');
  await click(page.getByRole('button', { name: /CSV/ }).first());
  expect((await downloading).suggestedFilename()).toMatch(/\.csv$/);
});

task('a record put right', 3, async () => {
  await click(rail('Attendance'));
  await click(page.getByRole('row', { name: /Grace Hopper/ }).getByRole('button', { name: 'Correct' }));
  await dialog().getByLabel('Time').fill('00:00');
  await dialog().getByLabel('Reason').fill('Came earlier');
  await click(dialog().getByRole('button', { name: 'Save' }));
  await expect(page.getByText('Record corrected')).toBeVisible();
});

task('a person added, their consent recorded, their face enrolled', 11, async () => {
  await click(rail('People'));
  await click(button('Add person').first());
  const { data, width, height } = await readPicture(takesOf('B', 'straight')[0]!);
  const buffer = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  await addAndEnrol('Alan Turing', '1912', { name: 'alan.png', mimeType: 'image/png', buffer });
});

task('a code for a new kiosk', 3, async () => {
  await click(rail('Kiosks'));
  await click(button('Add kiosk'));
  await dialog().getByLabel('Name').fill('South door');
  await click(dialog().getByRole('button', { name: 'Create setup code' }));
  await expect(dialog().locator('.qr svg')).toBeVisible();
});

task('a roll call begun', 3, async () => {
  await click(rail('Attendance'));
  await click(tab('Evacuation'));
  await click(button('Start roll call'));
  await expect(page.locator('.stat', { hasText: 'Missing' })).toBeVisible();
});

task('a person’s records', 3, async () => {
  await click(page.locator('.search-box'));
  await page.keyboard.type('grace');
  await click(page.getByRole('option', { name: /Grace Hopper/ }));
  await click(button('All records'));
  await expect(page.getByRole('row', { name: /Grace Hopper/ }).first()).toBeVisible();
});

task('a second factor set up', 6, async () => {
  await click(rail('Your account'));
  await page.getByLabel('E-mail address').fill('boss@example.org');
  await page.getByLabel('New password').fill(PASSWORD);
  await page.getByLabel('Confirm password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  const secret = (await page.locator('.secret').textContent())!.replaceAll(' ', '');
  await page.getByLabel('Six-digit code').fill(appCode(secret));
  await page.keyboard.press('Enter');
  await click(page.getByRole('checkbox'));
  await click(button('Done'));
  await expect(page.getByText('10 left')).toBeVisible();
});

test('the first kiosk is approved in the guide once it has used its code', async () => {
  for (const { id } of (await ask(page, 'GET', '/api/devices?status=approved')).items)
    await ask(page, 'POST', `/api/devices/${id}/revoke`);
  const { code } = await ask(page, 'POST', '/api/provisioning-codes', { name: 'East door', site: null });
  const identity = await createDeviceIdentity(crypto.randomUUID());
  const joining = startJoining({ secret: identity, name: 'East door', code, trustedNow: Date.now });
  const { fingerprint } = await joining.ask(new AbortController().signal);
  joining.close();
  await page.goto(system.at('home'));
  const guide = page.locator('.setup');
  await guide.getByRole('button', { name: 'Approve East door' }).click();
  await dialog().getByLabel('Fingerprint').fill(fingerprint);
  await dialog().getByRole('button', { name: 'Approve' }).click();
  await expect(page.getByText('Approved. The kiosk can now send data.')).toBeVisible();
  // It was the last step.
  await expect(guide).toHaveCount(0);
  // Wherever kiosks are named, the new one is included immediately.
  await page.keyboard.press('Control+k');
  await dialog().getByRole('combobox').fill('east');
  await expect(page.getByRole('option', { name: 'East door' })).toBeVisible();
});
