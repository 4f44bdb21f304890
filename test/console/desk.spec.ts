import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Browser, chromium, expect, type Page, test } from '@playwright/test';
import { cachedClip } from '../../electron/cli/demo/footage.ts';
import { selfSignedServerCertificate } from '../../sync/server/platform/keys/certificates.ts';
import { stillsOfA } from '../footage/index.ts';
import { CLIPS } from '../kiosk-ui/clips.ts';
import { appCode, axe, enterByLink, fits, openBrowser, picture, SIZES } from './browser.ts';
import { newSystem, type System } from './system.ts';
import { call } from './walk.ts';

/**
 * The back office's daily work: a list of people with their photos, a face in front of this machine's camera, a receiver that
 * answers, the audit log, a code for a PIN.
 */

test.describe.configure({ mode: 'serial' });
const CLIPS_FOLDER = join(import.meta.dirname, '../artefacts/clips');
let system: System;
let browser: Browser;
let page: Page;
let complaints: string[];
let receiver: Server;
let answers: number[] = [];
let heard = 0;
const certificate = await selfSignedServerCertificate(['localhost'], Date.now());

test.beforeAll(async () => {
  receiver = createServer({ key: certificate.keyPem, cert: certificate.certPem }, (request, response) => {
    request.resume().on('end', () => {
      heard += 1;
      response.writeHead(answers.shift() ?? 204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  system = await newSystem('North entrance', { SMARTPRESENCE_WEBHOOKS_LOOPBACK: 'yes' });
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      `--use-file-for-fake-video-capture=${await cachedClip(CLIPS.man, CLIPS_FOLDER)}`,
    ],
  });
  ({ page, complaints } = await openBrowser(browser));
  await enterByLink(page, system.server.adminLink);
  await expect(page.getByRole('heading', { name: 'North entrance' })).toBeVisible();
});
test.afterAll(async () => {
  await browser?.close();
  await system?.close();
  await new Promise((resolve) => receiver.close(resolve));
});

const open = async (path: string, heading: string) => {
  await page.goto(system.at(path));
  await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
};
const speak = (language: string) =>
  page
    .getByLabel(/Language|Sprache|اللغة/)
    .first()
    .selectOption(language);
const inLanguage = async (language: string, name: string, path: string) => {
  await page.goto(system.at(path));
  await speak(language);
  await expect(page.locator('html')).toHaveAttribute('lang', language);
  await expect(page.locator('.skeleton')).toHaveCount(0);
  for (const size of ['wall', 'desk'] as const) {
    const [width, height] = SIZES[size];
    await page.setViewportSize({ width, height });
    await fits(page, `${name} in ${language}`);
  }
  await picture(page, `${name}-${language}`, ['desk', 'wall']);
  await axe(page);
};

test('a list creates people only if every line is valid, joins their photos, and can be undone', async () => {
  await open('imports', 'Import people and photos');
  await page.getByRole('button', { name: 'Start import' }).first().click();
  await page.getByRole('dialog').getByRole('button', { name: 'Start import' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Import', exact: true })).toBeVisible();
  const path = page.url().split('#/')[1]!;
  const head = 'Name;Nummer;E-Mail;Sprache;Foto\n';
  const right = 'Ada Lovelace;1815;ada@example.org;en;ada.jpg\nليلى الحسن;1840;layla@example.org;ar;\n';
  const upload = (files: { name: string; mimeType: string; buffer: Buffer }[]) =>
    page.getByLabel('Photos, a ZIP of photos, or a CSV file').setInputFiles(files);
  const list = (text: string) => ({ name: 'list.csv', mimeType: 'text/csv', buffer: Buffer.from(head + text) });
  await upload([
    list(`${right}=1+1;1816;eve at example;xx;\n`),
    { name: 'ada.jpg', mimeType: 'image/jpeg', buffer: readFileSync(stillsOfA()[0]!) },
  ]);
  await expect(page.getByRole('heading', { name: 'People in the list' })).toBeVisible();
  await expect(page.getByText('A cell starts with a formula character (= + - @).')).toBeVisible();
  await expect(page.getByText('Fix the errors to continue.')).toBeVisible();
  await expect(page.getByText('No person matches this file name')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Create 2 people' })).toHaveAttribute('aria-disabled', 'true');
  await axe(page);
  await picture(page, 'list-wrong', ['desk', 'wall', 'narrow']);
  await inLanguage('de', 'list', path);
  await inLanguage('ar', 'list', path);
  await speak('en');

  await upload([list(right)]);
  const make = page.getByRole('button', { name: 'Create 2 people' });
  await expect(make).toHaveAttribute('aria-disabled', 'false');
  const id = path.split('/')[1]!;
  const photos = async () => (await call(page, 'GET', `/api/imports/${id}/photos?limit=5`)).body.items;
  await expect.poll(photos).toMatchObject([{ state: 'judged', person: null }]);
  // The page polls the import's progress. From here on it reads nothing until the photo has found whose it is, so that it never
  // shows an intermediate state.
  const progress = new RegExp(`/api/imports/${id}$`);
  await page.waitForResponse(progress);
  await expect(page.locator('.counts').first().getByRole('listitem').first()).toHaveText(/^0 /);
  const checked = Promise.withResolvers<void>();
  await page.route(progress, async (route) => {
    await checked.promise;
    await route.continue().catch(() => undefined);
  });
  await make.click();
  await page.getByRole('dialog').getByRole('button', { name: 'Create 2 people' }).click();
  await expect.poll(photos).toMatchObject([{ state: 'judged', person: { name: 'Ada Lovelace' } }]);
  checked.resolve();
  await page.unroute(progress);
  await expect(page.getByText('2 people created')).toBeVisible();
  // The photo has found its person. Without a consent it waits.
  await expect(page.locator('.photo').getByRole('link', { name: 'Ada Lovelace' })).toBeVisible();
  await expect(page.locator('.photo').getByText('No consent yet')).toBeVisible();
  await axe(page);
  await picture(page, 'list-made', ['desk', 'wall']);
  await page.getByRole('button', { name: 'Remove these people' }).click();
  const sure = page.getByRole('dialog');
  await expect(sure).toContainText('This list created 2 people.');
  await expect(sure.getByRole('button', { name: 'Remove these people' })).toBeDisabled();
  await sure.getByLabel('Type “delete” to confirm').fill('delete');
  await sure.getByRole('button', { name: 'Remove these people' }).click();
  await expect(page.getByText('People removed')).toBeVisible();
});

test('a face in front of this machine’s camera becomes a template after the consent', async () => {
  const { id } = (await call(page, 'POST', '/api/people', { name: 'نورا', number: '1984' })).body;
  await call(page, 'POST', `/api/people/${id}/consents`, { textVersion: '1', language: 'en' });
  await page.route('**/api/enrolment/judge', (route) => route.fulfill({ status: 422, body: 'broken' }), { times: 1 });
  await page.goto(system.at(`people/${id}/enrol`));
  await expect(page.getByRole('heading', { level: 1 })).toContainText('نورا');
  const failed = page.getByRole('main').getByRole('alert');
  await expect(failed).toContainText('Something went wrong on the server');
  await failed.getByRole('button', { name: 'Try again' }).click();
  await expect(failed).toHaveCount(0);
  await expect(page.getByRole('img', { name: 'Picture 1' })).toBeVisible();
  await axe(page);
  await picture(page, 'enrol-camera', ['desk', 'wall']);
  await page.getByRole('button', { name: 'Enrol face' }).click();
  await expect(page.getByText(/^Face enrolled: [1-3] templates?\.$/)).toBeVisible();
  await open(`people/${id}`, 'نورا');
  await page.getByRole('button', { name: 'Create code for a PIN' }).click();
  await expect(page.getByText('anyone with the number and this code can choose the PIN')).toBeVisible();
  await axe(page);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('dialog').getByRole('button', { name: 'Copy' }).click();
  await expect(page.getByRole('dialog').getByRole('status')).toHaveText('Copied');
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  await expect(page.locator('.pin-code').last()).toHaveText(copied.replace(/(\d{4})(?=\d)/g, '$1 '));
  await picture(page, 'pin-code', ['desk', 'wall']);
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await page.getByRole('heading', { name: 'PIN', exact: true }).scrollIntoViewIfNeeded();
  await picture(page, 'pin-panel', ['wall']);
});

test('a failing receiver is retried until messages are delivered, and one that answers “gone” is turned off', async () => {
  await open('webhooks', 'Webhooks');
  await page.getByRole('button', { name: 'Add webhook' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Payroll');
  await dialog.getByLabel('URL').fill(`https://localhost:${(receiver.address() as AddressInfo).port}/hook`);
  await dialog.getByLabel('Certificate authority').fill(certificate.certPem);
  await dialog.getByRole('button', { name: 'Add webhook' }).click();
  await dialog.getByRole('button', { name: 'I’ve saved it' }).click();
  answers = [503];
  await page.getByRole('button', { name: 'Send test' }).click();
  // The newest; one of the previous test may still be shown.
  const toast = page.locator('.toast').last();
  // Messages shown before the language was changed are translated.
  await toast.hover();
  await speak('de');
  await expect(toast).toContainText('Test gesendet');
  await speak('en');
  await expect(toast).toContainText('Test sent');
  await toast.getByRole('button', { name: 'Close' }).click();
  const row = page.getByRole('row').filter({ hasText: 'Test' }).first();
  const reads = (text: string, timeout: number) =>
    expect(async () => {
      await page.getByRole('button', { name: 'Refresh log' }).click();
      await expect(row).toContainText(text, { timeout: 1500 });
    }).toPass({ timeout });
  await reads('503', 60_000);
  await expect(row).toContainText('Waiting');
  await picture(page, 'webhooks-retried', ['desk']);
  await reads('Delivered', 90_000);
  await expect(row).toContainText('204');
  // What is shown above the log is as recent as the log.
  await expect(page.locator('dt', { hasText: 'Last delivered' }).locator('xpath=..')).not.toContainText('–');
  expect(heard).toBe(2);
  await axe(page);
  await picture(page, 'webhooks-delivered', ['desk', 'wall']);
  answers = [410];
  await page.getByRole('button', { name: 'Send test' }).click();
  await expect(async () => {
    await page.reload();
    await expect(page.getByText('Turned off: the receiver answered 410 Gone')).toBeVisible({ timeout: 3000 });
  }).toPass();
  // The address records that it is open.
  await expect(page.getByRole('button', { name: 'Delivery log' })).toHaveAttribute('aria-expanded', 'true');
  await expect(page.getByRole('row').filter({ hasText: '410' })).toContainText('Not delivered: webhook is off');
  await expect(page.getByText('Once you turn it on again, undelivered messages are sent.')).toBeVisible();
  await axe(page);
  await picture(page, 'webhooks-answered-410', ['desk']);
});

test('the audit log shows who did what, and can be searched by request', async () => {
  // Auditors and data protection officers may see it; administrators may not.
  const made = await call(page, 'POST', '/api/accounts', { email: 'audit@example.org', role: 'dpo' });
  const seen = (await call(page, 'POST', '/api/people', { name: 'Lio', number: '77' })).body.id;
  await open(`people/${seen}`, 'Lio');
  await expect(page.getByRole('button', { name: 'View in audit log' })).toHaveCount(0);
  const { context } = await openBrowser(browser);
  page = context.pages()[0]!;
  page.on('pageerror', (e) => complaints.push(e.message));
  await enterByLink(page, made.body.link.url);
  for (const i of [0, 1]) await page.locator('input[type=password]').nth(i).fill('a long sentence for one test alone');
  await page.locator('main button[type=submit]').click();
  await expect(page.getByRole('heading', { name: 'Set up your authenticator app' })).toBeVisible();
  const secret = (await page.locator('.secret').textContent())!.replaceAll(' ', '');
  await page.locator('main form input').fill(appCode(secret));
  await page.locator('main button[type=submit]').click();
  await expect(page.getByRole('heading', { name: 'Save your recovery codes' })).toBeVisible();
  await page.locator('input[type=checkbox]').check();
  await page.locator('main button[type=submit]').click();
  await expect(page.getByRole('heading', { name: 'Save your recovery codes' })).toBeHidden();
  await open('audit', 'Audit log');
  await expect(page.locator('.skeleton')).toHaveCount(0);
  await expect(page.getByRole('row').filter({ hasText: '/api/session' }).first()).toBeVisible();
  await expect(page.getByText('Name, number, e-mail address or badge')).toBeVisible();
  await page.getByLabel('Route').fill('POST /api/accounts');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await expect(page.getByRole('row').filter({ hasText: '/api/session' })).toHaveCount(0);
  await expect(page.getByRole('row').filter({ hasText: 'POST /api/accounts' }).first()).toBeVisible();
  await axe(page);
  await picture(page, 'audit', ['desk', 'wall', 'narrow']);
  await inLanguage('ar', 'audit', 'audit');
  await inLanguage('de', 'audit', 'audit');
  await speak('en');
  // A person's own page links to what was seen and changed of them only.
  await open(`people/${seen}`, 'Lio');
  await picture(page, 'person-seen', ['desk']);
  await page.getByRole('button', { name: 'View in audit log' }).click();
  await expect(page.locator('.person-chosen output')).toHaveText('Lio');
  await expect(page.getByRole('row').filter({ hasText: 'POST /api/people' }).first()).toBeVisible();
  await expect(page.getByRole('row').filter({ hasText: 'POST /api/accounts' })).toHaveCount(0);
  expect(complaints.filter((c) => !/404|409|status of 4/.test(c))).toEqual([]);
});
