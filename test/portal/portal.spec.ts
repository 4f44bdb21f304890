import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { appCode, axe, enterByLink, openBrowser } from '../console/browser.ts';
import { newSystem, type System } from '../console/system.ts';

/** A person's own page in real Chromium, on a phone in German and at a desk in Arabic, against the real server. */

const PHONE = { width: 390, height: 844 };
const DESK = { width: 1280, height: 800 };

test.describe.configure({ mode: 'serial' });
let system: System;
let office: { context: BrowserContext; page: Page };
let mine: { context: BrowserContext; page: Page; complaints: string[] };
let page: Page;
let ada = '';

test.beforeAll(async ({ browser }) => {
  system = await newSystem('North entrance');
  office = await openBrowser(browser);
  await enterByLink(office.page, system.server.adminLink);
  await expect(office.page.getByRole('heading', { name: 'North entrance' })).toBeVisible();
  ada = system.outbox.person('Ada Lovelace');
  system.outbox.checkin(ada, 'in', new Date(Date.now() - 3_600_000));
  const again = system.outbox.checkin(ada, 'out', new Date(Date.now() - 60_000));
  system.outbox.append('void', { target: again.header.id, reason: 'not-me' }, {});
  system.engine.nudge();
  await expect.poll(async () => (await call('GET', `/api/people/${ada}`)).status).toBe(200);
  expect((await call('POST', `/api/people/${ada}/consents`, { textVersion: '1', language: 'en' })).status).toBe(200);
  mine = await openBrowser(browser, 'de-DE');
  page = mine.page;
  await page.setViewportSize(PHONE);
});
test.afterAll(async () => {
  await office?.context.close();
  await mine?.context.close();
  await system?.close();
});

const call = (method: string, path: string, body?: unknown, at = office.page) =>
  at.evaluate(
    async ([m, p, b]) => {
      const init = b === undefined ? {} : { body: JSON.stringify(b), headers: { 'content-type': 'application/json' } };
      const answer = await fetch(p as string, { method: m as string, ...init });
      return { status: answer.status, body: await answer.json().catch(() => null) };
    },
    [method, path, body],
  );
const newLink = async (): Promise<string> =>
  (await call('POST', `/api/people/${ada}/sign-in-links`, {})).body.url as string;
/** Takes pictures in light and dark, at the page's size. */
const shot = async (name: string) => {
  const { width } = page.viewportSize()!;
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const path = join(import.meta.dirname, `../artefacts/screens/portal-${name}-${width}-${colorScheme}.png`);
    await page.screenshot({ path, fullPage: true });
  }
};
/** Presses Tab until the element is focused, as a person without a mouse does, then Enter. */
const press = async (name: string | RegExp, role: 'button' | 'link' = 'button', key = 'Enter') => {
  const window = page.locator('dialog[open]');
  const wanted = ((await window.count()) > 0 ? window : page)
    .getByRole(role, { name, exact: typeof name === 'string' })
    .first();
  await expect(wanted).toBeVisible();
  for (let i = 0; i < 40; i++) {
    if (await wanted.evaluate((e) => e === document.activeElement)) return page.keyboard.press(key);
    await page.keyboard.press('Tab');
  }
  throw new Error(`not reached by keyboard: ${String(name)}`);
};

test('a link signs in once with one button, and is removed from the address', async () => {
  const link = await newLink();
  await page.goto(link);
  await expect(page.getByRole('heading', { name: 'Ihre Seite' })).toBeVisible();
  expect(page.url()).toMatch(/\/portal\/$/);
  await axe(page);
  await shot('door');
  await press('Meine Seite öffnen');
  await expect(page.getByText('Ada Lovelace')).toBeVisible();
  const other = await openBrowser(page.context().browser()!, 'de-DE');
  await other.page.goto(link);
  await other.page.getByRole('button', { name: 'Meine Seite öffnen' }).click();
  await expect(other.page.getByRole('alert')).toContainText('Dieser Link wurde bereits verwendet.');
  await axe(other.page);
  await other.context.close();
});

test('the code is large, renews itself before its minute is over, and is hidden with the page', async () => {
  const link = await newLink();
  await page.clock.install();
  await page.goto('about:blank');
  await page.goto(link);
  await press('Meine Seite öffnen');
  const code = page.getByRole('img', { name: 'QR-Code zum Ein- und Ausbuchen. Er erneuert sich automatisch.' });
  await expect(code).toBeVisible();
  expect((await code.boundingBox())!.width).toBeGreaterThan(280);
  const drawn = () => code.locator('path').getAttribute('d');
  const first = await drawn();
  await page.clock.fastForward(40_000);
  await expect(page.getByRole('timer')).toContainText(/ (1\d|20) s/);
  expect(await drawn()).toBe(first);
  await page.clock.fastForward(6000);
  await expect.poll(drawn).not.toBe(first);
  await expect(page.getByRole('timer')).toContainText(/ (5\d|60) s/);
  await axe(page);
  await shot('code');
  const hide = (hidden: boolean) =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  await hide(true);
  await expect(code).toBeHidden();
  await page.clock.fastForward(60_000);
  await expect(code).toBeHidden();
  await hide(false);
  await expect(code).toBeVisible();
  // Nobody has touched the page for five minutes, so the code is hidden.
  for (let i = 0; i < 8; i++) await page.clock.fastForward(46_000);
  await expect(page.getByRole('button', { name: 'Code anzeigen' })).toBeVisible();
  await expect(code).toBeHidden();
  await page.clock.resume();
  await press('Code anzeigen');
  await expect(code).toBeVisible();
});

test('shows the person’s records, and why one does not count', async () => {
  await press('Buchungen', 'link');
  await expect(page.getByText('Storniert: nicht ich')).toBeVisible();
  await expect(page.getByRole('listitem').filter({ hasText: 'Gesicht' })).toHaveCount(2);
  await axe(page);
  await shot('records');
});

test('“that was wrong” is sent by keyboard, waits, and is answered in the same place', async () => {
  await press(/^Problem melden: /);
  const field = page.getByLabel('Was stimmt nicht?');
  await expect(field).toBeFocused();
  await page.keyboard.type('Da bin ich gegangen, nicht gekommen.');
  await axe(page);
  await shot('complaint');
  await press('Senden');
  await expect(page.getByText('Gemeldet. Wartet auf Antwort.')).toHaveCount(1);
  const { items } = (await call('GET', '/api/attention?kind=complaint')).body;
  expect(items).toMatchObject([{ name: 'Ada Lovelace', message: 'Da bin ich gegangen, nicht gekommen.' }]);
  const answer = { kind: 'complaint', ref: items[0].ref, note: 'Berichtigt: gegangen um 8:02' };
  expect((await call('POST', '/api/attention/resolve', answer)).status).toBeLessThan(300);
  await page.reload();
  await expect(page.getByText('Antwort: Berichtigt: gegangen um 8:02')).toBeVisible();
  await axe(page);
  await shot('complaint-answered');
});

test('shows the stored data; name and address are corrected by keyboard, and positions opted out of', async () => {
  await press('Daten', 'link');
  await expect(page.getByRole('heading', { name: 'Über mich gespeicherte Daten' })).toBeVisible();
  // The dialog is open and has the focus before the browser can draw a frame or deliver a key.
  const edit = page.getByRole('button', { name: 'Bearbeiten' });
  const focused = edit.evaluate(async (button: HTMLElement) => {
    button.click();
    for (let i = 0; i < 20; i++) await Promise.resolve();
    return document.activeElement?.getAttribute('autocomplete');
  });
  expect(await focused).toBe('name');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('Ada King');
  await page.keyboard.press('Tab');
  await page.keyboard.type('ada@example.org');
  const field = page.locator('input[type=email]');
  await expect(field).toHaveValue('ada@example.org');
  await axe(page);
  await shot('edit');
  // Taking pictures in both themes may have moved the focus.
  await field.press('Enter');
  await expect(page.getByRole('banner').getByText('Ada King')).toBeVisible();
  await expect(page.getByText('ada@example.org')).toBeVisible();
  await page.getByLabel('Nicht aufzeichnen, wo ich buche').focus();
  await page.keyboard.press('Space');
  await expect(
    page.getByText('Positionen werden nicht mehr aufgezeichnet. Gespeicherte wurden gelöscht.'),
  ).toBeVisible();
  expect((await call('GET', `/api/people/${ada}`)).body).toMatchObject({ name: 'Ada King', gpsOptOut: true });
  await axe(page);
  await shot('profile');
});

test('everything can be downloaded', async () => {
  await press('Rechte', 'link');
  const coming = page.waitForEvent('download');
  await press('Herunterladen');
  const file = await coming;
  expect(file.suggestedFilename()).toMatch(/^my-data-.*\.json$/);
  // Includes what was changed and when.
  const { profile } = JSON.parse(readFileSync(await file.path(), 'utf8'));
  expect(profile[0]).toMatchObject({ name: 'Ada King' });
  expect(profile.slice(1)).toContainEqual({
    change: expect.objectContaining({ fields: ['name', 'email'], via: 'person' }),
  });
});

test('consent is withdrawn, and given again to the current text', async ({ browser }) => {
  await expect(page.getByText('Eingewilligt', { exact: true })).toBeVisible();
  await press('Einwilligung widerrufen');
  await axe(page);
  await press('Einwilligung widerrufen');
  await expect(page.getByText('Widerrufen', { exact: true })).toBeVisible();
  await expect(page.getByText('weil Ihre Organisation noch nicht eingetragen ist')).toBeVisible();
  expect((await call('GET', `/api/people/${ada}`)).body.consent).toBe('withdrawn');
  await axe(page);
  await shot('rights');
  await reviewedText(browser);
  await page.reload();
  await press('Text lesen und einwilligen');
  await expect(page.getByText('Wir behalten ein Foto 90 Tage.')).toBeVisible();
  await axe(page);
  await shot('consent');
  await page.getByLabel('Ich habe den Text gelesen und willige freiwillig ein').focus();
  await page.keyboard.press('Space');
  await press('Einwilligen');
  await expect(page.getByText('Eingewilligt', { exact: true })).toBeVisible();
});

test('an erasure that can’t be undone mentions no undo period', async () => {
  const confirmation = '**/api/gdpr/delete/my-account/confirmation';
  await page.route(confirmation, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), undoDays: 0 } });
  });
  await press('Meine Daten löschen');
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('Das lässt sich nicht rückgängig machen.')).toBeVisible();
  await expect(dialog.getByText('werden direkt danach gelöscht')).toBeVisible();
  await expect(dialog.getByText(/Frist|abbrech/)).toHaveCount(0);
  await page.keyboard.press('Escape');
  await page.unroute(confirmation);
});

test('an erasure takes two steps and a typed word, and is undone, in Arabic on a desktop', async () => {
  await page.setViewportSize(DESK);
  await page.getByLabel('Sprache').selectOption('ar');
  await expect(page.locator('html')).toHaveAttribute('lang', 'ar');
  expect(await page.evaluate(() => getComputedStyle(document.body).direction)).toBe('rtl');
  await press('حذف بياناتي');
  await expect(page.getByText('يمكنك الإلغاء خلال')).toBeVisible();
  await axe(page);
  await shot('erase');
  await press('متابعة');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').fill('لا');
  await page.keyboard.press('Enter');
  await expect(dialog).toBeVisible();
  await dialog.getByRole('textbox').fill('حذف');
  await page.keyboard.press('Enter');
  await expect(page.getByText('بياناتك قيد الحذف')).toBeVisible();
  await axe(page);
  await shot('erasing');
  await press('إلغاء الحذف');
  await expect(page.getByText('بياناتك قيد الحذف')).toBeHidden();
  for (const [name, heading] of [
    ['بياناتي', 'البيانات المحفوظة عني'],
    ['السجلات', 'سجلات حضوري'],
  ] as const) {
    await press(name, 'link');
    await expect(page.getByRole('heading', { name: heading })).toBeVisible();
    await axe(page);
    await shot(name === 'السجلات' ? 'records-ar' : 'profile-ar');
  }
});

for (const [language, label] of [
  ['de', 'اللغة'],
  ['ar', 'Sprache'],
] as const)
  test(`every page in ${language}, on a desktop, upright and on a phone`, async () => {
    await page.getByLabel(label).selectOption(language);
    await expect(page.locator('html')).toHaveAttribute('lang', language);
    for (const path of ['code', 'records', 'profile', 'rights']) {
      await page.goto(new URL(`#/${path}`, page.url()).href);
      await expect(
        page
          .getByRole('heading', { level: 1 })
          .or(page.getByRole('heading', { level: 2 }))
          .first(),
      ).toBeVisible();
      for (const size of [DESK, { width: 1080, height: 1920 }, PHONE]) {
        await page.setViewportSize(size);
        const over = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        await expect.poll(over, `${path} at ${size.width}: wider than the screen`).toBeLessThanOrEqual(0);
        await shot(`${path}-${language}`);
      }
      await axe(page);
    }
  });

test('signing out leaves no personal data on the page', async () => {
  await press('تسجيل الخروج');
  await expect(page.getByRole('heading', { name: 'صفحتك' })).toBeFocused();
  await expect(page.getByText('Ada')).toBeHidden();
  await axe(page);
  await shot('out');
  await page.getByLabel('البريد الإلكتروني').fill('ada@example.org');
  await page.keyboard.press('Enter');
  await expect(page.getByText('إن كان هذا البريد مسجّلًا هنا')).toBeVisible();
  expect(mine.complaints.filter((text) => !/status of 4\d\d/.test(text))).toEqual([]);
});

/** Publishes a customer's own text that a data protection officer has reviewed. */
async function reviewedText(browser: import('@playwright/test').Browser): Promise<void> {
  const text = {
    version: '2027-01',
    language: 'de',
    title: 'Ihr Gesicht als Schlüssel',
    paragraphs: ['Wir behalten ein Foto {photoDays} Tage.'],
  };
  expect((await call('POST', '/api/consent-texts', text)).status).toBe(200);
  const made = await call('POST', '/api/accounts', { email: 'dpo@example.org', role: 'dpo' });
  const dpo = await openBrowser(browser);
  await enterByLink(dpo.page, made.body.link.url);
  await expect(dpo.page.getByRole('heading', { name: 'Choose a password' })).toBeVisible();
  const as = (method: string, path: string, body?: unknown) => call(method, path, body, dpo.page);
  expect((await as('PUT', '/api/account/sign-in', { password: 'orbit lantern walrus teapot' })).status).toBeLessThan(
    300,
  );
  const { secret } = (await as('POST', '/api/account/totp', {})).body as { secret: string };
  expect((await as('POST', '/api/account/totp/confirm', { code: appCode(secret) })).status).toBe(200);
  expect((await as('POST', '/api/consent-texts/2027-01/de/review')).status).toBe(200);
  await dpo.context.close();
}
