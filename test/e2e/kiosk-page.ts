import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { type Browser, type BrowserContext, chromium, expect, type Page } from '@playwright/test';
import { type ClipSpec, cachedClip } from '../../electron/cli/demo/footage.ts';
import type { OpenKiosk } from '../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { readSiteConfig, writeSiteConfig } from '../../electron/core/site/config.ts';
import { EMERGENCY_PIN } from '../../electron/core/staff/emergency.ts';
import { type BrowserHost, startBrowserHost } from '../../electron/host-browser/browser-host.ts';
import en from '../../renderer/kiosk/locales/en.json' with { type: 'json' };
import { expectNoAxeFault } from '../kiosk-ui/fixtures.ts';
import { withKiosk } from '../kit/opened-kiosk.ts';

/*
 * A whole kiosk for tests: real host, core, models, store and screens in real Chromium. Only the camera footage is recorded.
 * Between `leave` and `enter` the folder is unlocked, so a test can read the store.
 */
const ARTEFACTS = resolve(import.meta.dirname, '../artefacts');
export const STAFF_PIN = '582046';

export interface TestKiosk {
  readonly home: string;
  /** Opens the data folder itself; no host may be running. */
  withStore<T>(work: (kiosk: OpenKiosk) => Promise<T> | T): Promise<T>;
  /** Starts host and browser, and enters through the bootstrap page. `clip` is for Chromium's own fake camera. */
  enter(options?: EnterOptions): Promise<EnteredKiosk>;
  /** Ends what `enter` started. */
  leave(): Promise<void>;
  remove(): Promise<void>;
}

export interface EnterOptions {
  readonly clip?: ClipSpec;
  /** Repeated check-ins by the same person within this time count as one. Default 60. */
  readonly repeatWindowSeconds?: number;
  /** Above this many people the number is asked for before the face. Default 1000. */
  readonly calibratedPeople?: number;
  /** Folders of an installed kiosk. */
  readonly slots?: { readonly root: string; readonly insteadOf: string | null };
  /** Called before the page is opened. */
  readonly before?: (page: Page) => Promise<unknown>;
}

export interface EnteredKiosk {
  readonly page: Page;
  readonly host: BrowserHost;
  /** Everything that the core sent to the page, as text. A screen can't show what it never received. */
  notified(): string;
}

/** Makes a provisioned demo kiosk: liveness off and declared so, a staff PIN, nobody enrolled. */
export async function makeKiosk(name: string): Promise<TestKiosk> {
  const home = mkdtempSync(join(tmpdir(), `sp-${name}-`));
  ensureKioskFolder(home, true);
  let host: BrowserHost | null = null;
  let browser: Browser | null = null;
  let context: BrowserContext | null = null;
  const complaints: string[] = [];

  const withStore = <T>(work: (kiosk: OpenKiosk) => Promise<T> | T): Promise<T> => withKiosk(home, work);

  async function leave(): Promise<void> {
    await context?.close();
    await browser?.close();
    await host?.close();
    context = null;
    browser = null;
    host = null;
    expect.soft(complaints.splice(0), 'errors of the page and rejections of its content policy').toEqual([]);
  }

  await withStore(async ({ store, pins }) => store.settings.set(EMERGENCY_PIN, await (await pins()).hash(STAFF_PIN)));

  return {
    home,
    withStore,
    leave,
    async enter({ clip, repeatWindowSeconds = 60, calibratedPeople = 1000, slots, before } = {}) {
      writeSiteConfig(home, { ...readSiteConfig(home), repeatWindowSeconds, calibratedPeople });
      const said: string[] = [];
      const log = (level: string, message: string, fields?: object) => {
        if (level !== 'info') said.push(`${message} ${inspect(fields)}`);
      };
      host = await startBrowserHost({ home, demo: true, browser: { mode: 'none' }, ...(slots && { slots }), log });
      browser = await chromium.launch({
        executablePath: '/usr/bin/chromium',
        args: [
          ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
          '--autoplay-policy=no-user-gesture-required',
          ...(clip
            ? [
                '--use-fake-device-for-media-stream',
                '--use-fake-ui-for-media-stream',
                `--use-file-for-fake-video-capture=${await cachedClip(clip, join(ARTEFACTS, 'clips'))}`,
              ]
            : []),
        ],
      });
      context = await browser.newContext({ viewport: { width: 1080, height: 1920 }, locale: 'en-GB' });
      const page = await context.newPage();
      let notified = '';
      page.on('websocket', (socket) =>
        socket.on('framereceived', ({ payload }) => {
          notified += payload.toString();
        }),
      );
      page.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
      page.on('console', (message) => {
        if (/content security policy|refused to/i.test(message.text())) complaints.push(message.text());
      });
      await before?.(page);
      await page.goto(pathToFileURL(host.enterFile!).href);
      await page
        .locator('.checkin')
        .waitFor({ timeout: 180_000 })
        .catch((cause) => {
          throw new Error(`the kiosk did not come up; it said:\n${said.join('\n')}`, { cause });
        });
      return { page, host, notified: () => notified };
    },
    async remove() {
      await leave();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Takes a screenshot for people to look at, and fails on faults that axe finds. */
export async function checkScreen(page: Page, name: string): Promise<void> {
  const folder = join(ARTEFACTS, 'screens');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `e2e-${name}.png`), animations: 'disabled' });
  await expectNoAxeFault(page, name);
}

/** Shows a result longer than its two seconds so that it can be examined. Runs in the page before its own scripts. */
export function slowResult(): void {
  const real = window.setTimeout.bind(window);
  const slow = (work: TimerHandler, ms?: number, ...rest: unknown[]) => real(work, ms === 2_000 ? 12_000 : ms, ...rest);
  window.setTimeout = slow as typeof window.setTimeout;
}

/** Opens the staff menu with the PIN. */
export async function openStaff(page: Page): Promise<void> {
  const pin = page.locator('input[name=staff-pin]');
  // The person before the camera may be greeted just then; the greeting fills the screen for two seconds.
  await expect(async () => {
    await page.getByRole('button', { name: en.staff.open, exact: true }).click({ timeout: 1_000 });
    await expect(pin).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await pin.fill(STAFF_PIN);
  await page.getByRole('button', { name: en.staff.unlock }).click();
  await page.locator('.menu').waitFor();
}

/** Completes details and consent of an enrolment, up to the guided capture. `seen` is called on each screen. */
export async function enrolUpToCapture(
  page: Page,
  who: { name: string; number: string; pin: string },
  seen: (screen: string) => Promise<void> = async () => undefined,
): Promise<void> {
  await page.getByRole('button', { name: en.staff.enrol }).click();
  for (const [field, value] of Object.entries(who)) await page.locator(`input[name=${field}]`).fill(value);
  await seen('details');
  await page.getByRole('button', { name: en.next }).click();
  await page.getByRole('heading', { name: 'May this kiosk recognise your face?' }).waitFor();
  await seen('consent');
  await page.getByLabel(en.enrol.agree.replace('{{age}}', '18')).check();
  await page.getByRole('button', { name: en.enrol.begin }).click();
  await page.locator('.enrol-capture').waitFor();
}

/** Types and submits number and PIN. */
export async function enterByPin(page: Page, number: string, pin: string): Promise<void> {
  await page.locator('input[name=number]').fill(number);
  await page.locator('input[name=pin]').fill(pin);
  await page.getByRole('button', { name: en.pin.submit }).click();
}
