import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { appCode, axe, enterByLink, openBrowser, picture } from './browser.ts';
import { newSystem, type System } from './system.ts';
import { ask, PASSWORD } from './walk.ts';

/** Settings, and texts of consents: nothing edited is lost without a word, and nothing is agreed to that can't be read. */
test.describe.configure({ mode: 'serial' });
let system: System;
let context: BrowserContext;
let page: Page;
let complaints: string[];
const at = (path: string) => system.at(path);
const photos = () => page.getByLabel('Keep check-in photos (days)', { exact: true });
const dialog = () => page.getByRole('dialog', { name: 'Leave without saving?' });

test.beforeAll(async ({ browser }) => {
  system = await newSystem('North entrance');
  ({ context, page, complaints } = await openBrowser(browser));
  await enterByLink(page, system.server.adminLink);
  await expect(page.locator('.rail')).toBeVisible();
  await ask(page, 'POST', '/api/sites', { name: 'South', timeZone: 'Europe/Berlin' });
  await page.reload();
});
test.afterAll(async () => {
  await context?.close();
  await system?.close();
});

test('edits that nobody saved are asked about before they are left, and kept if one stays', async () => {
  await page.goto(at('settings'));
  await photos().fill('12');
  for (const leave of [
    () => page.getByRole('link', { name: 'Attendance', exact: true }).click(),
    () => page.goBack(),
    () => page.getByLabel('Site', { exact: true }).selectOption('South'),
  ]) {
    await leave();
    await expect(dialog()).toBeVisible();
    await dialog().getByRole('button', { name: 'Cancel' }).click();
    await expect(photos()).toHaveValue('12');
    await expect(page).toHaveURL(at('settings'));
    await expect(page.getByLabel('Site', { exact: true }).locator('option:checked')).toHaveText('North entrance');
  }
  await page.getByRole('link', { name: 'Attendance', exact: true }).click();
  await expect(dialog()).toBeVisible();
  await axe(page);
  await picture(page, 'unsaved');
  // Closing the tab is asked about by the browser.
  await dialog().getByRole('button', { name: 'Cancel' }).click();
  const asked = page.waitForEvent('dialog');
  const closing = page.close({ runBeforeUnload: true });
  const question = await asked;
  expect(question.type()).toBe('beforeunload');
  await question.dismiss();
  await closing;
  await expect(photos()).toHaveValue('12');
  // What is as it was is no edit.
  await photos().fill('');
  await page.getByRole('link', { name: 'Attendance', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Attendance records' })).toBeVisible();
  await page.goto(at('settings'));
  await page.getByLabel('Day starts at').fill('05:00');
  await page.getByRole('link', { name: 'Attendance', exact: true }).click();
  await dialog().getByRole('button', { name: 'Leave without saving' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Attendance records' })).toBeVisible();
});

test('two people change different settings: both stand, and the history names no other', async () => {
  await page.goto(at('settings?site='));
  await page.getByLabel('Site', { exact: true }).selectOption('South');
  await photos().fill('12');
  const other = await context.newPage();
  await other.goto(page.url());
  await other.getByRole('spinbutton', { name: 'Keep locations (days)' }).fill('9');
  await other.getByRole('spinbutton', { name: 'Keep locations (days)' }).blur();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.locator('li.setting')).toHaveCount(1);
  await other.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(other.locator('li.setting')).toHaveCount(2);
  await expect(other.getByRole('spinbutton', { name: 'Keep check-in photos (days)' })).toHaveValue('12');
  await expect(other.locator('li.setting').first().locator('.setting-name')).toHaveText(['Keep locations (days)']);
  await expect(other.locator('li.setting').last().locator('.setting-name')).toHaveText(['Keep check-in photos (days)']);
  await other.close();
});

test('a text of a consent is read in the window that asks whether it was reviewed', async () => {
  const paragraphs = Array.from({ length: 14 }, (_, i) => `Paragraph ${i + 1}. ${'We keep your face. '.repeat(12)}`);
  await ask(page, 'POST', '/api/consent-texts', { version: '2027-01', language: 'en', title: 'May we?', paragraphs });
  const { link } = await ask(page, 'POST', '/api/accounts', { email: 'dpo@example.org', role: 'dpo' });
  await context.clearCookies();
  await enterByLink(page, link.url);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await ask(page, 'PUT', '/api/account/sign-in', { password: PASSWORD });
  const { secret } = await ask(page, 'POST', '/api/account/totp', {});
  await ask(page, 'POST', '/api/account/totp/confirm', { code: appCode(secret) });
  await page.reload();
  await page.goto(at('texts'));
  const shipped = page.getByRole('region', { name: 'Built-in text' });
  await expect(shipped).toContainText('In force');
  await shipped.getByText('May this kiosk recognise your face?').click();
  await expect(shipped).toContainText('With each check-in a photo is kept for 90 days');
  await picture(page, 'built-in-text', ['desk', 'narrow']);
  await page.getByRole('button', { name: 'Add text' }).click();
  const add = page.getByRole('dialog', { name: 'Add text' });
  await add.getByRole('button', { name: 'Start from the built-in text' }).click();
  await expect(add.getByLabel('Text', { exact: true })).toHaveValue(
    /^If you agree, \{controller\} stores[\s\S]+\{dpo\}\.$/,
  );
  await axe(page);
  await picture(page, 'add-text', ['desk', 'narrow']);
  await add.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'Mark as reviewed' }).click();
  const review = page.getByRole('dialog', { name: 'Mark as reviewed' });
  for (const text of ['May we?', ...paragraphs]) await expect(review.getByText(text, { exact: true })).toHaveCount(1);
  await expect(review.getByText(paragraphs[0]!)).toBeInViewport();
  await axe(page);
  await picture(page, 'review-text', ['desk', 'narrow']);
  await review.getByText(paragraphs.at(-1)!).scrollIntoViewIfNeeded();
  await expect(review.getByText(paragraphs.at(-1)!)).toBeInViewport();
  await review.getByRole('button', { name: 'Mark as reviewed' }).click();
  await expect(page.getByRole('article')).toContainText('In force');
  expect(complaints).toEqual([]);
});
