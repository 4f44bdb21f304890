import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, expect, type Page, test } from '@playwright/test';
import { cachedClip } from '../../electron/cli/demo/footage.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { readServerLink } from '../../electron/core/sync/server-link.ts';
import { type BrowserHost, startBrowserHost } from '../../electron/host-browser/browser-host.ts';
import { enterByLink, openBrowser } from '../console/browser.ts';
import { newSystem, type System } from '../console/system.ts';
import { clipOfPicture } from '../kiosk-ui/code-clip.ts';

/*
 * A new kiosk and a real server. The kiosk's camera sees a photograph of the console's page, an
 * administrator compares and approves, and the kiosk finishes automatically.
 */
const ARTEFACTS = resolve(import.meta.dirname, '../artefacts');
test.describe.configure({ mode: 'serial' });

let system: System;
let console_: Awaited<ReturnType<typeof openBrowser>>;

/** A kiosk folder as the installer leaves it, with host, core and browser; `picture` is what its camera sees. */
class NewKiosk {
  readonly home = mkdtempSync(join(tmpdir(), 'sp-new-kiosk-'));
  host!: BrowserHost;
  browser!: Browser;
  page!: Page;

  async open(picture: string): Promise<Page> {
    ensureKioskFolder(this.home, false);
    this.host = await startBrowserHost({
      home: this.home,
      demo: false,
      secretInFile: true,
      browser: { mode: 'none' },
      log: () => undefined,
    });
    this.browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: [
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
        '--use-fake-device-for-media-stream',
        '--use-fake-ui-for-media-stream',
        `--use-file-for-fake-video-capture=${await cachedClip(clipOfPicture(picture), join(ARTEFACTS, 'clips'))}`,
        '--autoplay-policy=no-user-gesture-required',
      ],
    });
    const context = await this.browser.newContext({ viewport: { width: 1080, height: 1920 }, locale: 'en-GB' });
    this.page = await context.newPage();
    await this.page.goto(pathToFileURL(this.host.enterFile!).href);
    await this.page.locator('.setup').waitFor();
    return this.page;
  }

  async close(): Promise<void> {
    await this.browser?.close();
    await this.host?.close();
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** Creates a join code on the console's page, as an administrator does. @returns a photograph of its QR code */
async function photographCode(name: string): Promise<string> {
  const { page } = console_;
  await page.goto(system.at('devices'));
  await page.getByRole('button', { name: 'Add kiosk' }).click();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByRole('button', { name: 'Create setup code' }).click();
  const picture = page.locator('.qr svg');
  await picture.waitFor();
  const file = join(ARTEFACTS, 'clips', `console-code-${process.pid}-${name.replaceAll(' ', '-')}.png`);
  await page.locator('.qr').screenshot({ path: file });
  await page.keyboard.press('Escape');
  return file;
}

test.beforeAll(async ({ browser }) => {
  system = await newSystem('Werk Nord');
  console_ = await openBrowser(browser);
  await enterByLink(console_.page, system.server.adminLink);
  await expect(console_.page.locator('.rail')).toBeVisible();
});
test.afterAll(async () => {
  await console_?.context.close();
  await system?.close();
});

test('a new kiosk needs only the console’s QR code in front of its camera', async () => {
  const kiosk = new NewKiosk();
  try {
    const page = await kiosk.open(await photographCode('Back door'));
    await page.getByRole('button', { name: 'Deutsch' }).click();
    const fingerprint = page.locator('.setup-fingerprint');
    await fingerprint.waitFor();
    await page.screenshot({ path: join(ARTEFACTS, 'screens/fleet-provisioning-approval.png') });
    const shown = (await fingerprint.textContent()) ?? '';

    // The kiosk has nothing from the server until someone has compared the fingerprints.
    await page.getByRole('button', { name: 'Personal-PIN wählen' }).click();
    await page.locator('input[name=setup-pin]').fill('582046');
    await page.getByRole('button', { name: 'Speichern' }).click();
    await expect(page.getByText('Personal-PIN festgelegt')).toBeVisible();

    const { page: admin } = console_;
    await admin.reload();
    await admin
      .getByRole('row', { name: /Back door/ })
      .getByRole('button', { name: 'Approve' })
      .click();
    await admin.getByLabel('Fingerprint').fill('0000 0000 0000 0000');
    const approve = admin.getByRole('dialog').getByRole('button', { name: 'Approve' });
    await approve.click();
    await expect(admin.getByRole('dialog').getByText('This isn’t the kiosk’s fingerprint.')).toBeVisible();
    await expect(fingerprint).toBeVisible();
    await admin.getByLabel('Fingerprint').fill(shown);
    await approve.click();

    // From here on automatic: it has joined and restarted, with the server's name for the entrance and the language of its setup.
    await page.locator('.checkin').waitFor();
    await expect(page.locator('.site')).toHaveText('Werk Nord');
    await expect(page.locator('html')).toHaveAttribute('lang', 'de');
    await expect(page.getByText('Noch nicht mit einem Server verbunden')).toHaveCount(0);
    await page.screenshot({ path: join(ARTEFACTS, 'screens/fleet-provisioning-done.png') });
    await expect(async () => {
      await admin.reload();
      await expect(admin.getByRole('row', { name: /Back door/ })).toContainText('Approved', { timeout: 1_000 });
    }).toPass();

    await kiosk.browser.close();
    await kiosk.host.close();
    const opened = await openKiosk({ home: kiosk.home, deviceSecret: null, allowSecretFile: false });
    try {
      expect(readServerLink(opened.store)?.bundle.serverUrl).toBe(new URL(system.server.deviceUrl).origin);
    } finally {
      await opened.close();
    }
  } finally {
    await kiosk.close();
  }
});

test('a code works once, the second kiosk says so, and an unreachable server is retried', async () => {
  const picture = await photographCode('Side door');
  const first = new NewKiosk();
  const second = new NewKiosk();
  try {
    await system.server.stop();
    const page = await first.open(picture);
    await expect(page.locator('.setup-trouble[data-code="server-unreachable"]')).toBeVisible();
    await system.server.start();
    await page.locator('.setup-fingerprint').waitFor();
    await first.browser.close();

    const other = await second.open(picture);
    await expect(other.locator('.setup-trouble[data-code="join-code-used"]')).toBeVisible();
    await expect(other.getByText('Another kiosk has already used this code.')).toBeVisible();
  } finally {
    await first.close();
    await second.close();
  }
});
