import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, expect, type Page, test } from '@playwright/test';
import sharp from 'sharp';
import { type BrowserHost, startBrowserHost } from '../../electron/host-browser/browser-host.ts';
import kioskTexts from '../../renderer/kiosk/locales/en.json' with { type: 'json' };
import { axe, enterByLink, openBrowser, picture } from '../console/browser.ts';
import { newSystem, type System } from '../console/system.ts';
import { ask } from '../console/walk.ts';
import { type Fleeting, fleeting } from './kiosk.ts';

/*
 * An administrator watches the screen of a kiosk that has no display: real server, core and screens in two Chromiums. The
 * kiosk's camera is Chromium's fake one, whose picture is green.
 */
const ARTEFACTS = resolve(import.meta.dirname, '../artefacts');
test.describe.configure({ mode: 'serial' });

let system: System;
let desk: Awaited<ReturnType<typeof openBrowser>>;
let kiosk: Fleeting;
let host: BrowserHost;
let browser: Browser;
let screen: Page;

test.beforeAll(async ({ browser: deskBrowser }) => {
  system = await newSystem('North entrance');
  desk = await openBrowser(deskBrowser);
  await enterByLink(desk.page, system.server.adminLink);
  await expect(desk.page.locator('.rail')).toBeVisible();
  kiosk = await fleeting(system.server, 'Garden door');
  host = await startBrowserHost({
    home: kiosk.home,
    demo: false,
    secretInFile: true,
    browser: { mode: 'none' },
    log: () => undefined,
  });
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
    ],
  });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' });
  screen = await context.newPage();
  await screen.goto(pathToFileURL(host.enterFile!).href);
  await screen.locator('.checkin').waitFor();
});
test.afterAll(async () => {
  await browser?.close();
  await host?.close();
  await kiosk?.remove();
  await desk?.context.close();
  await system?.close();
});

const notice = () => screen.getByText(kioskTexts.watched.now);
const panel = () =>
  desk.page.locator('section', { has: desk.page.getByRole('heading', { name: 'Screen', exact: true }) });
const mirror = () => panel().getByRole('img', { name: 'Screen of Garden door' });
/** Rows at the top of a picture that show the clock, which may change between two pictures. */
const CLOCK_ROWS = 112;
/** Returns the pixels that the console has drawn below the clock. */
const pixels = () =>
  mirror().evaluate((canvas: HTMLCanvasElement, top) => {
    const below = Object.assign(document.createElement('canvas'), { width: canvas.width, height: canvas.height - top });
    below.getContext('2d')!.drawImage(canvas, 0, -top);
    return below.toDataURL();
  }, CLOCK_ROWS);
/** Returns the picture once it is stable, because a screen that has just changed may be only half drawn. */
const settled = async (): Promise<string> => {
  let last = '';
  const stands = async () => {
    const before = last;
    last = await pixels();
    return last === before;
  };
  await expect.poll(stands, { intervals: [1_500] }).toBe(true);
  return last;
};
/** Returns the share of a picture that has the green of Chromium's fake camera. */
async function green(png: Buffer): Promise<number> {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  let count = 0;
  for (let i = 0; i < data.length; i += 3)
    if (data[i + 1]! > 120 && data[i + 1]! > 1.6 * data[i]! && data[i + 1]! > 1.6 * data[i + 2]!) count++;
  return count / (info.width * info.height);
}

test('it is refused until the site’s policy allows it', async () => {
  await desk.page.goto(system.at(`fleet/${kiosk.device}`));
  await expect(panel()).toContainText('the policy doesn’t allow it');
  await expect(panel().getByRole('button')).toHaveCount(0);
  const [site] = (await ask(desk.page, 'GET', '/api/sites')).items;
  await ask(desk.page, 'PATCH', `/api/sites/${site.id}/policy`, { was: {}, is: { watchScreens: 'on' } });
  await desk.page.reload();
  await expect(panel().getByRole('button', { name: 'Watch screen' })).toBeVisible();
  await expect(notice()).toHaveCount(0);
});

test('it mirrors the kiosk’s screen live without camera and input, and the kiosk says so', async () => {
  await panel().getByRole('button', { name: 'Watch screen' }).click();
  await expect(panel()).toContainText('Connecting to the kiosk');
  await expect(notice()).toBeVisible();
  await expect(mirror()).toBeVisible();
  await axe(desk.page);
  await picture(desk.page, 'watching', ['desk', 'narrow']);
  await screen.screenshot({ path: join(ARTEFACTS, 'screens/kiosk-watched.png') });
  const first = await pixels();
  const shown = Buffer.from(first.split(',')[1]!, 'base64');
  await sharp(shown).toFile(join(ARTEFACTS, 'screens/mirror-checkin.png'));
  await expect.poll(async () => green(await screen.screenshot())).toBeGreaterThan(0.05);
  expect(await green(shown)).toBeLessThan(0.001);

  await screen.getByRole('button', { name: kioskTexts.checkinMethods.pin }).click();
  await expect.poll(pixels).not.toBe(first);
  const asked = await settled();
  await sharp(Buffer.from(asked.split(',')[1]!, 'base64')).toFile(join(ARTEFACTS, 'screens/mirror-pin.png'));
  const sent = () => desk.page.evaluate(() => performance.getEntriesByType('resource').length);
  await screen.locator('input[name=number]').fill('730412');
  const before = await sent();
  await expect.poll(sent).toBeGreaterThan(before + 6);
  expect(await pixels()).toBe(asked);

  // Staff screens are never mirrored: the picture stays the same, whatever happens on them.
  await screen.getByRole('button', { name: kioskTexts.staff.open, exact: true }).click();
  await expect.poll(pixels).not.toBe(asked);
  await expect(notice()).toBeVisible();
  const staff = await settled();
  await sharp(Buffer.from(staff.split(',')[1]!, 'base64')).toFile(join(ARTEFACTS, 'screens/mirror-staff.png'));
  await screen.locator('input[name=staff-pin]').fill('000000');
  await screen.getByRole('button', { name: kioskTexts.staff.unlock }).click();
  await expect(screen.locator('.form-error')).not.toBeEmpty();
  const then = await sent();
  await expect.poll(sent).toBeGreaterThan(then + 6);
  expect(await pixels()).toBe(staff);
});

test('it ends for the kiosk when the watcher stops', async () => {
  await panel().getByRole('button', { name: 'Stop watching' }).click();
  await expect(mirror()).toHaveCount(0);
  await expect(notice()).toHaveCount(0);
  await expect(panel().getByRole('button', { name: 'Watch screen' })).toBeVisible();
});

test('a compromised kiosk can only send a wrong picture of itself', async () => {
  const { page } = desk;
  const asked: string[] = [];
  const home = new URL(system.server.peopleUrl).origin;
  page.on('request', (request) => !request.url().startsWith(home) && asked.push(request.url()));
  page.on('dialog', (dialog) => {
    asked.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  const hostile = [
    '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script><image href="https://evil.example/i.png"/></svg>',
    '<!doctype html><meta http-equiv="refresh" content="0;url=https://evil.example/"><img src=x onerror="alert(3)">',
    '<style>body{background:url(https://evil.example/c.png)}</style><script src="https://evil.example/s.js"></script>',
    '"><script>document.title="taken"</script>',
    '\xff\xd8\xff\xe0<script>alert(4)</script>',
  ];
  let number = 0;
  // The server accepts none of these (test/security/); here the console receives them anyway.
  await page.route('**/api/fleet/*/screen/*', (route) => {
    const bytes = Buffer.from(hostile[number % hostile.length]!, 'latin1');
    number += 1;
    return route.fulfill({
      json: { sequence: number, at: new Date().toISOString(), picture: bytes.toString('base64') },
    });
  });
  const { title, address } = await page.evaluate(() => ({ title: document.title, address: location.href }));
  await panel().getByRole('button', { name: 'Watch screen' }).click();
  await expect.poll(() => number).toBeGreaterThan(hostile.length * 2);
  await expect(panel()).toContainText('something that isn’t a picture');
  await expect(mirror()).toBeHidden();
  expect(await page.evaluate(() => ({ title: document.title, address: location.href }))).toEqual({ title, address });
  expect(asked).toEqual([]);
  await expect(page.locator('main :is(iframe, object, embed, img, script)')).toHaveCount(0);
});
