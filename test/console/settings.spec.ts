import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { axe, enterByLink, openBrowser, picture, saveSettings } from './browser.ts';
import { Keys } from './keys.ts';
import { newSystem, type System } from './system.ts';
import { ask, becomeAccount } from './walk.ts';

/** Settings and consent texts: no edit is lost silently, and nobody can agree to something unreadable. */
test.describe.configure({ mode: 'serial' });
let system: System;
let context: BrowserContext;
let page: Page;
let complaints: string[];
const at = (path: string) => system.at(path);
const photos = () => page.getByLabel('Keep check-in photos', { exact: true });
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

test('leaving unsaved edits asks first, and staying keeps them', async () => {
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
  // The browser asks before the tab is closed.
  await dialog().getByRole('button', { name: 'Cancel' }).click();
  const asked = page.waitForEvent('dialog');
  const closing = page.close({ runBeforeUnload: true });
  const question = await asked;
  expect(question.type()).toBe('beforeunload');
  await question.dismiss();
  await closing;
  await expect(photos()).toHaveValue('12');
  // Restoring the original value is not an edit.
  await photos().fill('');
  await page.getByRole('link', { name: 'Attendance', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Attendance records' })).toBeVisible();
  await page.goto(at('settings'));
  await page.getByLabel('Day starts at').fill('05:00');
  await page.getByRole('link', { name: 'Attendance', exact: true }).click();
  await dialog().getByRole('button', { name: 'Leave without saving' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Attendance records' })).toBeVisible();
});

test('before saving, a summary shows each change from old to new, for how many kiosks, and its consequences', async () => {
  await page.goto(at('settings?site='));
  const filled = page.getByLabel('Age of consent', { exact: true });
  await photos().fill('30');
  await filled.fill('16');
  await page.getByLabel('Face recognition', { exact: true }).selectOption('Off');
  // Settings that depend on faces are of no use now.
  await expect(page.getByLabel('Liveness check', { exact: true })).toBeHidden();
  await expect(page.getByRole('region').or(page.locator('section')).filter({ hasText: 'Not saved' })).toHaveCount(3);
  await expect(page.getByText('Unsaved changes: Face recognition, Consent, Storage periods')).toBeVisible();
  await picture(page, 'settings-unsaved', ['desk', 'narrow']);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const review = page.getByRole('dialog', { name: 'Save these changes?' });
  const lines = review.locator('.diff li');
  await expect(lines).toHaveCount(3);
  await expect(lines.first()).toContainText('Kiosk default → Off');
  await expect(lines.first()).toContainText('Applies to 1 kiosk. No face is recognised or enrolled any more');
  await expect(lines.nth(1)).toContainText('– → 16 years');
  await expect(lines.last()).toContainText('– → 30 days');
  await expect(lines.last()).toContainText('Older photos are deleted.');
  await axe(page);
  await picture(page, 'settings-review', ['desk', 'narrow']);
  await review.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.locator('li.setting')).toHaveCount(0);
  await expect(filled).toHaveValue('16');
  await page.getByRole('button', { name: 'Discard changes' }).click();
  await expect(filled).toHaveValue('');
  await expect(page.getByText('Unsaved changes')).toBeHidden();
});

test('settings can be searched, and errors are shown beside their field and scrolled into view on save', async () => {
  await page.goto(at('settings?site='));
  const search = page.getByRole('searchbox', { name: 'Find a setting' });
  await photos().fill('91');
  await expect(photos()).toHaveAccessibleDescription(/days.*Enter a whole number from 1 to 90, or leave it empty\./);
  await search.fill('LOCAT');
  await expect(page.getByLabel('Keep locations', { exact: true })).toBeVisible();
  await expect(photos()).toBeHidden();
  await expect(page.getByRole('heading', { level: 2 })).toHaveText(['Storage periods', 'History']);
  await picture(page, 'settings-found', ['desk', 'narrow']);
  await expect(page.getByText('Correct the marked fields first: Storage periods')).toBeVisible();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(photos()).toBeFocused();
  await expect(search).toHaveValue('');
  await search.fill('nothing is called this');
  await expect(page.getByText('No matching settings.')).toBeVisible();
  await search.fill('time zone');
  await expect(page.getByRole('heading', { level: 2 })).toHaveText(['Calendar', 'History']);
  await search.fill('');
  await page.getByRole('button', { name: 'Discard changes' }).click();
  await axe(page);
  await picture(page, 'settings', ['desk', 'narrow']);
});

test('a setting opened again from the palette is shown again, at the chosen site', async () => {
  await page.goto(at('settings?site='));
  const site = page.getByLabel('Site', { exact: true });
  const search = page.getByRole('searchbox', { name: 'Find a setting' });
  await site.selectOption('South');
  const south = await site.inputValue();
  for (const typed of ['', 'photos']) {
    await search.fill(typed);
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Search' }).fill('late arrivals');
    await page.getByRole('option', { name: 'Work starts at' }).click();
    await expect(search).toHaveValue('Work starts at');
    await expect(site).toHaveValue(south);
  }
  await expect(page.getByLabel('Work starts at')).toBeVisible();
});

test('a setting is found, changed and saved by keyboard alone', async () => {
  await page.goto(at('settings?site='));
  const keys = new Keys(page);
  await keys.type(page.getByRole('searchbox', { name: 'Find a setting' }), 'consent after');
  await keys.type(page.getByLabel('Renew consent after', { exact: true }), '24');
  await keys.press('Enter');
  const review = page.getByRole('dialog', { name: 'Save these changes?' });
  await expect(review).toContainText('– → 24 months');
  await keys.enter(review.getByRole('button', { name: 'Save', exact: true }));
  await expect(page.locator('li.setting')).toHaveCount(1);
  await keys.held();
});

test('two people can change different settings, and the history shows only those', async () => {
  await page.goto(at('settings?site='));
  await page.reload();
  await page.getByLabel('Site', { exact: true }).selectOption('South');
  await photos().fill('12');
  const other = await context.newPage();
  await other.goto(page.url());
  await other.getByRole('spinbutton', { name: 'Keep locations' }).fill('9');
  await other.getByRole('spinbutton', { name: 'Keep locations' }).blur();
  await saveSettings(page);
  await expect(page.locator('li.setting')).toHaveCount(1);
  await saveSettings(other);
  await expect(other.locator('li.setting')).toHaveCount(2);
  await expect(other.getByRole('spinbutton', { name: 'Keep check-in photos' })).toHaveValue('12');
  await expect(other.locator('li.setting').first().locator('.setting-name')).toHaveText(['Keep locations']);
  await expect(other.locator('li.setting').last().locator('.setting-name')).toHaveText(['Keep check-in photos']);
  // Undoing the older one undoes the newer one too, which is announced beforehand.
  await other.locator('li.setting').last().getByRole('button', { name: 'Undo this change' }).click();
  for (const lost of [/Keep check-in photos12 days → /, /Keep locations9 days → /])
    await expect(other.getByRole('dialog').locator('.diff')).toContainText(lost);
  await other.close();
});

test('a consent text can be read in the dialog that asks whether it was reviewed', async () => {
  const paragraphs = Array.from({ length: 14 }, (_, i) => `Paragraph ${i + 1}. ${'We keep your face. '.repeat(12)}`);
  await ask(page, 'POST', '/api/consent-texts', { version: '2027-01', language: 'en', title: 'May we?', paragraphs });
  await becomeAccount(page, 'dpo@example.org', 'dpo');
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
