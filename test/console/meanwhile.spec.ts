import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { enterByLink, openBrowser } from './browser.ts';
import { newSystem, type System } from './system.ts';
import { ask } from './walk.ts';

/** Someone else was faster, or an answer is late or an error: typed text is kept, the reason is shown, the next action works. */
test.describe.configure({ mode: 'serial' });
let system: System;
let context: BrowserContext;
let page: Page;
let people: string[];
let south: string;

const open = async (path: string, heading: string) => {
  await page.goto(system.at(path));
  await expect(page.getByRole('heading', { name: heading, level: 1 })).toBeVisible();
};
const dialog = () => page.getByRole('dialog');
const alert = () => page.getByRole('main').getByRole('alert');
/** Answers the next request to this path with an error from a proxy in front of the server. */
const failOnce = (path: string) =>
  page.route(path, (route) => route.fulfill({ status: 503, body: 'busy' }), { times: 1 });

test.beforeAll(async ({ browser }) => {
  system = await newSystem('North entrance');
  const { outbox, engine } = system;
  people = ['Ada Lovelace', 'Grace Hopper'].map((name) => outbox.person(name));
  for (const [i, person] of people.entries()) outbox.checkin(person, 'in', new Date(Date.now() - (2 - i) * 60_000));
  const wrong = outbox.checkin(people[0]!, 'in', new Date(Date.now() - 3000));
  outbox.append('void', { target: wrong.header.id, reason: 'not-me' }, {});
  engine.nudge();
  ({ context, page } = await openBrowser(browser));
  await enterByLink(page, system.server.adminLink);
  await expect(page.locator('.row')).toHaveCount(3);
  ({ id: south } = await ask(page, 'POST', '/api/sites', { name: 'South', timeZone: 'Europe/Berlin' }));
  await page.reload();
});
test.afterAll(async () => {
  await context?.close();
  await system?.close();
});

test('a calendar changed by someone else is shown first, and saved at the second press', async () => {
  await open(`settings?site=${south}`, 'Settings');
  await page.getByRole('textbox', { name: 'Day starts at' }).fill('04:00');
  await ask(page, 'PATCH', `/api/sites/${south}?change=none`, { timeZone: 'Europe/Paris' });
  const save = async () => {
    await page.getByRole('button', { name: 'Save calendar' }).click();
    await dialog().getByRole('button', { name: 'Save calendar' }).click();
  };
  await save();
  await expect(alert()).toContainText('Check the current settings, then save again.');
  await expect(page.getByRole('textbox', { name: 'Time zone' })).toHaveValue('Europe/Paris');
  await expect(page.getByRole('textbox', { name: 'Day starts at' })).toHaveValue('04:00');
  await save();
  await expect(alert()).toHaveCount(0);
  await expect(page.getByText('Not saved')).toHaveCount(0);
  expect((await ask(page, 'GET', '/api/sites')).items).toContainEqual(
    expect.objectContaining({ id: south, dayStartsAt: '04:00', timeZone: 'Europe/Paris' }),
  );
});

test('Save still works after going back from a question and staying', async () => {
  await open('attendance', 'Attendance records');
  await open(`settings?site=${south}`, 'Settings');
  await page.getByRole('textbox', { name: 'Day starts at' }).fill('05:00');
  await page.getByRole('button', { name: 'Save calendar' }).click();
  await expect(dialog()).toHaveAccessibleName('Save these changes?');
  await page.goBack();
  await expect(dialog()).toHaveAccessibleName('Leave without saving?');
  await dialog().getByRole('button', { name: 'Cancel' }).click();
  await expect(dialog()).toHaveCount(0);
  await page.getByRole('button', { name: 'Save calendar' }).click();
  await dialog().getByRole('button', { name: 'Save calendar' }).click();
  await expect(page.getByText('Not saved')).toHaveCount(0);
});

test('a roll call marks each person pressed, even before the previous mark is saved', async () => {
  await open('evacuation', 'Evacuation');
  await page.getByRole('button', { name: 'Start roll call' }).click();
  const mark = (name: string) => page.getByRole('button', { name: `Mark as accounted for ${name}` });
  await expect(mark('Grace Hopper')).toBeVisible();
  let answer = (): void => undefined;
  const pressed = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route('**/api/evacuations/*/people/*', async (route) => {
    await pressed;
    await route.continue();
  });
  await mark('Ada Lovelace').click();
  await mark('Grace Hopper').click();
  answer();
  await expect(page.locator('.stat', { hasText: 'Missing' })).toContainText('0', { timeout: 60_000 });
  await page.unrouteAll({ behavior: 'wait' });
});

test('a failed reopening of an attention item shows the reason', async () => {
  const { items } = await ask(page, 'GET', '/api/attention');
  const { kind, ref } = items.find((item: { kind: string }) => item.kind === 'void');
  await ask(page, 'POST', '/api/attention/resolve', { kind, ref, note: 'seen' });
  await open('attention?state=resolved', 'Needs attention');
  await failOnce('**/api/attention/reopen');
  await page.getByRole('button', { name: 'Reopen' }).click();
  await expect(alert()).toBeVisible({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Reopen' }).click();
  await expect(page.getByRole('button', { name: 'Reopen' })).toHaveCount(0);
});

test('people found by a search show new sites as soon as they are assigned', async () => {
  await open('people', 'People');
  await page.getByRole('searchbox', { name: 'Search' }).fill('Ada');
  const row = page.getByRole('row', { name: /Ada Lovelace/ });
  await expect(row).toContainText('North entrance');
  await row.getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Assign sites' }).click();
  await dialog().getByLabel('South').check();
  await dialog().getByRole('button', { name: 'Assign sites' }).click();
  await expect(row).toContainText('South', { timeout: 60_000 });
});

test('a profile on a person’s own page saves only the fields edited there', async ({ browser }) => {
  const ada = `/api/people/${people[0]}`;
  const { url } = await ask(page, 'POST', `${ada}/sign-in-links`, { send: false });
  const own = await openBrowser(browser);
  await enterByLink(own.page, url, 'Open my page');
  await own.page.getByRole('link', { name: 'My data' }).click();
  await own.page.getByRole('button', { name: 'Edit' }).click();
  const form = own.page.getByRole('dialog');
  await form.getByLabel('Name').fill('Ada King');
  await ask(page, 'PATCH', ada, { phone: '+44 20 7946 0000' });
  const save = form.getByRole('button', { name: 'Save' });
  await save.click();
  await expect(form.getByRole('alert')).toBeVisible();
  await save.click();
  await expect(form).toHaveCount(0);
  expect(await ask(page, 'GET', ada)).toMatchObject({ name: 'Ada King', phone: '+44 20 7946 0000' });
  await own.context.close();
});

test('Try again reloads what failed to load', async () => {
  for (const [path, heading, missing] of [
    ['rollouts', 'Rollouts', '**/api/rings'],
    ['jobs', 'Background jobs', '**/api/jobs/runs*'],
    ['accounts', 'Accounts', '**/api/alerts'],
  ] as const) {
    await failOnce(missing);
    await open(path, heading);
    await expect(alert(), path).toBeVisible();
    const again = page.getByRole('button', { name: 'Try again' });
    // On a phone it is below what is said.
    await page.setViewportSize({ width: 390, height: 844 });
    const said = (await alert().locator('div').boundingBox())!;
    expect((await again.boundingBox())!.y, path).toBeGreaterThanOrEqual(said.y + said.height);
    await page.setViewportSize({ width: 1280, height: 720 });
    await again.click();
    await expect(alert(), path).toHaveCount(0, { timeout: 60_000 });
  }
});

test('signing in again continues with what was typed, and another account doesn’t see it', async () => {
  const own = await ask(page, 'GET', '/api/session');
  const error = { type: 'about:blank', title: '', status: 401, code: 'no-session', nextStep: '' };
  const end = () => page.route('**/api/**', (route) => route.fulfill({ status: 401, json: error }));
  const enter = async (json: object) => {
    await page.unrouteAll({ behavior: 'wait' });
    await page.route('**/api/sign-in', (route) => route.fulfill({ json }));
    await page.getByLabel('E-mail address').fill('boss@example.org');
    await page.getByLabel('Password').fill('orbit lantern walrus teapot');
    await page.getByRole('button', { name: 'Sign in' }).click();
  };
  await open(`people/${people[1]}`, 'Grace Hopper');
  await page.getByRole('button', { name: 'Edit' }).click();
  const phone = dialog().getByLabel('Phone');
  const save = dialog().getByRole('button', { name: 'Save' });
  await phone.fill('+1 212 555 0199');
  await end();
  await save.click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  expect(await page.content()).not.toMatch(/Hopper|555 0199/);
  await enter(own);
  await expect(phone).toHaveValue('+1 212 555 0199');
  await save.click();
  await expect(dialog()).toHaveCount(0);
  await expect(page.getByText('+1 212 555 0199')).toBeVisible();
  await page.getByRole('button', { name: 'Edit' }).click();
  await phone.fill('+1 212 555 0100');
  await end();
  await save.click();
  await enter({ ...own, account: people[0] });
  await expect(page.getByRole('heading', { name: 'Grace Hopper', level: 1 })).toBeVisible();
  await expect(dialog()).toHaveCount(0);
  await page.unrouteAll({ behavior: 'wait' });
});

test('a failed sign-out shows the reason', async () => {
  await open('account', 'Sign-in and password');
  await failOnce('**/api/sessions');
  await page.getByRole('button', { name: 'Sign out everywhere' }).click();
  await dialog().getByRole('button', { name: 'Sign out everywhere' }).click();
  await expect(alert()).toBeVisible({ timeout: 60_000 });
});

test('a password mistyped before the second factor can be re-entered', async () => {
  const password = 'orbit lantern walrus teapot';
  await ask(page, 'PUT', '/api/account/sign-in', { email: 'boss@example.org', password });
  await page.reload();
  await open('account', 'Sign-in and password');
  const enter = async (typed: string) => {
    await page.getByLabel('Current password').fill(typed);
    await page.getByRole('button', { name: 'Next' }).click();
  };
  await enter('another lantern walrus teapot');
  await expect(alert()).toContainText('Wrong current password or code.');
  await page.getByRole('button', { name: 'Try again' }).click();
  await enter(password);
  await expect(page.getByRole('img', { name: 'QR code for the authenticator app' })).toBeVisible();
});

test('containing an incident shows what is left to do, although it signs everyone out', async () => {
  const foundAt = new Date().toISOString();
  const { id } = await ask(page, 'POST', '/api/incidents', { title: 'A stolen key', severity: 'high', foundAt });
  await open(`incidents/${id}`, 'A stolen key');
  await page.getByRole('button', { name: 'Contain incident' }).click();
  await dialog().getByRole('button', { name: 'Contain incident' }).click();
  const sure = dialog().filter({ has: page.getByLabel('Type “contain” to confirm') });
  await sure.getByRole('textbox').fill('contain');
  await sure.getByRole('button', { name: 'Contain incident' }).click();
  await expect(dialog()).toContainText('Every session is ended.');
  await expect(page.locator('h1')).toHaveText('Sign in', { timeout: 60_000 });
  await expect(dialog()).toContainText('Check the audit log');
  await dialog().getByRole('button', { name: 'Close' }).last().click();
  await expect(dialog()).toHaveCount(0);
});
