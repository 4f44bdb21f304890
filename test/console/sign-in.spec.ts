import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { appCode, axe, enterByLink, openBrowser, picture } from './browser.ts';
import { newSystem, type System } from './system.ts';

/** Signing in to the console, and its first page. */
const PEOPLE = [
  'Ada Lovelace',
  'Grace Hopper',
  'Alan Turing',
  'Katherine Johnson',
  'Jürgen Müller-Lüdenscheidt',
  'Barbara Liskov',
];
const PASSWORD = 'orbit lantern walrus teapot';

test.describe.configure({ mode: 'serial' });
let system: System;
let context: BrowserContext;
let page: Page;
let complaints: string[];
const people: string[] = [];
let secret = '';
let recovery: string[] = [];

test.beforeAll(async ({ browser }) => {
  // The build and a first start take long on a machine that is busy with another suite.
  system = await newSystem('North entrance');
  ({ context, page, complaints } = await openBrowser(browser));
});
test.afterAll(async () => {
  await context?.close();
  await system?.close();
});

test('the link signs in with one button, and is removed from the address bar', async () => {
  await page.goto(system.server.adminLink);
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
  expect(page.url()).not.toContain('enter=');
  await axe(page);
  await picture(page, 'door');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'North entrance' })).toBeVisible();
  await expect(page).toHaveTitle('Home · SmartPresence');
});

test('an empty board says what will appear', async () => {
  await expect(page.getByText('No check-ins yet')).toBeVisible();
  await expect(page.getByText('Connected', { exact: true })).toBeVisible();
  await axe(page);
  await picture(page, 'empty');
});

test('the guide shows what is left to set up, takes the contacts, and can be hidden and restored', async () => {
  const guide = page.locator('.setup');
  await expect(guide).toContainText('1 of 6 done');
  await guide.getByRole('button', { name: 'Add contacts' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Your organisation').fill('Example Ltd, 1 Main Street');
  await dialog.getByLabel('Privacy contact').fill('privacy@example.org');
  await dialog.getByLabel('Data protection officer').fill('dpo@example.org');
  await axe(page);
  await picture(page, 'setup-contacts', ['desk', 'narrow']);
  await dialog.getByRole('button', { name: 'Save contacts' }).click();
  await expect(guide).toContainText('2 of 6 done');
  await picture(page, 'setup', ['desk', 'wall', 'narrow']);
  await guide.getByRole('button', { name: 'Hide this guide' }).click();
  await expect(guide).toHaveCount(0);
  await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
  await expect(guide).toBeVisible();
  // Also on another day.
  await guide.getByRole('button', { name: 'Hide this guide' }).click();
  await page.reload();
  await expect(page.getByText('No check-ins yet')).toBeVisible();
  await expect(guide).toHaveCount(0);
  await page.keyboard.press('Control+k');
  await dialog.getByRole('combobox').fill('guide');
  await page.getByRole('option', { name: 'Show the setup guide' }).click();
  await expect(guide).toBeVisible();
});

test('the consent text is read in the guide in each language, and adopted in all of them', async () => {
  const guide = page.locator('.setup');
  await guide.getByRole('button', { name: 'Review consent texts' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.locator('.consent-text:visible')).toContainText('Example Ltd, 1 Main Street');
  await dialog.locator('summary', { hasText: 'Arabic' }).click();
  await expect(dialog.locator('.consent-text[dir=rtl]')).toContainText('Example Ltd, 1 Main Street');
  await axe(page);
  await picture(page, 'setup-texts', ['desk', 'narrow']);
  await dialog.getByRole('button', { name: 'Adopt these texts' }).click();
  await expect(guide).toContainText('3 of 6 done');
  await page.goto(system.at('texts'));
  await expect(page.getByText(/^Adopted/)).toBeVisible();
  await page.goto(system.at('home'));
});

test('a roll call with nobody inside says so, not that everyone is accounted for', async () => {
  await page.getByRole('link', { name: 'Attendance', exact: true }).click();
  await page.getByRole('link', { name: 'Evacuation' }).click();
  await page.getByRole('button', { name: 'Start roll call' }).click();
  const missing = page.locator('.stat', { hasText: 'Missing' });
  await expect(missing).toContainText('0');
  await expect(missing).not.toHaveAttribute('data-tone');
  await expect(page.getByText('No one is known to be inside')).toBeVisible();
  await expect(page.getByText('Everyone is accounted for')).toHaveCount(0);
  await page.getByRole('button', { name: 'End roll call' }).click();
  await page.getByRole('dialog').getByRole('textbox').fill('end');
  await page.getByRole('dialog').getByRole('button', { name: 'End roll call' }).click();
  await expect(page.getByRole('button', { name: 'Start roll call' })).toBeVisible();
  await page.getByRole('link', { name: 'Home' }).click();
});

test('a check-in appears without a reload, and a void strikes it through', async () => {
  const { outbox, engine } = system;
  people.push(...PEOPLE.map((name) => outbox.person(name)));
  const first = outbox.checkin(people[0]!);
  engine.nudge();
  await expect(page.getByRole('listitem').filter({ hasText: 'Ada Lovelace' })).toContainText(/In.*\d\d:\d\d:\d\d/);
  await expect(page.getByRole('listitem').filter({ hasText: 'Ada Lovelace' })).toContainText('Liveness: off (demo)');
  outbox.append('void', { target: first.header.id, reason: 'not-me' }, {});
  for (const [i, id] of people.entries()) outbox.checkin(id, 'in', new Date(Date.now() + i));
  outbox.checkin(people[2]!, 'out', new Date(Date.now() + 10));
  engine.nudge();
  await expect(page.locator('.row s')).toHaveText('Ada Lovelace');
  await expect(page.locator('.row')).toHaveCount(8);
  await expect(page.locator('.stat').nth(0)).toContainText('5');
  await expect(page.locator('.stat').nth(1)).toContainText('6');
  await expect(page.locator('.stat').nth(2)).toContainText('Alan Turing');
  await axe(page);
  await picture(page, 'live', ['desk', 'wall', 'narrow']);
});

test('is in German, and in Arabic from right to left', async () => {
  await page.getByLabel('Language').selectOption('de');
  await expect(page.locator('.stat').first()).toContainText('Jetzt anwesend');
  await expect(page.getByText('Storniert: nicht ich')).toBeVisible();
  await picture(page, 'german');
  await page.getByLabel('Sprache').selectOption('ar');
  await expect(page.locator('.stat').first()).toContainText('في المبنى الآن');
  expect(await page.evaluate(() => getComputedStyle(document.body).direction)).toBe('rtl');
  await axe(page);
  await picture(page, 'arabic', ['desk', 'narrow']);
  await page.getByLabel('اللغة').selectOption('en');
});

test('loads and runs nothing that its policy forbids', async () => {
  expect(complaints).toEqual([]);
  const blocked = await page.evaluate(async () => {
    const notified = new Promise<string>((resolve) =>
      document.addEventListener('securitypolicyviolation', (e) => resolve(e.effectiveDirective), { once: true }),
    );
    void fetch('https://127.0.0.1:9/planted').catch(() => undefined);
    return notified;
  });
  expect(blocked).toBe('connect-src');
});

test('says when the server is unreachable, and recovers automatically without repeating a row', async () => {
  await system.server.stop();
  await expect(page.getByText('Connection to the server lost.')).toBeVisible();
  await axe(page);
  await picture(page, 'lost');
  system.outbox.checkin(people[1]!, 'out');
  await system.server.start();
  await expect(page.locator('.row')).toHaveCount(9);
  await expect(page.getByText('Connection to the server lost.')).toBeHidden();
});

test('the first administrator sets password, app and recovery codes by keyboard alone, and returns to the guide', async () => {
  const type = async (text: string) => page.keyboard.type(text);
  await page.locator('.setup').getByRole('button', { name: 'Set password' }).focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Secure your sign-in' });
  await expect(dialog.getByRole('heading', { name: 'Choose a password' })).toBeFocused();
  await axe(page);
  await page.keyboard.press('Tab');
  await type('boss@example.org');
  await page.keyboard.press('Tab');
  await type('password1234');
  await page.keyboard.press('Tab');
  await type('password1234');
  await page.keyboard.press('Enter');
  await expect(page.getByText('This password is too easy to guess.')).toBeVisible();
  await page.keyboard.press('Shift+Tab');
  await type(PASSWORD);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Control+a');
  await type(PASSWORD);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Set up your authenticator app' })).toBeFocused();
  secret = (await page.locator('.secret').textContent())!.replaceAll(' ', '');
  await axe(page);
  await picture(page, 'totp', ['desk', 'narrow']);
  await page.keyboard.press('Tab');
  await type(appCode(secret));
  await page.keyboard.press('Enter');
  await expect(dialog.getByRole('heading', { name: 'Save your recovery codes' })).toBeFocused();
  // They are still shown when the guide marks the step as done.
  await expect(page.locator('.setup')).toContainText('5 of 6 done');
  recovery = await page.locator('.codes code').allTextContents();
  expect(recovery).toHaveLength(10);
  await picture(page, 'codes');
  // Chrome closes a dialog after three consecutive Escapes that had no effect.
  const lost = page.getByRole('dialog', { name: 'Leave without saving the codes?' });
  for (const times of [1, 2]) {
    await page.keyboard.press('Escape');
    await expect(lost, `asked ${times}`).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(lost).toHaveCount(0);
  }
  await dialog.getByRole('button', { name: 'Close' }).click();
  await lost.getByRole('button', { name: 'Cancel' }).click();
  await expect(dialog.locator('.codes code')).toHaveText(recovery);
  await dialog.getByRole('heading', { name: 'Save your recovery codes' }).focus();
  for (const key of ['Tab', 'Tab', 'Tab', 'Space', 'Enter']) await page.keyboard.press(key);
  await expect(page.getByRole('heading', { name: 'North entrance' })).toBeVisible();
  await page.getByRole('link', { name: 'Your account' }).click();
  await expect(page.getByText('10 left')).toBeVisible();
  await axe(page);
  await picture(page, 'account');
});

test('a used link says so in another browser', async ({ browser }) => {
  const other = await openBrowser(browser, 'de-DE');
  // The link that opened this console. None is made once an administrator has fully signed in.
  await enterByLink(other.page, system.server.adminLink, 'Anmelden');
  await expect(
    other.page.getByRole('heading', { name: 'North entrance' }).or(other.page.getByRole('alert')),
  ).toBeVisible();
  await other.context.clearCookies();
  await enterByLink(other.page, system.server.adminLink, 'Anmelden');
  await expect(other.page.getByRole('alert')).toContainText('Dieser Link');
  await other.context.close();
});

test('after signing out nothing is accessible; address, password and code lead to the requested page', async () => {
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeFocused();
  await axe(page);
  await picture(page, 'out', ['desk', 'narrow']);
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await page.goto(system.at('account'));
  await page.getByLabel('E-mail address').fill('boss@example.org');
  await page.getByLabel('Password').fill('wrong');
  await page.getByLabel('Authenticator code').fill(appCode(secret, 1));
  await page.keyboard.press('Enter');
  await expect(page.getByText('Wrong e-mail address, password or code.')).toBeVisible();
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByLabel('Authenticator code').fill(recovery[0]!);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Sign-in and password' })).toBeVisible();
  await expect(page.getByText('9 left')).toBeVisible();
});
