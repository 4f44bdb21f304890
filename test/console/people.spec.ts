import { readFileSync } from 'node:fs';
import { type BrowserContext, expect, type Page, type Route, test } from '@playwright/test';
import sharp from 'sharp';
import { stillsOfA } from '../footage/index.ts';
import { expectSideBySide } from '../kit/side-by-side.ts';
import { appCode, axe, enterByLink, inLanguage, openBrowser, picture, saveSettings } from './browser.ts';
import { newSystem, type System } from './system.ts';
import { call, firstSignIn, PASSWORD } from './walk.ts';

/** People, enrolment, what is pending, and the administrators' pages. */

test.describe.configure({ mode: 'serial' });
let system: System;
let context: BrowserContext;
let page: Page;
let complaints: string[];
let ada = '';

test.beforeAll(async ({ browser }) => {
  system = await newSystem('North entrance');
  ({ context, page, complaints } = await openBrowser(browser));
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

test('a person is added and found by their number', async () => {
  await open('people', 'People');
  await page.getByRole('button', { name: 'Add person' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('Ada Lovelace');
  await dialog.getByLabel('Number').fill('1815');
  await dialog.getByLabel('E-mail address').fill('ada@example.org');
  await dialog.getByRole('button', { name: 'Add person' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Ada Lovelace' })).toBeVisible();
  ada = page.url().split('/').at(-1)!;
  await axe(page);
  await open('people', 'People');
  await page.getByRole('searchbox', { name: 'Search' }).fill('1815');
  await expect(page.getByRole('link', { name: 'Ada Lovelace' })).toBeVisible();
  await axe(page);
  await picture(page, 'people', ['desk', 'wall', 'narrow']);
});

test('a number already in use is reported before it is assigned again', async () => {
  await open('people', 'People');
  await page.getByRole('button', { name: 'Add person' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'Add person' });
  await dialog.getByLabel('Name', { exact: true }).fill('Augusta');
  await dialog.getByLabel('Number').fill('1815');
  await dialog.getByRole('button', { name: 'Add person' }).click();
  const question = page.getByRole('dialog', { name: 'This number is in use' });
  await expect(question).toContainText('Ada Lovelace has the number 1815.');
  await axe(page);
  await picture(page, 'number-taken', ['desk', 'wall']);
  await question.getByRole('button', { name: 'Cancel' }).click();
  await expect(dialog.getByLabel('Number')).toHaveValue('1815');
  expect((await call(page, 'POST', '/api/people/search', { q: '1815' })).body.items).toHaveLength(1);
  await dialog.getByLabel('Number').fill('1816');
  await dialog.getByRole('button', { name: 'Add person' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Augusta' })).toBeVisible();
});

test('a profile change is undone with one press, except for a location opt-out, whose positions are deleted', async () => {
  await call(page, 'POST', '/api/people', { name: 'Betty Holberton', number: '1917' });
  const { id } = (await call(page, 'POST', '/api/people/search', { q: '1917' })).body.items[0];
  await open(`people/${id}`, 'Betty Holberton');
  const dialog = page.getByRole('dialog');
  const saved = page.locator('.toast', { hasText: 'Saved' }).last();
  await page.getByRole('button', { name: 'Edit' }).click();
  await dialog.getByLabel('Name').fill('Betty Snyder');
  await dialog.getByLabel('E-mail').fill('betty@example.org');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Betty Snyder' })).toBeVisible();
  const undone = page.waitForRequest((request) => request.method() === 'PATCH');
  await saved.getByRole('button', { name: 'Undo' }).click();
  expect(Object.keys((await undone).postDataJSON()).toSorted()).toEqual(['email', 'name', 'version']);
  await expect(page.getByRole('heading', { level: 1, name: 'Betty Holberton' })).toBeVisible();
  expect((await call(page, 'GET', `/api/people/${id}`)).body).toMatchObject({ number: '1917', email: null });
  await page.reload();
  await page.getByRole('button', { name: 'Edit' }).click();
  await dialog.getByRole('checkbox').check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(saved).toBeVisible();
  await expect(saved.getByRole('button', { name: 'Undo' })).toHaveCount(0);
});

test('two possible duplicates are marked as different people, which is undone with one press', async () => {
  for (const name of ['Ida Rhodes', 'Ida Rodes']) await call(page, 'POST', '/api/people', { name, number: '1900' });
  await call(page, 'POST', '/api/jobs/duplicates/run');
  const pair = page.getByRole('row', { name: /Ida Rhodes/ });
  await expect(async () => {
    await page.goto('about:blank');
    await open('duplicates', 'Possible duplicates');
    await expect(pair).toBeVisible({ timeout: 3000 });
  }).toPass();
  const apart = async () => {
    await pair.getByRole('button', { name: /^Different people/ }).click();
    await expect(page.getByRole('dialog')).toContainText('This pair won’t be suggested again.');
    await page.getByRole('dialog').getByRole('button', { name: 'Different people' }).click();
    await expect(pair).toHaveCount(0);
  };
  await apart();
  // Undoing fails while the server is away, and can then be tried again.
  const undo = page.locator('.toast').getByRole('button', { name: 'Undo' });
  await expect(page.locator('.toast', { hasText: 'Marked as different people.' })).toBeVisible();
  await page.route('**/api/duplicates/**', (route) => route.abort());
  await undo.click();
  await expect(page.locator('.toast', { hasText: 'The server can’t be reached.' })).toBeVisible();
  await page.unroute('**/api/duplicates/**');
  complaints.splice(0);
  await undo.click();
  await expect(pair).toBeVisible();
  await apart();
});

test('templates are made from a photo after the consent, and a face already enrolled is reported', async () => {
  await call(page, 'POST', `/api/people/${ada}/consents`, { textVersion: '1', language: 'en' });
  await open(`people/${ada}/enrol`, 'Enrol Ada Lovelace');
  await page.getByRole('button', { name: 'Photo files' }).click();
  const enrol = page.getByRole('button', { name: 'Enrol face' });
  const wall = await sharp({ create: { width: 320, height: 320, channels: 3, background: '#888' } })
    .png()
    .toBuffer();
  await page
    .getByLabel('Up to six photos of this person')
    .setInputFiles({ name: 'wall.png', mimeType: 'image/png', buffer: wall });
  await expect(page.getByRole('listitem').filter({ hasText: /^No face/ })).toBeVisible();
  await expect(page.getByRole('alert')).toContainText('None of the pictures is good enough');
  await expect(enrol).toBeDisabled();
  await axe(page);
  await picture(page, 'enrol-no-face', ['desk', 'wall']);
  await page.getByRole('button', { name: 'Start over' }).click();
  // Two choices, of which the first is judged last: nobody is enrolled with only half of the pictures.
  const judged = Promise.withResolvers<void>();
  const hold = (route: Route) => judged.promise.then(() => route.continue());
  await page.route('**/api/enrolment/judge', hold, { times: 1 });
  const asked = page.waitForRequest('**/api/enrolment/judge');
  await page.getByLabel('Up to six photos of this person').setInputFiles(stillsOfA().slice(0, 1));
  await asked;
  await page.getByLabel('Up to six photos of this person').setInputFiles(stillsOfA().slice(1, 2));
  const taken = page.getByRole('list', { name: 'Pictures taken' }).getByRole('listitem');
  await expect(taken).toHaveCount(1);
  await expect(enrol).toBeDisabled();
  judged.resolve();
  await expect(taken).toHaveCount(2);
  await enrol.click();
  await expect(page.getByText('Face enrolled: 2 templates.')).toBeVisible();
  const twin = (await call(page, 'POST', '/api/people', { name: 'Twin' })).body.id;
  await call(page, 'POST', `/api/people/${twin}/consents`, { textVersion: '1', language: 'en' });
  // The consent leads on to the face.
  await open(`people/${twin}`, 'Twin');
  const consent = page.locator('section', { has: page.getByRole('heading', { name: 'Consent', exact: true }) });
  await picture(page, 'consent-to-face', ['desk', 'narrow']);
  await consent.getByRole('button', { name: 'Enrol face' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Enrol Twin' })).toBeVisible();
  await page.getByRole('button', { name: 'Photo files' }).click();
  await page.getByLabel('Up to six photos of this person').setInputFiles(stillsOfA().slice(2, 3));
  await page.getByRole('button', { name: 'Enrol face' }).click();
  await expect(page.getByRole('alert')).toContainText('Is this the same person?');
  await expectSideBySide(
    page.locator('.two-people .face-beside').first().locator('img, canvas'),
    page.getByRole('img', { name: 'Picture of Ada Lovelace' }),
  );
  await expect(page.locator('.two-people')).toContainText('neither is recognised by face alone');
  await axe(page);
  await picture(page, 'enrol-duplicate', ['desk', 'wall']);
  const typed = page.getByRole('textbox', { name: /enter the (number|name)/ });
  await typed.fill('Twin');
  await page.getByRole('button', { name: 'Different people, enrol anyway' }).click();
  await expect(page.getByText('isn’t the number or name')).toBeVisible();
  await typed.fill('Ada Lovelace');
  await page.getByRole('button', { name: 'Different people, enrol anyway' }).click();
  await expect(page.getByText('Face enrolled: 1 template.')).toBeVisible();
  await open('duplicates', 'Possible duplicates');
  const pair = page.getByRole('row', { name: /Ada Lovelace.*Twin|Twin.*Ada Lovelace/ });
  await expect(pair).toContainText('Enrolled as different people');
  await axe(page);
  await picture(page, 'lookalikes', ['desk', 'wall']);
  await pair.getByRole('button', { name: /^Unmark/ }).click();
  await page.getByLabel(/^Type /).fill((await pair.getByRole('link').first().textContent())!);
  await page.getByRole('dialog').getByRole('button', { name: 'Unmark' }).click();
  await expect(page.getByText('No lookalikes')).toBeVisible();
  // Staff leave the decision to an administrator.
  const waits = (await call(page, 'POST', '/api/people', { name: 'Trine' })).body.id;
  await call(page, 'POST', `/api/people/${waits}/consents`, { textVersion: '1', language: 'en' });
  const pictures = stillsOfA()
    .slice(2, 3)
    .map((file) => readFileSync(file).toString('base64'));
  const held = { pictures, source: 'photo', duplicate: { what: 'wait' } };
  expect((await call(page, 'POST', `/api/people/${waits}/enrolment`, held)).body).toMatchObject({ outcome: 'waiting' });
  await open('attention', 'Needs attention');
  await page
    .getByRole('row', { name: /Are these two people/ })
    .getByRole('button', { name: 'Review' })
    .click();
  await expect(page.getByRole('heading', { level: 1, name: 'Is this the same person?' })).toBeVisible();
  await expect(page.getByRole('img', { name: 'Picture of Trine' })).toBeVisible();
  await axe(page);
  await picture(page, 'enrolment-waits', ['desk', 'wall']);
  await page.getByRole('button', { name: 'Don’t enrol' }).click();
  await page.getByLabel(/^Type /).fill('delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Don’t enrol' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Needs attention' })).toBeVisible();
  await open(`people/${ada}`, 'Ada Lovelace');
  await expect(page.getByText(/^2 templates/)).toBeVisible();
  await picture(page, 'person', ['desk', 'wall']);
  await page.getByRole('button', { name: 'Print card' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Print card' }).click();
  await expect(page.getByRole('img', { name: 'Card QR code' })).toBeVisible();
  await axe(page);
  await picture(page, 'card');
  await page.emulateMedia({ media: 'print' });
  await picture(page, 'card-printed');
  await page.emulateMedia({ media: 'screen' });
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  // The history shows it immediately.
  await expect(page.getByText('Card issued')).toBeVisible();
});

test('irreversible actions say how much of whose data they delete, and require a typed word', async () => {
  await open(`people/${ada}`, 'Ada Lovelace');
  const dialog = page.getByRole('dialog');
  for (const [button, text, word] of [
    ['Withdraw consent', '2 face templates and 2 enrolment photos', 'withdraw'],
    ['Delete face templates', '2 face templates', 'delete'],
    ['Delete this person’s data', '2 face templates, 2 enrolment photos and 1 card or badge', 'delete'],
  ] as const) {
    await page.getByRole('button', { name: button, exact: true }).click();
    await expect(dialog).toContainText(text);
    await expect(dialog.getByRole('button', { name: button })).toBeDisabled();
    await dialog.getByLabel(`Type “${word}” to confirm`).fill(word);
    await expect(dialog.getByRole('button', { name: button })).toBeEnabled();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
  }
  // Nobody knows a card's code, so it can't be restored as a badge can.
  const revoke = page.getByRole('button', { name: /^Revoke Card/ });
  const card = (await call(page, 'GET', `/api/people/${ada}/credentials`)).body.items[0].id.slice(-8);
  await revoke.click();
  await expect(dialog).toContainText('1 kiosk stops accepting it');
  await expect(dialog.getByRole('button', { name: 'Revoke' })).toBeDisabled();
  await dialog.getByLabel(`Type “${card}” to confirm`).fill(card);
  await dialog.getByRole('button', { name: 'Revoke' }).click();
  await expect(revoke).toHaveCount(0);
  // Only its holder knows a PIN, and it is chosen only at a kiosk.
  const pin = { chosenAt: new Date().toISOString(), device: null };
  await page.route('**/pin-code', (route) => route.fulfill({ json: { code: null, pin } }));
  const removed: string[] = [];
  await page.route('**/pin', (route) => {
    removed.push(route.request().method());
    return route.fulfill({ json: { code: null, pin: null } });
  });
  await page.reload();
  await page.getByRole('button', { name: 'Remove PIN' }).click();
  await expect(dialog).toContainText('1 kiosk stops accepting it');
  await expect(dialog.getByRole('button', { name: 'Remove PIN' })).toBeDisabled();
  await dialog.getByLabel('Type “1815” to confirm').fill('1815');
  expect(removed).toEqual([]);
  await dialog.getByRole('button', { name: 'Remove PIN' }).click();
  await expect.poll(() => removed).toEqual(['DELETE']);
  await page.unroute('**/pin-code');
  await page.unroute('**/pin');
  const child = (await call(page, 'POST', '/api/people', { name: 'Nils' })).body.id;
  await call(page, 'PUT', `/api/people/${child}/minor`, { bornOn: `${new Date().getUTCFullYear() - 9}-01-01` });
  await open(`people/${child}`, 'Nils');
  await page.getByRole('button', { name: 'Remove guardian' }).click();
  await expect(dialog.getByRole('button', { name: 'Remove guardian' })).toBeDisabled();
  await dialog.getByLabel('Type “delete” to confirm').fill('delete');
  await dialog.getByRole('button', { name: 'Remove guardian' }).click();
  await expect(page.getByText('Not registered as below the age of consent.')).toBeVisible();
  await call(page, 'POST', '/api/retention/holds', { person: ada, reason: 'Dispute' });
  await open('retention', 'Retention');
  const hold = page.getByRole('row', { name: /Dispute/ });
  await hold.getByRole('button', { name: /^Release/ }).click();
  await expect(dialog).toContainText('Nothing is deleted for now');
  await dialog.getByLabel('Type “release” to confirm').fill('release');
  await dialog.getByRole('button', { name: 'Release' }).click();
  await expect(hold).toHaveCount(0);
  await call(page, 'POST', '/api/incidents', {
    title: 'Stolen key',
    severity: 'low',
    foundAt: new Date().toISOString(),
  });
  await open('incidents', 'Incidents');
  await page.getByRole('link', { name: 'Stolen key' }).click();
  await page.getByRole('button', { name: 'Contain incident' }).click();
  await dialog.getByRole('checkbox').last().check();
  await dialog.getByRole('button', { name: 'Contain incident' }).click();
  const sure = dialog.filter({ has: page.getByLabel('Type “contain” to confirm') });
  await expect(sure).toContainText('1 kiosk is revoked');
  await expect(sure.getByRole('button', { name: 'Contain incident' })).toBeDisabled();
  await axe(page);
  await sure.getByRole('button', { name: 'Cancel' }).click();
  await page.keyboard.press('Escape');
  const incident = page.url().split('/').at(-1);
  await call(page, 'POST', `/api/incidents/${incident}/scopes`, { action: 'export' });
  await page.reload();
  const drop = page.getByRole('button', { name: /^Remove/ });
  const scope = page.getByRole('listitem').filter({ hasText: 'exported', has: drop });
  await scope.getByRole('button').click();
  await expect(scope).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(scope).toHaveCount(1);
  await page.getByRole('button', { name: 'Close incident' }).click();
  await expect(dialog).toContainText('can’t be changed or opened again');
  await expect(dialog.getByRole('button', { name: 'Close incident' })).toBeDisabled();
  await dialog.getByLabel('Type “close” to confirm').fill('close');
  await expect(dialog.getByRole('button', { name: 'Close incident' })).toBeEnabled();
  await page.keyboard.press('Escape');
});

test('a person’s page shows their portrait, logged once a visit, and their history, and can correct a record', async () => {
  const asked: string[] = [];
  page.on('request', (one) => one.url().endsWith('/picture') && asked.push(one.url()));
  const portrait = page.getByRole('img', { name: 'Picture of Ada Lovelace' });
  // The second visit is in the same document, and is logged like the first.
  for (const visits of [1, 2]) {
    await open('accounts', 'Accounts');
    await open(`people/${ada}`, 'Ada Lovelace');
    const colours = () =>
      portrait.evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
        return new Set(data).size;
      });
    await expect.poll(colours).toBeGreaterThan(50);
    expect(asked).toHaveLength(visits);
  }
  await expect(page.getByText(/2 templates · picture quality \d+ of 100/)).toBeVisible();
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Add record' }).click();
  // Just now: someone who arrived more than 18 hours ago no longer counts as inside.
  await dialog.getByLabel('Time').fill(new Date().toTimeString().slice(0, 5));
  await dialog.getByLabel('Reason').fill('Forgot');
  await dialog.getByRole('button', { name: 'Save' }).click();
  const records = page.locator('.records li');
  await expect(records).toHaveCount(1);
  await expect(page.getByText(/^Inside ·/)).toBeVisible();
  await records.getByRole('button', { name: /^Correct/ }).click();
  await dialog.getByLabel('Direction').selectOption('out');
  await dialog.getByLabel('Reason').fill('Was leaving');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText(/^Not inside ·/)).toBeVisible();
  await page.reload();
  const history = page.locator('section').filter({ has: page.getByRole('heading', { name: 'History' }) });
  for (const what of ['Record corrected', 'Record added', 'Face enrolled', 'Consent recorded'])
    await expect(history.getByRole('listitem').filter({ hasText: what }).first()).toBeVisible();
  await axe(page);
  await picture(page, 'person-history', ['desk', 'narrow']);
});

test('nobody can consent or be enrolled until the page knows whether a guardian is needed, or says why it doesn’t', async () => {
  await page.route('**/minor', (route) => route.fulfill({ status: 500, json: {} }));
  await page.goto('about:blank');
  await open(`people/${ada}`, 'Ada Lovelace');
  const wrong = page.getByRole('alert').filter({ has: page.getByRole('button', { name: 'Try again' }) });
  await expect(wrong).toBeVisible();
  await expect(page.getByRole('button', { name: /(Record|Renew) consent/ })).toHaveCount(0);
  await open(`people/${ada}/enrol`, 'Enrol Ada Lovelace');
  await expect(wrong).toBeVisible();
  await page.unroute('**/minor');
  await wrong.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('button', { name: 'Photo files' })).toBeVisible();
  const of500 = complaints.filter((c) => c.includes('status of 500'));
  expect(of500).toHaveLength(2);
  for (const one of of500) complaints.splice(complaints.indexOf(one), 1);
});

test('a "not me" counts in the navigation, and is resolved by a note that can be undone', async () => {
  const { outbox, engine } = system;
  const who = outbox.person('Grace Hopper');
  const first = outbox.checkin(who);
  outbox.append('void', { target: first.header.id, reason: 'not-me' }, {});
  engine.nudge();
  await open('attention', 'Needs attention');
  await expect(page.getByText('“Not me”')).toBeVisible();
  await page.reload();
  await expect(page.locator('.rail-count')).toContainText('1');
  await axe(page);
  await picture(page, 'attention', ['desk', 'narrow']);
  await page.getByRole('button', { name: 'Resolve' }).click();
  await page.getByLabel('What did you do?').fill('Spoke with Grace');
  await page.getByRole('dialog').getByRole('button', { name: 'Resolve' }).click();
  await expect(page.getByText('You’re all caught up')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByText('“Not me”')).toBeVisible();
  const second = outbox.checkin(who, 'out');
  outbox.append('void', { target: second.header.id, reason: 'not-me' }, {});
  engine.nudge();
  const items = page.getByText('“Not me”');
  await expect(async () => {
    await page.reload();
    await expect(items).toHaveCount(2, { timeout: 3000 });
  }).toPass();
  await page.getByRole('checkbox', { name: 'Select all rows shown' }).check();
  await page.locator('.table-bulk').getByRole('button', { name: 'Resolve' }).click();
  await page.getByLabel('What did you do?').fill('Spoke with Grace');
  await page.getByRole('dialog').getByRole('button', { name: 'Resolve 2' }).click();
  await expect(page.getByText('You’re all caught up')).toBeVisible();
  await page.locator('.toast', { hasText: 'Done for 2 rows' }).getByRole('button', { name: 'Undo' }).click();
  await expect(items).toHaveCount(2);
});

test('photos are uploaded, reviewed and enrolled', async () => {
  const second = (await call(page, 'POST', '/api/people', { name: 'Grace Murray', number: '1906' })).body.id;
  await call(page, 'POST', `/api/people/${second}/consents`, { textVersion: '1', language: 'en' });
  await open('imports', 'Import people and photos');
  await page.getByRole('button', { name: 'Start import' }).first().click();
  await page.getByRole('dialog').getByRole('button', { name: 'Start import' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Import', exact: true })).toBeVisible();
  const still = readFileSync(stillsOfA()[4]!);
  await page.getByLabel('Photos, a ZIP of photos, or a CSV file').setInputFiles([
    { name: '1906.jpg', mimeType: 'image/jpeg', buffer: still },
    { name: 'unknown.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no picture') },
  ]);
  await expect(page.getByText('2 to review')).toBeVisible();
  await expect(page.getByText('Face resembles another person’s')).toBeVisible();
  await axe(page);
  await picture(page, 'import', ['desk', 'wall']);
  await page.getByRole('button', { name: 'Reject 1906.jpg' }).click();
  await expect(page.getByRole('button', { name: 'Undo' }).first()).toBeVisible();
  // Deleted pictures can't be restored.
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Cancel import' }).click();
  await expect(dialog).toContainText('2 pictures are deleted immediately');
  await expect(dialog.getByRole('button', { name: 'Cancel import' })).toBeDisabled();
  await dialog.getByLabel('Type “delete” to confirm').fill('delete');
  await dialog.getByRole('button', { name: 'Cancel import' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Import people and photos' })).toBeVisible();
  const { items } = (await call(page, 'GET', '/api/imports')).body;
  expect(items[0]).toMatchObject({ state: 'cancelled' });
});

const PAGES: readonly (readonly [path: string, heading: string])[] = [
  ['duplicates', 'Possible duplicates'],
  ['devices', 'Kiosks'],
  ['settings', 'Settings'],
  ['jobs', 'Background jobs'],
  ['accounts', 'Accounts'],
  ['consents', 'Consents'],
  ['texts', 'Consent texts'],
  ['erasures', 'Erasure requests'],
  ['retention', 'Retention'],
  ['incidents', 'Incidents'],
];

test('a setting is changed, listed in the history, and reverted', async () => {
  await open('settings', 'Settings');
  await page.getByLabel('Keep check-in photos', { exact: true }).fill('30');
  await saveSettings(page);
  await expect(page.getByText('Keep check-in photos – → 30 days')).toBeVisible();
  await page.getByLabel('Keep check-in photos', { exact: true }).fill('60');
  await saveSettings(page);
  await expect(page.getByText('30 days → 60 days')).toBeVisible();
  await page.getByRole('button', { name: 'Undo this change' }).first().click();
  await page.getByRole('dialog').getByRole('button', { name: 'Undo this change' }).click();
  await expect(page.getByLabel('Keep check-in photos', { exact: true })).toHaveValue('30');
});

test('saving over someone else’s change is reported, and overwrites nothing', async () => {
  await open('settings', 'Settings');
  await page.getByLabel('Keep locations', { exact: true }).fill('14');
  const { body } = await call(page, 'GET', '/api/sites');
  const site = `/api/sites/${body.items[0].id}/policy`;
  const { body: held } = await call(page, 'GET', site);
  const { status } = await call(page, 'PUT', site, { ...held.policy, photoDays: 45, gpsDays: 20 });
  expect(status).toBe(200);
  await saveSettings(page);
  await expect(page.getByRole('alert').filter({ hasText: 'Someone else changed these settings' })).toBeVisible();
  expect((await call(page, 'GET', site)).body.policy).toMatchObject({ photoDays: 45, gpsDays: 20 });
  // Their change is shown now. One's own edit is kept, and can be saved once that was seen.
  await expect(page.getByText('Keep locations – → 20 days')).toBeVisible();
  await expect(page.getByLabel('Keep check-in photos', { exact: true })).toHaveValue('45');
  await expect(page.getByLabel('Keep locations', { exact: true })).toHaveValue('14');
  await saveSettings(page);
  await expect(page.getByText('Keep locations 20 days → 14 days')).toBeVisible();
});

test('a site sets which check-in methods are followed by a face check, and the last method without a face can’t be removed', async () => {
  await open('settings', 'Settings');
  await page.getByRole('checkbox', { name: 'QR code: then check the face' }).check();
  await saveSettings(page);
  await expect(page.getByText('Then check the face – → QR code')).toBeVisible();
  await page.getByRole('checkbox', { name: 'Badge or card: then check the face' }).check();
  await page.getByRole('checkbox', { name: 'Number and PIN' }).uncheck();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByRole('alert').filter({ hasText: /face/i })).toBeVisible();
  await axe(page);
  await page.getByRole('checkbox', { name: 'Number and PIN' }).check();
  await page.getByRole('checkbox', { name: 'Badge or card: then check the face' }).uncheck();
  await page.getByRole('checkbox', { name: 'QR code: then check the face' }).uncheck();
  await saveSettings(page);
  await expect(page.getByText('Then check the face QR code → –')).toBeVisible();
  await expect(page.getByRole('checkbox', { name: 'QR code: then check the face' })).not.toBeChecked();
});

test('the start of a site’s day can be changed, and the time zone of a site that is not the default', async () => {
  const { id } = (await call(page, 'POST', '/api/sites', { name: 'Night shift', timeZone: 'Europe/Berlin' })).body;
  const site = async () => (await call(page, 'GET', `/api/sites/${id}`)).body;
  await page.reload();
  await open('settings', 'Settings');
  const zone = page.getByLabel('Time zone');
  const start = page.getByRole('textbox', { name: 'Day starts at' });
  const save = page.getByRole('button', { name: 'Save calendar' });
  await expect(zone).not.toBeEditable();
  await start.fill('04:00');
  await save.click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save calendar' }).click();
  await expect(page.getByText('Saved. Kiosks update the next time they connect.').first()).toBeVisible();
  await expect
    .poll(async () =>
      (await call(page, 'GET', '/api/sites')).body.items.find((s: { isDefault: boolean }) => s.isDefault),
    )
    .toMatchObject({ dayStartsAt: '04:00' });
  // It is in the history, where it can be undone.
  const change = page.locator('li.setting', { hasText: 'Day starts at 00:00 → 04:00' });
  await change.getByRole('button', { name: 'Undo this change' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Undo this change' }).click();
  await expect(start).toHaveValue('00:00');
  await expect(page.getByText('Day starts at 04:00 → 00:00')).toBeVisible();
  // What someone else has set meanwhile is not overwritten.
  await start.fill('05:00');
  const { items } = (await call(page, 'GET', '/api/sites')).body;
  const main = items.find((s: { isDefault: boolean }) => s.isDefault).id;
  expect((await call(page, 'PATCH', `/api/sites/${main}`, { dayStartsAt: '06:00' })).status).toBe(200);
  await save.click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save calendar' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'Someone else changed these settings' })).toBeVisible();
  await page.reload();
  await expect(start).toHaveValue('06:00');
  await page.getByLabel('Site', { exact: true }).selectOption('Night shift');
  await expect(start).toHaveValue('00:00');
  await start.fill('12:00');
  await zone.fill('Europe/Nowhere');
  await expect(page.getByText('unknown time zone')).toBeVisible();
  await expect(save).toHaveAttribute('aria-disabled', 'true');
  await zone.fill('Asia/Riyadh');
  await save.click();
  await axe(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Save calendar' }).click();
  await expect.poll(site).toMatchObject({ dayStartsAt: '12:00', timeZone: 'Asia/Riyadh' });
  await page.reload();
  await expect(start).toHaveValue('12:00');
  await axe(page);
});

test('a kiosk gets its setup code, an incident its deadline, and an erasure its steps', async () => {
  await open('devices', 'Kiosks');
  await page.getByRole('button', { name: 'Add kiosk' }).click();
  await page.getByLabel('Name').fill('Back door');
  await page.getByRole('button', { name: 'Create setup code' }).click();
  await expect(page.getByRole('img', { name: 'Setup QR code' })).toBeVisible();
  await expect(page.getByRole('dialog').getByRole('button', { name: 'Copy' })).toBeVisible();
  await picture(page, 'device-code');
  await open('incidents', 'Incidents');
  await page.getByRole('button', { name: 'Report incident' }).click();
  await page.getByLabel('Title').fill('Lost tablet');
  await page.getByRole('dialog').getByRole('button', { name: 'Report incident' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Lost tablet' })).toBeVisible();
  await expect(page.getByText(/71:\d\d h left/)).toBeVisible();
  await axe(page);
  await picture(page, 'incident', ['desk', 'wall']);
  await page.getByRole('button', { name: 'Edit' }).click();
  const record = page.getByRole('dialog', { name: 'Documentation' });
  await record.getByLabel('Severity').selectOption('High');
  await record.getByRole('group', { name: 'Began' }).getByLabel('Day').fill('2026-01-15');
  await record.getByRole('checkbox', { name: 'names', exact: true }).check();
  await record.getByRole('checkbox', { name: /^face templates \(biometric/ }).check();
  await axe(page);
  await picture(page, 'incident-record', ['desk']);
  await record.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Draft for the people affected' }).click();
  const draft = page.getByRole('dialog', { name: 'Draft for the people affected' });
  await expect(draft).toContainText('- names');
  await expect(draft).toContainText('Unlike a password, a face can’t be changed.');
  await picture(page, 'incident-draft', ['desk']);
  await page.keyboard.press('Escape');
  await expect(page.getByText(/^Notify the authority by /)).toBeVisible();
  await page.getByRole('button', { name: 'Mark authority as notified' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Mark authority as notified' }).click();
  await expect(page.getByText('notified in time')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByText('Marked by mistake')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Mark authority as notified' })).toBeVisible();
  await open(`people/${ada}`, 'Ada Lovelace');
  await page.getByRole('button', { name: 'Add legal hold' }).click();
  await page.getByRole('dialog').getByLabel('Reason').fill('Dispute of last spring');
  await page.getByRole('dialog').getByRole('button', { name: 'Add legal hold' }).click();
  await expect(page.getByRole('listitem').filter({ hasText: 'Dispute of last spring' })).toBeVisible();
  await page.getByRole('button', { name: 'Delete this person’s data' }).click();
  await expect(page.getByRole('dialog')).toContainText('A request to erase it waits until the hold is released');
  await expect(page.getByRole('dialog')).toContainText('Can be cancelled until');
  await page.getByLabel('Type “delete” to confirm').fill('delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete this person’s data' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Erasure request' })).toBeVisible();
  await axe(page);
  await picture(page, 'erasure');
  await open(`people/${ada}`, 'Ada Lovelace');
  await expect(page.getByText('Can still be cancelled')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Delete this person’s data' })).toHaveCount(0);
});

test('a new account’s link says whose it is, and is copied', async () => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open('accounts', 'Accounts');
  await page.getByRole('button', { name: 'Add account' }).click();
  await page.getByLabel('E-mail address').fill('reception@example.org');
  await page.getByRole('dialog').getByRole('button', { name: 'Add account' }).click();
  const link = page.getByRole('dialog', { name: 'reception@example.org' });
  await link.getByRole('button', { name: 'Copy' }).click();
  await expect(link.getByRole('status')).toHaveText('Copied');
  await expect(link).toContainText(await page.evaluate(() => navigator.clipboard.readText()));
  await page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException('', 'NotAllowedError'));
  });
  await link.getByRole('button', { name: 'Copied' }).click();
  await expect(link.getByRole('status')).toHaveText(/didn’t allow it/);
});

test('an administrator sees where an account is signed in, and ends its sessions, which says how many', async ({
  browser,
}) => {
  const made = await call(page, 'POST', '/api/accounts', { email: 'night@example.org', role: 'staff' });
  const there = await openBrowser(browser);
  const secret = await firstSignIn(there.page, made.body.link.url);
  const elsewhere = await openBrowser(browser);
  await elsewhere.page.goto(system.at(''));
  const code = appCode(secret, 1);
  const signedIn = await call(elsewhere.page, 'POST', '/api/sign-in', {
    email: 'night@example.org',
    password: PASSWORD,
    code,
  });
  expect(signedIn.status).toBe(200);
  await open('home', 'North entrance');
  await open('accounts', 'Accounts');
  const row = page.getByRole('row', { name: /night@example\.org/ });
  const disable = row.getByRole('button', { name: /^Disable/ });
  await disable.click();
  const locking = page.getByRole('dialog', { name: 'Disable' });
  await expect(locking).toContainText(
    'Ends 2 sessions. Nobody can sign in with this account until you enable it again.',
  );
  await expect(locking).not.toContainText('your own account');
  await locking.getByRole('button', { name: 'Cancel' }).click();
  await expect(disable).toBeFocused();
  await row.getByRole('button', { name: /^Sessions/ }).click();
  const sessions = page.getByRole('dialog', { name: 'Sessions: night@example.org' });
  await expect(sessions.getByRole('row')).toHaveCount(3);
  await expect(sessions.getByRole('row').last()).toContainText('127.0.0.1');
  await expect(sessions.getByRole('row').last()).toContainText('Chrome · Linux');
  await axe(page);
  await picture(page, 'account-sessions', ['desk', 'narrow']);
  // At a phone's width rows are cards, whose cells are aligned at the end. The dialog is not.
  await page.setViewportSize({ width: 390, height: 844 });
  const aligned = await sessions.getByRole('heading').evaluate((title) => getComputedStyle(title).textAlign);
  expect(aligned).toBe('start');
  await page.setViewportSize({ width: 1280, height: 800 });
  await sessions.getByRole('button', { name: 'End all sessions' }).click();
  const question = page.getByRole('dialog', { name: 'End all sessions' });
  await expect(question).toContainText('Ends 2 sessions.');
  await question.getByRole('button', { name: 'Cancel' }).click();
  await expect(sessions.getByRole('button', { name: 'End all sessions' })).toBeFocused();
  await sessions
    .getByRole('row')
    .last()
    .getByRole('button', { name: /^End session/ })
    .click();
  await expect(page.getByRole('dialog', { name: 'End session' })).toContainText(
    'Signs out at 127.0.0.1 · Chrome · Linux.',
  );
  await page.getByRole('dialog', { name: 'End session' }).getByRole('button', { name: 'End session' }).click();
  await expect(sessions.getByRole('row')).toHaveCount(2);
  await expect(sessions.getByRole('button', { name: 'End all sessions' })).toHaveCount(0);
  await sessions.getByRole('button', { name: /^End session/ }).click();
  await page.getByRole('dialog', { name: 'End session' }).getByRole('button', { name: 'End session' }).click();
  await expect(sessions).toContainText('Not signed in anywhere right now.');
  expect(await page.evaluate(() => document.activeElement?.closest('dialog') !== null)).toBe(true);
  for (const visitor of [there, elsewhere]) {
    expect((await call(visitor.page, 'GET', '/api/session')).status).toBe(401);
    await visitor.context.close();
  }
  await page.keyboard.press('Escape');
  await expect(row.getByRole('button', { name: /^Sessions/ })).toBeFocused();
});

test('every page passes axe', async () => {
  for (const [path, heading] of PAGES) {
    await open(path, heading);
    await expect(page.locator('.skeleton')).toHaveCount(0);
    await axe(page);
    await picture(page, path);
  }
});

for (const language of ['de', 'pl', 'ar'])
  test(`every page fits in ${language}, landscape and portrait`, async () => {
    for (const path of [`people/${ada}`, ...PAGES.map(([p]) => p), 'attention', 'people', 'imports'])
      await inLanguage(page, system.at(path), path.replace(/\/.*/, '-one'), language);
    expect(complaints.filter((c) => !/404|409|status of 4/.test(c))).toEqual([]);
  });
